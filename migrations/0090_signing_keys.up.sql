-- Keys that sign access tokens, shared by all nodes, so that they can be replaced while everybody stays
-- signed in. Each is known to all long before it signs, and verifies until its last token has expired.
CREATE TABLE spotter.signing_key (
  key_id      text        NOT NULL,
  sealed_seed bytea       NOT NULL,
  signs_from  timestamptz NOT NULL,
  signs_until timestamptz,
  gone_at     timestamptz,
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT signing_key_pkey PRIMARY KEY (key_id),
  CONSTRAINT signing_key_id_form CHECK (key_id ~ '^[0-9a-f]{16}$'),
  CONSTRAINT signing_key_end_whole CHECK ((signs_until IS NULL) = (gone_at IS NULL)),
  CONSTRAINT signing_key_times_ordered CHECK (signs_from <= signs_until AND signs_until <= gone_at)
);
COMMENT ON TABLE spotter.signing_key IS
  'Keys of access tokens. sealed_seed: encrypted by the server; the database has no key. Until the '
  'next one is made, a key has no end.';
GRANT SELECT, INSERT, UPDATE, DELETE ON spotter.signing_key TO spotter_identity;

CREATE FUNCTION spotter.load_signing_keys()
RETURNS TABLE (key_id text, sealed_seed bytea, signs_in_ms bigint, stops_in_ms bigint,
               gone_in_ms bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT k.key_id, k.sealed_seed,
         (extract(epoch FROM k.signs_from - t.now) * 1000)::bigint,
         (extract(epoch FROM k.signs_until - t.now) * 1000)::bigint,
         (extract(epoch FROM k.gone_at - t.now) * 1000)::bigint
    FROM spotter.signing_key k
   CROSS JOIN (SELECT clock_timestamp() AS now) t
   WHERE k.gone_at IS NULL OR k.gone_at > t.now
   ORDER BY k.signs_from
$$;
COMMENT ON FUNCTION spotter.load_signing_keys() IS
  'The keys whose tokens are good, with their times from now on, so that clocks need not agree.';
GRANT EXECUTE ON FUNCTION spotter.load_signing_keys() TO spotter_writer, spotter_migrator;
ALTER FUNCTION spotter.load_signing_keys() OWNER TO spotter_identity;

CREATE FUNCTION spotter.put_signing_key(
  p_key_id text, p_sealed_seed bytea, p_lead_ms bigint, p_overlap_ms bigint, p_least_age_ms bigint)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  latest spotter.signing_key;
  begins timestamptz;
BEGIN
  -- Nodes that find a key old at the same time make one successor together.
  LOCK TABLE spotter.signing_key IN EXCLUSIVE MODE;
  SELECT * INTO latest FROM spotter.signing_key k ORDER BY k.signs_from DESC LIMIT 1;
  IF NOT FOUND THEN
    INSERT INTO spotter.signing_key (key_id, sealed_seed, signs_from)
    VALUES (p_key_id, p_sealed_seed, clock_timestamp());
    RETURN 'made';
  END IF;
  IF latest.signs_from > clock_timestamp() THEN
    RETURN 'waiting';
  END IF;
  IF latest.signs_from > clock_timestamp() - p_least_age_ms * interval '1 millisecond' THEN
    RETURN 'young';
  END IF;
  DELETE FROM spotter.signing_key k WHERE k.gone_at < clock_timestamp();
  begins := clock_timestamp() + p_lead_ms * interval '1 millisecond';
  UPDATE spotter.signing_key k
     SET signs_until = begins, gone_at = begins + p_overlap_ms * interval '1 millisecond'
   WHERE k.key_id = latest.key_id;
  INSERT INTO spotter.signing_key (key_id, sealed_seed, signs_from)
  VALUES (p_key_id, p_sealed_seed, begins);
  RETURN 'made';
END
$$;
COMMENT ON FUNCTION spotter.put_signing_key(text, bytea, bigint, bigint, bigint) IS
  'Makes the successor of the key that signs; the very first key signs at once. made, waiting (for '
  'the time of another) or young (the one that signs has not reached the age).';
GRANT EXECUTE ON FUNCTION spotter.put_signing_key(text, bytea, bigint, bigint, bigint)
  TO spotter_writer, spotter_migrator;
ALTER FUNCTION spotter.put_signing_key(text, bytea, bigint, bigint, bigint) OWNER TO spotter_identity;
