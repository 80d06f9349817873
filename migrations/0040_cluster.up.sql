-- The coordinator of a cluster: which nodes are there, until when, who leads them, and who is to own
-- which shard.
--
-- Every change is made under the lock of the one row of spotter.cluster, so changes follow on each
-- other; a node that only prolongs its lease locks its own row alone. A lease is judged by
-- clock_timestamp() after the lock that protects it was taken. The order of locks is: the cluster's
-- row, then rows of nodes, then the advisory locks of shards.
CREATE TABLE spotter.node (
  incarnation  uuid        NOT NULL,
  node_id      text        NOT NULL,
  address      text        NOT NULL,
  http_address text        NOT NULL DEFAULT '',
  state        smallint    NOT NULL DEFAULT 1,
  weight       integer     NOT NULL DEFAULT 1,
  protocol_min integer     NOT NULL,
  protocol_max integer     NOT NULL,
  release      text        NOT NULL DEFAULT '',
  lease_until  timestamptz NOT NULL,
  joined_at    timestamptz NOT NULL,
  ended_at     timestamptz,
  CONSTRAINT node_pkey PRIMARY KEY (incarnation),
  CONSTRAINT node_id_length CHECK (char_length(node_id) BETWEEN 1 AND 253),
  CONSTRAINT node_address_length CHECK (char_length(address) BETWEEN 1 AND 300),
  CONSTRAINT node_http_address_length CHECK (char_length(http_address) <= 300),
  CONSTRAINT node_release_length CHECK (char_length(release) <= 100),
  CONSTRAINT node_state_known CHECK (state BETWEEN 1 AND 4),
  CONSTRAINT node_weight_in_range CHECK (weight BETWEEN 0 AND 1000),
  CONSTRAINT node_protocol_ordered CHECK (protocol_min <= protocol_max),
  CONSTRAINT node_ended_when_down CHECK ((state = 4) = (ended_at IS NOT NULL))
) WITH (fillfactor = 50);
COMMENT ON TABLE spotter.node IS
  'A row for each run of a node of the cluster. state: 1 joining, 2 up, 3 draining, 4 down, which '
  'is for ever. Only lease_until changes often, and no index holds it.';
CREATE UNIQUE INDEX node_id_live_key ON spotter.node (node_id) WHERE state < 4;
CREATE UNIQUE INDEX node_address_live_key ON spotter.node (address) WHERE state < 4;
GRANT SELECT ON spotter.node TO spotter_reader, spotter_writer;

CREATE TABLE spotter.cluster (
  cluster_id smallint NOT NULL DEFAULT 1,
  leader     uuid,
  term       bigint   NOT NULL DEFAULT 0,
  version    bigint   NOT NULL DEFAULT 1,
  timeline   bigint,
  unfinished boolean  NOT NULL DEFAULT false,
  CONSTRAINT cluster_pkey PRIMARY KEY (cluster_id),
  CONSTRAINT cluster_is_one CHECK (cluster_id = 1)
);
COMMENT ON TABLE spotter.cluster IS
  'One row. leader leads while it is up and its lease as a node holds; term grows with each new '
  'one. version grows with each change but renewals. timeline is that of the server when the '
  'epochs were last raised for it; NULL while no cluster runs. unfinished: shards of nodes that '
  'are down could not be freed yet, because a commit was under way.';
INSERT INTO spotter.cluster DEFAULT VALUES;
GRANT SELECT ON spotter.cluster TO spotter_reader, spotter_writer;

ALTER TABLE spotter.shard ADD COLUMN target uuid, ADD COLUMN moved_at timestamptz;
COMMENT ON COLUMN spotter.shard.target IS 'The node that is to own the shard.';
COMMENT ON COLUMN spotter.shard.moved_at IS 'When the owner last changed.';

-- Not that of the last checkpoint: after a promotion that one stays the old for minutes. Without a
-- search_path, so that it becomes a part of the statement that calls it.
CREATE FUNCTION spotter.timeline() RETURNS bigint
LANGUAGE sql STABLE AS $$
  SELECT ('x' || pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8))
           ::pg_catalog.bit(32)::pg_catalog.int8
$$;
COMMENT ON FUNCTION spotter.timeline() IS
  'The timeline that the server writes: another one from the moment a standby is promoted.';
GRANT EXECUTE ON FUNCTION spotter.timeline() TO spotter_writer;

CREATE FUNCTION spotter.bump_cluster() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  current_version bigint;
BEGIN
  UPDATE spotter.cluster SET version = version + 1 RETURNING version INTO current_version;
  PERFORM pg_notify('spotter_cluster', current_version::text);
END
$$;
COMMENT ON FUNCTION spotter.bump_cluster() IS
  'Makes a change known: a new version, and a notice to all who listen.';

-- A node that hung in the middle of a commit holds its fence until the server ends its session:
-- nobody waits for that here, since the leases of others run meanwhile.
CREATE FUNCTION spotter.lock_shards(p_shards integer[]) RETURNS integer[]
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $$
DECLARE
  shard  integer;
  locked integer[] := '{}';
  missed integer := 0;
BEGIN
  FOREACH shard IN ARRAY coalesce(p_shards, '{}') LOOP
    IF pg_try_advisory_xact_lock(21328, shard) THEN
      locked := locked || shard;
    ELSIF missed < 2 THEN
      -- In the queue, so that a stream of commits cannot keep it out for ever.
      BEGIN
        PERFORM pg_advisory_xact_lock(21328, shard);
        locked := locked || shard;
      EXCEPTION WHEN lock_not_available THEN
        missed := missed + 1;
      END;
    END IF;
  END LOOP;
  RETURN locked;
END
$$;
COMMENT ON FUNCTION spotter.lock_shards(integer[]) IS
  'Takes the fences of these shards alone, until the transaction ends; returns those it got '
  'within a fifth of a second.';

CREATE FUNCTION spotter.free_shards() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  orphans integer[];
  locked  integer[];
BEGIN
  SELECT array_agg(s.shard_id::integer ORDER BY s.shard_id) INTO orphans
    FROM spotter.shard AS s
   WHERE s.owner IS NOT NULL
     AND NOT EXISTS (SELECT FROM spotter.node AS n WHERE n.incarnation = s.owner AND n.state < 4);
  IF orphans IS NOT NULL THEN
    locked := spotter.lock_shards(orphans);
    UPDATE spotter.shard AS s
       SET owner = NULL, epoch = s.epoch + 1, moved_at = clock_timestamp(),
           target = nullif(s.target, s.owner)
     WHERE s.shard_id = ANY (locked);
  END IF;
  UPDATE spotter.cluster AS c
     SET unfinished = coalesce(cardinality(orphans) > cardinality(locked), false)
   WHERE c.unfinished <> coalesce(cardinality(orphans) > cardinality(locked), false);
  RETURN coalesce(cardinality(locked) > 0, false);
END
$$;
COMMENT ON FUNCTION spotter.free_shards() IS
  'Under the lock of the cluster: takes shards from whoever is no live node, under new epochs. '
  'Says whether there were any.';

CREATE FUNCTION spotter.tend_cluster() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known   spotter.cluster;
  locked  integer[];
  changed boolean := false;
BEGIN
  SELECT * INTO STRICT known FROM spotter.cluster FOR UPDATE;
  -- A row that is locked is being renewed at this moment.
  UPDATE spotter.node AS n SET state = 4, ended_at = clock_timestamp()
   WHERE n.incarnation IN (SELECT e.incarnation FROM spotter.node AS e
                            WHERE e.state < 4 AND e.lease_until <= clock_timestamp()
                              FOR UPDATE SKIP LOCKED);
  changed := FOUND;
  IF known.timeline IS DISTINCT FROM spotter.timeline() THEN
    -- What the former primary had not sent is lost, epochs as well: none of them may pass again.
    locked := spotter.lock_shards(ARRAY(SELECT generate_series(0, 255)));
    UPDATE spotter.shard AS s SET owner = NULL, epoch = s.epoch + 1, moved_at = clock_timestamp()
     WHERE s.shard_id = ANY (locked);
    IF cardinality(locked) = 256 THEN
      UPDATE spotter.cluster SET timeline = spotter.timeline();
    END IF;
    changed := true;
  END IF;
  changed := spotter.free_shards() OR changed;
  UPDATE spotter.cluster AS c SET leader = NULL
   WHERE c.leader IS NOT NULL
     AND NOT EXISTS (SELECT FROM spotter.node AS n WHERE n.incarnation = c.leader AND n.state = 2);
  changed := FOUND OR changed;
  IF changed THEN
    PERFORM spotter.bump_cluster();
  END IF;
  RETURN NOT EXISTS (SELECT FROM spotter.cluster AS c
                      WHERE c.timeline IS DISTINCT FROM spotter.timeline());
END
$$;
COMMENT ON FUNCTION spotter.tend_cluster() IS
  'Locks the cluster until the transaction ends, and puts it in order: nodes whose lease ran out '
  'are down, shards of nodes that are down are free, all epochs are new where a standby was '
  'promoted, a leader that is not up leads no more. False while shards may not be taken.';

CREATE FUNCTION spotter.stand_for_leader(p_incarnation uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE spotter.cluster AS c SET leader = p_incarnation, term = c.term + 1
   WHERE c.leader IS NULL
     AND EXISTS (SELECT FROM spotter.node AS n
                  WHERE n.incarnation = p_incarnation AND n.state = 2
                    AND n.lease_until > clock_timestamp());
  IF FOUND THEN
    PERFORM spotter.bump_cluster();
  END IF;
END
$$;
COMMENT ON FUNCTION spotter.stand_for_leader(uuid) IS
  'Under the lock of the cluster: makes a node that is up the leader where there is none.';

CREATE FUNCTION spotter.lease_of(p_incarnation uuid)
RETURNS TABLE (held boolean, refused text, leads boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  me     spotter.node;
  moment timestamptz;
BEGIN
  SELECT * INTO me FROM spotter.node AS n WHERE n.incarnation = p_incarnation;
  moment := clock_timestamp();
  held := coalesce(me.state < 4 AND me.lease_until > moment, false);
  refused := CASE
    WHEN held THEN ''
    WHEN me.incarnation IS NULL THEN 'the cluster does not know this run of the node'
    WHEN me.lease_until <= coalesce(me.ended_at, moment)
      THEN format('the lease of %s ran out at %s', me.node_id,
                  to_char(me.lease_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))
    ELSE format('this run of %s is down: it left, or another one took its place', me.node_id)
  END;
  leads := held AND me.state = 2
             AND EXISTS (SELECT FROM spotter.cluster AS c WHERE c.leader = p_incarnation);
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION spotter.lease_of(uuid) IS 'How a node stands at this moment.';

CREATE FUNCTION spotter.join_cluster(
  p_incarnation  uuid,
  p_node_id      text,
  p_address      text,
  p_http_address text,
  p_weight       integer,
  p_protocol_min integer,
  p_protocol_max integer,
  p_release      text,
  p_lease_ms     bigint
) RETURNS TABLE (held boolean, refused text, leads boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  other spotter.node;
BEGIN
  IF p_lease_ms NOT BETWEEN 100 AND 600000 THEN
    RAISE EXCEPTION 'a lease of % ms', p_lease_ms USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM spotter.tend_cluster();
  -- Asked again, because the first answer was lost: as it stands.
  IF EXISTS (SELECT FROM spotter.node AS n WHERE n.incarnation = p_incarnation) THEN
    RETURN QUERY SELECT * FROM spotter.lease_of(p_incarnation);
    RETURN;
  END IF;
  held := false;
  leads := false;
  SELECT * INTO other FROM spotter.node AS n
   WHERE n.state < 4 AND n.node_id <> p_node_id AND n.address = p_address;
  IF FOUND THEN
    refused := format('the address %s is that of the node %s', p_address, other.node_id);
    RETURN NEXT;
    RETURN;
  END IF;
  SELECT * INTO other FROM spotter.node AS n
   WHERE n.state < 4 AND n.node_id <> p_node_id
     AND (n.protocol_max < p_protocol_min OR n.protocol_min > p_protocol_max)
   ORDER BY n.joined_at LIMIT 1;
  IF FOUND THEN
    refused := format('the node %s (release %s) speaks the protocols %s to %s, this one %s to %s',
                      other.node_id, other.release, other.protocol_min, other.protocol_max,
                      p_protocol_min, p_protocol_max);
    RETURN NEXT;
    RETURN;
  END IF;
  IF (SELECT count(*) FROM spotter.node AS n WHERE n.state < 4 AND n.node_id <> p_node_id) >= 1000
  THEN
    refused := 'the cluster has 1,000 nodes, which is the most';
    RETURN NEXT;
    RETURN;
  END IF;
  UPDATE spotter.node AS n SET state = 4, ended_at = clock_timestamp()
   WHERE n.node_id = p_node_id AND n.state < 4;
  UPDATE spotter.cluster AS c SET leader = NULL
   WHERE EXISTS (SELECT FROM spotter.node AS n WHERE n.incarnation = c.leader AND n.state = 4);
  PERFORM spotter.free_shards();
  DELETE FROM spotter.node AS n
   WHERE n.state = 4
     AND (n.ended_at < clock_timestamp() - interval '1 day'
          OR n.incarnation NOT IN (SELECT l.incarnation FROM spotter.node AS l WHERE l.state = 4
                                    ORDER BY l.ended_at DESC LIMIT 1000));
  INSERT INTO spotter.node (incarnation, node_id, address, http_address, weight, protocol_min,
                            protocol_max, release, lease_until, joined_at)
  VALUES (p_incarnation, p_node_id, p_address, p_http_address, p_weight, p_protocol_min,
          p_protocol_max, p_release,
          clock_timestamp() + p_lease_ms * interval '1 millisecond', clock_timestamp());
  PERFORM spotter.bump_cluster();
  RETURN QUERY SELECT * FROM spotter.lease_of(p_incarnation);
END
$$;
COMMENT ON FUNCTION spotter.join_cluster IS
  'Enters a node as joining, or says why not. A former run of the same node is down from then '
  'on, and what it owned is free; so is what a node without a cluster owned.';
GRANT EXECUTE ON FUNCTION spotter.join_cluster TO spotter_writer;

CREATE FUNCTION spotter.renew_lease(p_incarnation uuid, p_lease_ms bigint)
RETURNS TABLE (held boolean, refused text, leads boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  tended boolean := false;
  me     spotter.node;
BEGIN
  IF p_lease_ms NOT BETWEEN 100 AND 600000 THEN
    RAISE EXCEPTION 'a lease of % ms', p_lease_ms USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- Looked at without a lock: what is seen too early or too late is seen right the next time.
  IF EXISTS (SELECT FROM spotter.cluster AS c
              WHERE c.unfinished OR c.timeline IS DISTINCT FROM spotter.timeline()
                 OR NOT EXISTS (SELECT FROM spotter.node AS l
                                 WHERE l.incarnation = c.leader AND l.state = 2))
     OR EXISTS (SELECT FROM spotter.node AS n
                 WHERE n.state < 4 AND n.lease_until <= clock_timestamp()) THEN
    PERFORM spotter.tend_cluster();
    tended := true;
  END IF;
  SELECT * INTO me FROM spotter.node AS n WHERE n.incarnation = p_incarnation FOR UPDATE;
  IF me.state < 4 AND me.lease_until > clock_timestamp() THEN
    UPDATE spotter.node AS n
       SET lease_until = clock_timestamp() + p_lease_ms * interval '1 millisecond'
     WHERE n.incarnation = p_incarnation;
    IF tended THEN
      PERFORM spotter.stand_for_leader(p_incarnation);
    END IF;
  END IF;
  RETURN QUERY SELECT * FROM spotter.lease_of(p_incarnation);
END
$$;
COMMENT ON FUNCTION spotter.renew_lease IS
  'Prolongs a lease that still holds, counted from now; puts the cluster in order and stands for '
  'leader where somebody has to.';
GRANT EXECUTE ON FUNCTION spotter.renew_lease TO spotter_writer;

CREATE FUNCTION spotter.change_node_state(p_incarnation uuid, p_state integer)
RETURNS TABLE (held boolean, refused text, leads boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF p_state NOT BETWEEN 2 AND 4 THEN
    RAISE EXCEPTION 'a node becomes up, draining or down, not %', p_state
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM spotter.tend_cluster();
  -- Only forward: who is to drain does not come up again.
  UPDATE spotter.node AS n
     SET state = p_state, ended_at = CASE WHEN p_state = 4 THEN clock_timestamp() END
   WHERE n.incarnation = p_incarnation AND n.state < p_state;
  IF FOUND THEN
    PERFORM spotter.bump_cluster();
    PERFORM spotter.tend_cluster();
  END IF;
  PERFORM spotter.stand_for_leader(p_incarnation);
  RETURN QUERY SELECT * FROM spotter.lease_of(p_incarnation);
END
$$;
COMMENT ON FUNCTION spotter.change_node_state IS
  'Makes a node up, draining or down, whichever is further than it is. What it owns is free when '
  'it is down.';
GRANT EXECUTE ON FUNCTION spotter.change_node_state TO spotter_writer;

CREATE FUNCTION spotter.take_shards(p_incarnation uuid, p_shards integer[])
RETURNS TABLE (shard_id integer, epoch bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  locked integer[];
BEGIN
  IF NOT spotter.tend_cluster() THEN
    RETURN;
  END IF;
  locked := spotter.lock_shards(ARRAY(
    SELECT s.shard_id::integer FROM spotter.shard AS s
     WHERE s.shard_id = ANY (p_shards) AND s.owner IS NULL AND s.target = p_incarnation
     ORDER BY 1));
  IF NOT EXISTS (SELECT FROM spotter.node AS n
                  WHERE n.incarnation = p_incarnation AND n.state = 2
                    AND n.lease_until > clock_timestamp()) THEN
    RETURN;
  END IF;
  RETURN QUERY
    UPDATE spotter.shard AS s
       SET owner = p_incarnation, epoch = s.epoch + 1, moved_at = clock_timestamp()
     WHERE s.shard_id = ANY (locked) AND s.owner IS NULL AND s.target = p_incarnation
    RETURNING s.shard_id::integer, s.epoch;
  IF FOUND THEN
    PERFORM spotter.bump_cluster();
  END IF;
END
$$;
COMMENT ON FUNCTION spotter.take_shards(uuid, integer[]) IS
  'Makes a node that is up the owner of those of the shards that are free and meant for it, under '
  'new epochs, which it returns.';
GRANT EXECUTE ON FUNCTION spotter.take_shards(uuid, integer[]) TO spotter_writer;

CREATE FUNCTION spotter.give_shards(p_incarnation uuid, p_shards integer[])
RETURNS TABLE (shard_id integer, epoch bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  locked integer[];
BEGIN
  PERFORM FROM spotter.cluster FOR UPDATE;
  locked := spotter.lock_shards(ARRAY(
    SELECT s.shard_id::integer FROM spotter.shard AS s
     WHERE s.shard_id = ANY (p_shards) AND s.owner = p_incarnation ORDER BY 1));
  RETURN QUERY
    UPDATE spotter.shard AS s
       SET owner = NULL, epoch = s.epoch + 1, moved_at = clock_timestamp()
     WHERE s.shard_id = ANY (locked) AND s.owner = p_incarnation
    RETURNING s.shard_id::integer, s.epoch;
  IF FOUND THEN
    PERFORM spotter.bump_cluster();
  END IF;
END
$$;
COMMENT ON FUNCTION spotter.give_shards(uuid, integer[]) IS
  'Frees those of the shards that the node owns, under new epochs, which it returns.';
GRANT EXECUTE ON FUNCTION spotter.give_shards(uuid, integer[]) TO spotter_writer;

CREATE FUNCTION spotter.place_shards(p_leader uuid, p_term bigint, p_shards integer[],
                                     p_targets uuid[])
RETURNS TABLE (held boolean, refused text, leads boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF cardinality(p_shards) <> cardinality(p_targets) OR cardinality(p_shards) > 256 THEN
    RAISE EXCEPTION '% shards and % targets', cardinality(p_shards), cardinality(p_targets)
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM spotter.tend_cluster();
  IF EXISTS (SELECT FROM spotter.cluster AS c WHERE c.leader = p_leader AND c.term = p_term) THEN
    UPDATE spotter.shard AS s SET target = w.target
      FROM (SELECT p.shard, nullif(p.target, '00000000-0000-0000-0000-000000000000') AS target
              FROM unnest(p_shards, p_targets) AS p (shard, target)) AS w
     WHERE s.shard_id = w.shard AND s.target IS DISTINCT FROM w.target
       AND (w.target IS NULL OR EXISTS (SELECT FROM spotter.node AS n
                                         WHERE n.incarnation = w.target AND n.state = 2));
    IF FOUND THEN
      PERFORM spotter.bump_cluster();
    END IF;
  END IF;
  RETURN QUERY SELECT * FROM spotter.lease_of(p_leader);
END
$$;
COMMENT ON FUNCTION spotter.place_shards IS
  'Says which node is to own which shard. Without effect unless p_leader leads in p_term; so are '
  'targets that are not up.';
GRANT EXECUTE ON FUNCTION spotter.place_shards TO spotter_writer;

-- VOLATILE, so that it sees what a function before it in the same statement has changed.
CREATE FUNCTION spotter.view_cluster(p_known bigint) RETURNS TABLE (
  version        bigint,
  leader         uuid,
  term           bigint,
  incarnations   uuid[],
  node_ids       text[],
  addresses      text[],
  http_addresses text[],
  states         integer[],
  weights        integer[],
  protocols_min  integer[],
  protocols_max  integer[],
  releases       text[],
  leases_left_ms bigint[],
  joined_ms      bigint[],
  owners         uuid[],
  epochs         bigint[],
  targets        uuid[]
)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  nobody constant uuid := '00000000-0000-0000-0000-000000000000';
BEGIN
  -- One statement, so one snapshot.
  RETURN QUERY
    SELECT c.version, coalesce(c.leader, nobody), c.term, n.*, s.*
      FROM spotter.cluster AS c
     CROSS JOIN LATERAL (
           SELECT coalesce(array_agg(l.incarnation), '{}'), coalesce(array_agg(l.node_id), '{}'),
                  coalesce(array_agg(l.address), '{}'), coalesce(array_agg(l.http_address), '{}'),
                  coalesce(array_agg(l.state::integer), '{}'), coalesce(array_agg(l.weight), '{}'),
                  coalesce(array_agg(l.protocol_min), '{}'),
                  coalesce(array_agg(l.protocol_max), '{}'), coalesce(array_agg(l.release), '{}'),
                  coalesce(array_agg(CASE WHEN l.state = 4 THEN 0 ELSE greatest(0,
                    extract(epoch FROM l.lease_until - clock_timestamp()) * 1000)::bigint END),
                    '{}'),
                  coalesce(array_agg((extract(epoch FROM l.joined_at) * 1000)::bigint), '{}')
             FROM (SELECT * FROM spotter.node AS r
                    WHERE r.state < 4 OR r.ended_at > clock_timestamp() - interval '10 minutes'
                    ORDER BY r.state = 4, r.joined_at DESC, r.incarnation LIMIT 1100) AS l) AS n
     CROSS JOIN LATERAL (
           SELECT array_agg(coalesce(h.owner, nobody) ORDER BY h.shard_id),
                  array_agg(h.epoch ORDER BY h.shard_id),
                  array_agg(coalesce(h.target, nobody) ORDER BY h.shard_id)
             FROM spotter.shard AS h) AS s
     WHERE c.version > p_known;
END
$$;
COMMENT ON FUNCTION spotter.view_cluster IS
  'All that is known, as arrays of equal length for the nodes and for the shards; no row unless '
  'it is newer than p_known.';
GRANT EXECUTE ON FUNCTION spotter.view_cluster TO spotter_writer;

CREATE FUNCTION spotter.request_drain(p_node_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wanted uuid;
BEGIN
  PERFORM spotter.tend_cluster();
  SELECT n.incarnation INTO wanted FROM spotter.node AS n
   WHERE n.node_id = p_node_id AND n.state < 4;
  IF wanted IS NULL THEN
    RETURN false;
  END IF;
  PERFORM spotter.change_node_state(wanted, 3);
  RETURN true;
END
$$;
COMMENT ON FUNCTION spotter.request_drain(text) IS
  'Has a node give its shards away and leave. False where no node of that name is there.';
GRANT EXECUTE ON FUNCTION spotter.request_drain(text) TO spotter_writer;

CREATE FUNCTION spotter.rebalance() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM spotter.tend_cluster();
  -- What is free is placed anew; what somebody owns moves only by the leader's word.
  UPDATE spotter.shard AS s SET target = NULL WHERE s.owner IS NULL;
  PERFORM spotter.bump_cluster();
  RETURN (SELECT c.version FROM spotter.cluster AS c);
END
$$;
COMMENT ON FUNCTION spotter.rebalance() IS
  'Has the leader think about the places of all shards again. Returns the version of the cluster.';
GRANT EXECUTE ON FUNCTION spotter.rebalance() TO spotter_writer;

-- The only node of a server without a cluster: nothing but its epochs keeps others out.
CREATE OR REPLACE FUNCTION spotter.take_shards(new_owner uuid)
RETURNS TABLE (shard_id smallint, epoch bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  live text;
BEGIN
  PERFORM FROM spotter.cluster FOR UPDATE;
  UPDATE spotter.node AS n SET state = 4, ended_at = clock_timestamp()
   WHERE n.state < 4 AND n.lease_until <= clock_timestamp();
  SELECT string_agg(n.node_id, ', ' ORDER BY n.node_id) INTO live
    FROM spotter.node AS n WHERE n.state < 4;
  IF live IS NOT NULL THEN
    RAISE EXCEPTION 'a cluster runs on this database: %', live
      USING ERRCODE = 'object_in_use', HINT = 'Start the node as a part of it, or stop it first.';
  END IF;
  UPDATE spotter.cluster SET leader = NULL, timeline = NULL, unfinished = false;
  -- Waits for every commit under way; those that come later read the new epoch.
  PERFORM pg_advisory_xact_lock(21328, n) FROM generate_series(0, 255) AS n;
  RETURN QUERY
    UPDATE spotter.shard AS s
       SET owner = new_owner, epoch = s.epoch + 1, target = NULL, moved_at = clock_timestamp()
    RETURNING s.shard_id, s.epoch;
END
$$;
COMMENT ON FUNCTION spotter.take_shards(uuid) IS
  'Makes new_owner the owner of all shards under new epochs, which it returns. From its commit '
  'on no former owner can commit. Refuses while a node of a cluster is alive.';

CREATE OR REPLACE FUNCTION spotter.commit_units(
  p_shards        integer[],
  p_epochs        bigint[],
  p_user_ids      uuid[],
  e_user_id       uuid[],
  e_seq           bigint[],
  e_epoch         bigint[],
  e_name          smallint[],
  e_workout_id    uuid[],
  e_unit_id       uuid[],
  e_at            timestamptz[],
  e_data          json[],
  s_user_id       uuid[],
  s_workout_id    uuid[],
  s_set_id        uuid[],
  s_instance_id   uuid[],
  s_position      integer[],
  s_kind          smallint[],
  s_reps          integer[],
  s_weight_value  double precision[],
  s_weight_unit   smallint[],
  s_weight_g      bigint[],
  s_rpe           real[],
  s_rir           smallint[],
  s_distance_m    double precision[],
  s_duration_ms   bigint[],
  s_rest_ms       bigint[],
  s_target        jsonb[],
  s_completed_at  timestamptz[],
  s_version       bigint[],
  s_at            timestamptz[]
) RETURNS void
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- The fence: whoever takes a shard waits for this lock, or this call reads the new epoch. The lock
  -- is a statement of its own, so that the epoch is read by a later snapshot.
  PERFORM pg_advisory_xact_lock_shared(21328, n) FROM unnest(p_shards) AS n;
  -- On a standby that was promoted no epoch holds until the coordinator has raised them all.
  IF EXISTS (SELECT FROM unnest(p_shards, p_epochs) AS f (shard_id, epoch)
               LEFT JOIN spotter.shard AS s ON s.shard_id = f.shard_id
              WHERE s.epoch IS DISTINCT FROM f.epoch)
     OR EXISTS (SELECT FROM spotter.cluster AS c WHERE c.timeline <> spotter.timeline()) THEN
    RAISE EXCEPTION 'another node owns the shard' USING ERRCODE = 'SP001';
  END IF;
  PERFORM set_config('app.user_ids', p_user_ids::text, true);
  IF cardinality(s_user_id) > 0 THEN
    INSERT INTO spotter.workout_set (
      user_id, workout_id, set_id, exercise_instance_id, position, kind, reps, weight_value,
      weight_unit, weight_g, rpe, rir, distance_m, duration_ms, rest_ms, target, completed_at,
      version, created_at, updated_at)
    SELECT v.user_id, v.workout_id, v.set_id, v.instance_id, v.position, v.kind, v.reps,
           v.weight_value, v.weight_unit, v.weight_g, v.rpe, v.rir, v.distance_m, v.duration_ms,
           v.rest_ms, v.target, v.completed_at, v.version, v.at, v.at
      FROM unnest(s_user_id, s_workout_id, s_set_id, s_instance_id, s_position, s_kind, s_reps,
                  s_weight_value, s_weight_unit, s_weight_g, s_rpe, s_rir, s_distance_m,
                  s_duration_ms, s_rest_ms, s_target, s_completed_at, s_version, s_at)
        AS v (user_id, workout_id, set_id, instance_id, position, kind, reps, weight_value,
              weight_unit, weight_g, rpe, rir, distance_m, duration_ms, rest_ms, target,
              completed_at, version, at);
  END IF;
  INSERT INTO spotter.event (user_id, seq, epoch, name, workout_id, unit_id, at, data)
  SELECT v.user_id, v.seq, v.epoch, v.name, v.workout_id, v.unit_id, v.at, v.data
    FROM unnest(e_user_id, e_seq, e_epoch, e_name, e_workout_id, e_unit_id, e_at, e_data)
      AS v (user_id, seq, epoch, name, workout_id, unit_id, at, data);
END
$$;
