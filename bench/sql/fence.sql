-- Ways to keep a former owner from committing, each around the same inserts: what commit_units does,
-- less its parameters. The users of a batch are strewn over the shards.
DROP SCHEMA IF EXISTS fence CASCADE;
CREATE SCHEMA fence;
CREATE TABLE fence.shard (shard_id smallint PRIMARY KEY, epoch bigint NOT NULL);
INSERT INTO fence.shard SELECT generate_series(0, 255), 1;
CREATE TABLE fence.event (
  user_id uuid, seq bigint, data json NOT NULL, PRIMARY KEY (user_id, seq));

-- As spotter.timeline().
CREATE FUNCTION fence.current_timeline() RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint
$$;
CREATE TABLE fence.cluster AS SELECT fence.current_timeline() AS timeline;

CREATE FUNCTION fence.shards(units integer) RETURNS integer[] LANGUAGE sql VOLATILE AS $$
  SELECT array_agg(DISTINCT (random() * 255)::integer) FROM generate_series(1, units)
$$;
CREATE FUNCTION fence.store(units integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO fence.event
  SELECT gen_random_uuid(), n, '{"set":{"reps":5,"weight":{"value":100,"unit":"kg"},"rpe":8.5}}'
    FROM generate_series(1, units) AS n;
END
$$;

CREATE FUNCTION fence.none(units integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  wanted integer[] := fence.shards(units);
BEGIN
  PERFORM fence.store(units);
END
$$;
CREATE FUNCTION fence.advisory(units integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  wanted integer[] := fence.shards(units);
BEGIN
  PERFORM pg_advisory_xact_lock_shared(21328, n) FROM unnest(wanted) AS n;
  IF EXISTS (SELECT FROM unnest(wanted) AS f (shard_id)
               LEFT JOIN fence.shard AS s ON s.shard_id = f.shard_id
              WHERE s.epoch IS DISTINCT FROM 1) THEN
    RAISE EXCEPTION 'fenced';
  END IF;
  PERFORM fence.store(units);
END
$$;
-- And that no standby was promoted since the epochs were raised.
CREATE FUNCTION fence.timeline(units integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  wanted integer[] := fence.shards(units);
BEGIN
  PERFORM pg_advisory_xact_lock_shared(21328, n) FROM unnest(wanted) AS n;
  IF EXISTS (SELECT FROM unnest(wanted) AS f (shard_id)
               LEFT JOIN fence.shard AS s ON s.shard_id = f.shard_id
              WHERE s.epoch IS DISTINCT FROM 1)
     OR EXISTS (SELECT FROM fence.cluster AS c WHERE c.timeline <> fence.current_timeline()) THEN
    RAISE EXCEPTION 'fenced';
  END IF;
  PERFORM fence.store(units);
END
$$;
CREATE FUNCTION fence.rows(units integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  wanted integer[] := fence.shards(units);
  held   integer;
BEGIN
  SELECT count(*) INTO held
    FROM (SELECT FROM fence.shard AS s
           WHERE s.shard_id = ANY (wanted) AND s.epoch = 1 FOR SHARE) AS locked;
  IF held <> cardinality(wanted) THEN
    RAISE EXCEPTION 'fenced';
  END IF;
  PERFORM fence.store(units);
END
$$;
