-- The key that seals secrets can be replaced: what older keys sealed is found, counted, and sealed anew
-- by a job, bit by bit, while all of it stays in use.

-- The order in which keys came to seal: a node that still seals with an older one moves nothing back.
CREATE TABLE spotter.sealing_key (
  key_id        bytea       NOT NULL,
  ordinal       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
  first_used_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT sealing_key_pkey PRIMARY KEY (key_id),
  CONSTRAINT sealing_key_id_size CHECK (octet_length(key_id) = 8)
);
COMMENT ON TABLE spotter.sealing_key IS
  'The names of keys that have sealed, in their order; of the keys themselves the database has none.';
GRANT SELECT, INSERT ON spotter.sealing_key TO spotter_identity;

CREATE FUNCTION spotter.sealed_by(p_sealed bytea) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT substring(p_sealed FROM 2 FOR 8)
$$;
COMMENT ON FUNCTION spotter.sealed_by(bytea) IS
  'The name of the key that a sealed text is sealed by: it stands behind the version.';
GRANT EXECUTE ON FUNCTION spotter.sealed_by(bytea) TO spotter_identity, spotter_writer;

GRANT SELECT (sealed_secret), UPDATE (sealed_secret) ON spotter.totp TO spotter_identity;
CREATE POLICY totp_reseal ON spotter.totp FOR UPDATE TO spotter_identity
  USING (true) WITH CHECK (true);

-- A table with sealed rows has a branch in each of the next three functions.
CREATE FUNCTION spotter.count_sealed_rows() RETURNS TABLE (place text, key_id bytea, row_count bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'totp', spotter.sealed_by(t.sealed_secret), count(*) FROM spotter.totp t GROUP BY 2
  UNION ALL
  SELECT 'signing_key', spotter.sealed_by(k.sealed_seed), count(*)
    FROM spotter.signing_key k
   WHERE k.gone_at IS NULL OR k.gone_at > clock_timestamp()
   GROUP BY 2
$$;
COMMENT ON FUNCTION spotter.count_sealed_rows() IS 'How many rows each key has sealed, by table.';
GRANT EXECUTE ON FUNCTION spotter.count_sealed_rows() TO spotter_writer, spotter_migrator;
ALTER FUNCTION spotter.count_sealed_rows() OWNER TO spotter_identity;

CREATE FUNCTION spotter.load_sealed_rows(p_place text, p_key_id bytea, p_after text, p_limit integer)
RETURNS TABLE (row_key text, sealed bytea)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  CASE p_place
    WHEN 'totp' THEN
      RETURN QUERY
        SELECT t.user_id::text, t.sealed_secret
          FROM spotter.totp t
         WHERE spotter.sealed_by(t.sealed_secret) = p_key_id
           AND (p_after = '' OR t.user_id > NULLIF(p_after, '')::uuid)
         ORDER BY t.user_id
         LIMIT p_limit;
    WHEN 'signing_key' THEN
      RETURN QUERY
        SELECT k.key_id, k.sealed_seed
          FROM spotter.signing_key k
         WHERE spotter.sealed_by(k.sealed_seed) = p_key_id AND k.key_id > p_after
         ORDER BY k.key_id
         LIMIT p_limit;
  END CASE;
END
$$;
COMMENT ON FUNCTION spotter.load_sealed_rows(text, bytea, text, integer) IS
  'Some of the rows of a table that a key has sealed, by their own keys, after p_after.';
GRANT EXECUTE ON FUNCTION spotter.load_sealed_rows(text, bytea, text, integer) TO spotter_writer;
ALTER FUNCTION spotter.load_sealed_rows(text, bytea, text, integer) OWNER TO spotter_identity;

CREATE FUNCTION spotter.put_resealed_row(p_place text, p_row_key text, p_old bytea, p_new bytea)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  CASE p_place
    WHEN 'totp' THEN
      UPDATE spotter.totp t SET sealed_secret = p_new
       WHERE t.user_id = p_row_key::uuid AND t.sealed_secret = p_old;
    WHEN 'signing_key' THEN
      UPDATE spotter.signing_key k SET sealed_seed = p_new
       WHERE k.key_id = p_row_key AND k.sealed_seed = p_old;
  END CASE;
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION spotter.put_resealed_row(text, text, bytea, bytea) IS
  'Puts the same content under another key; false where the row was changed meanwhile.';
GRANT EXECUTE ON FUNCTION spotter.put_resealed_row(text, text, bytea, bytea) TO spotter_writer;
ALTER FUNCTION spotter.put_resealed_row(text, text, bytea, bytea) OWNER TO spotter_identity;

CREATE FUNCTION spotter.note_sealing_key(p_key_id bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM spotter.sealing_key) THEN
    -- What was sealed before anybody took notes.
    INSERT INTO spotter.sealing_key (key_id)
    SELECT DISTINCT c.key_id FROM spotter.count_sealed_rows() c
     WHERE octet_length(c.key_id) = 8 AND c.key_id <> p_key_id
        ON CONFLICT DO NOTHING;
  END IF;
  INSERT INTO spotter.sealing_key (key_id) VALUES (p_key_id) ON CONFLICT DO NOTHING;
  RETURN p_key_id = (SELECT k.key_id FROM spotter.sealing_key k ORDER BY k.ordinal DESC LIMIT 1);
END
$$;
COMMENT ON FUNCTION spotter.note_sealing_key(bytea) IS
  'Takes note of a key that seals from now on; whether it is the newest.';
GRANT EXECUTE ON FUNCTION spotter.note_sealing_key(bytea) TO spotter_writer;
ALTER FUNCTION spotter.note_sealing_key(bytea) OWNER TO spotter_identity;

CREATE FUNCTION spotter.known_sealing_keys() RETURNS TABLE (key_id bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT k.key_id FROM spotter.sealing_key k ORDER BY k.ordinal
$$;
COMMENT ON FUNCTION spotter.known_sealing_keys() IS 'The keys that have sealed, oldest first.';
GRANT EXECUTE ON FUNCTION spotter.known_sealing_keys() TO spotter_writer, spotter_migrator;
ALTER FUNCTION spotter.known_sealing_keys() OWNER TO spotter_identity;

-- Jobs of nobody in particular: those of the nil user, who has no account.
ALTER TABLE spotter.job DROP CONSTRAINT job_user_fkey;
COMMENT ON TABLE spotter.job IS
  'Durable work. lease counts the claims and fences off whoever held an earlier one; attempt '
  'counts tries. The nil user has what belongs to no person.';

CREATE FUNCTION spotter.queue_reseal(p_key_id bytea) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  nobody constant uuid := '00000000-0000-0000-0000-000000000000';
  target constant uuid := encode(p_key_id || '\x0000000000000000'::bytea, 'hex')::uuid;
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', nobody), true);
  -- What could not be opened yesterday is tried again tomorrow.
  IF EXISTS (SELECT FROM spotter.job j
              WHERE j.user_id = nobody AND j.kind = 'reseal' AND j.subject_id = target
                AND j.state = 'dead' AND j.updated_at > clock_timestamp() - interval '1 day') THEN
    RETURN false;
  END IF;
  DELETE FROM spotter.job j
   WHERE j.user_id = nobody AND j.kind = 'reseal' AND j.state NOT IN ('queued', 'running');
  INSERT INTO spotter.job (user_id, job_id, kind, subject_id)
  VALUES (nobody, gen_random_uuid(), 'reseal', target)
      ON CONFLICT DO NOTHING;
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION spotter.queue_reseal(bytea) IS
  'Has what other keys have sealed be sealed by this one; false where that is under way already.';
GRANT EXECUTE ON FUNCTION spotter.queue_reseal(bytea) TO spotter_writer;

CREATE FUNCTION spotter.reseal_state() RETURNS TABLE (state text, reason text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT j.state, j.reason
    FROM spotter.job j
   WHERE j.user_id = '00000000-0000-0000-0000-000000000000' AND j.kind = 'reseal'
   ORDER BY j.created_at DESC
   LIMIT 1
$$;
COMMENT ON FUNCTION spotter.reseal_state() IS 'Where the last job that seals anew stands.';
GRANT EXECUTE ON FUNCTION spotter.reseal_state() TO spotter_migrator;
ALTER FUNCTION spotter.reseal_state() OWNER TO spotter_job_runner;
