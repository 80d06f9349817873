-- The ordered story of each user, the answers to requests that may come twice, and the fence that
-- leaves one writer per user.
CREATE TABLE spotter.event (
  user_id    uuid        NOT NULL,
  seq        bigint      NOT NULL,
  epoch      bigint      NOT NULL,
  name       smallint    NOT NULL,
  workout_id uuid,
  unit_id    uuid        NOT NULL,
  at         timestamptz NOT NULL,
  data       json        NOT NULL,
  CONSTRAINT event_pkey PRIMARY KEY (user_id, seq),
  CONSTRAINT event_seq_positive CHECK (seq > 0),
  CONSTRAINT event_name_positive CHECK (name > 0)
);
COMMENT ON TABLE spotter.event IS
  'Everything that happened to a user''s data, gapless by seq. Append-only. data is json, not '
  'jsonb: '
  'clients get it byte for byte. No index by workout: its events lie between first_seq and the '
  'head.';
ALTER TABLE spotter.event ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.event FORCE ROW LEVEL SECURITY;
CREATE POLICY event_reader ON spotter.event FOR SELECT TO spotter_reader
  USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY event_writer ON spotter.event TO spotter_writer
  USING (user_id = ANY (
    (SELECT NULLIF(current_setting('app.user_ids', true), '')::uuid[])::uuid[]));
GRANT SELECT ON spotter.event TO spotter_reader;
GRANT SELECT, INSERT ON spotter.event TO spotter_writer;

CREATE TABLE spotter.idempotency_key (
  user_id     uuid        NOT NULL,
  key         text        NOT NULL,
  fingerprint text        NOT NULL,
  created     boolean     NOT NULL DEFAULT false,
  version     bigint      NOT NULL DEFAULT 0,
  epoch       bigint      NOT NULL DEFAULT 0,
  seq         bigint      NOT NULL DEFAULT 0,
  body        text        NOT NULL DEFAULT '',
  created_at  timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT idempotency_key_pkey PRIMARY KEY (user_id, key),
  CONSTRAINT idempotency_key_length CHECK (char_length(key) BETWEEN 1 AND 255)
);
COMMENT ON TABLE spotter.idempotency_key IS
  'Answers already given, by the key the client sent. Kept 24 hours, see prune_idempotency_keys.';
CREATE INDEX idempotency_key_age_idx ON spotter.idempotency_key (user_id, created_at);
-- Rows are appended in order of time: the smallest index that finds the old ones of all users.
CREATE INDEX idempotency_key_prune_idx ON spotter.idempotency_key USING brin (created_at);
ALTER TABLE spotter.idempotency_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.idempotency_key FORCE ROW LEVEL SECURITY;
CREATE POLICY idempotency_key_reader ON spotter.idempotency_key FOR SELECT TO spotter_reader
  USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY idempotency_key_writer ON spotter.idempotency_key TO spotter_writer
  USING (user_id = ANY (
    (SELECT NULLIF(current_setting('app.user_ids', true), '')::uuid[])::uuid[]));
GRANT SELECT ON spotter.idempotency_key TO spotter_reader;
GRANT SELECT, INSERT, DELETE ON spotter.idempotency_key TO spotter_writer;
CREATE POLICY idempotency_key_prune_select ON spotter.idempotency_key FOR SELECT
  TO spotter_job_runner USING (true);
CREATE POLICY idempotency_key_prune_delete ON spotter.idempotency_key FOR DELETE
  TO spotter_job_runner USING (true);
GRANT SELECT, DELETE ON spotter.idempotency_key TO spotter_job_runner;

CREATE FUNCTION spotter.prune_idempotency_keys(keep interval, batch integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  pruned integer;
BEGIN
  DELETE FROM spotter.idempotency_key
   WHERE ctid = ANY (ARRAY(SELECT k.ctid FROM spotter.idempotency_key k
                            WHERE k.created_at < now() - keep LIMIT batch));
  GET DIAGNOSTICS pruned = ROW_COUNT;
  RETURN pruned;
END
$$;
COMMENT ON FUNCTION spotter.prune_idempotency_keys(interval, integer) IS
  'Deletes up to batch keys older than keep, of all users; returns how many. Call until it '
  'returns less.';
GRANT EXECUTE ON FUNCTION spotter.prune_idempotency_keys(interval, integer) TO spotter_writer;
ALTER FUNCTION spotter.prune_idempotency_keys(interval, integer) OWNER TO spotter_job_runner;

CREATE TABLE spotter.shard (
  shard_id smallint NOT NULL,
  owner    uuid,
  epoch    bigint   NOT NULL DEFAULT 0,
  CONSTRAINT shard_pkey PRIMARY KEY (shard_id),
  CONSTRAINT shard_id_in_range CHECK (shard_id BETWEEN 0 AND 255)
);
COMMENT ON TABLE spotter.shard IS
  'Which node owns the users whose id ends in the byte shard_id, and how often that changed. A '
  'writer '
  'takes pg_advisory_xact_lock_shared(21328, shard_id) in a statement of its own before it '
  'reads epoch.';
INSERT INTO spotter.shard (shard_id) SELECT generate_series(0, 255);
GRANT SELECT ON spotter.shard TO spotter_reader, spotter_writer;

CREATE FUNCTION spotter.take_shards(new_owner uuid)
RETURNS TABLE (shard_id smallint, epoch bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- Waits for every commit under way; those that come later read the new epoch.
  PERFORM pg_advisory_xact_lock(21328, n) FROM generate_series(0, 255) AS n;
  RETURN QUERY
    UPDATE spotter.shard s SET owner = new_owner, epoch = s.epoch + 1
    RETURNING s.shard_id, s.epoch;
END
$$;
COMMENT ON FUNCTION spotter.take_shards(uuid) IS
  'Makes new_owner the owner of all shards under new epochs, which it returns. From its commit '
  'on no '
  'former owner can commit.';
GRANT EXECUTE ON FUNCTION spotter.take_shards(uuid) TO spotter_writer;
