-- Removes the cluster's coordinator; the fence is as it was.
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
  IF EXISTS (SELECT FROM unnest(p_shards, p_epochs) AS f (shard_id, epoch)
               LEFT JOIN spotter.shard AS s ON s.shard_id = f.shard_id
              WHERE s.epoch IS DISTINCT FROM f.epoch) THEN
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
CREATE OR REPLACE FUNCTION spotter.take_shards(new_owner uuid)
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

DROP FUNCTION spotter.rebalance();
DROP FUNCTION spotter.request_drain(text);
DROP FUNCTION spotter.view_cluster;
DROP FUNCTION spotter.place_shards;
DROP FUNCTION spotter.give_shards(uuid, integer[]);
DROP FUNCTION spotter.take_shards(uuid, integer[]);
DROP FUNCTION spotter.change_node_state;
DROP FUNCTION spotter.renew_lease;
DROP FUNCTION spotter.join_cluster;
DROP FUNCTION spotter.lease_of(uuid);
DROP FUNCTION spotter.stand_for_leader(uuid);
DROP FUNCTION spotter.tend_cluster();
DROP FUNCTION spotter.free_shards();
DROP FUNCTION spotter.lock_shards(integer[]);
DROP FUNCTION spotter.bump_cluster();
DROP FUNCTION spotter.timeline();
ALTER TABLE spotter.shard DROP COLUMN target, DROP COLUMN moved_at;
DROP TABLE spotter.cluster;
DROP TABLE spotter.node;
