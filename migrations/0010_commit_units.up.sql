-- The writer's hot path: one call commits a batch of many users' sets and events, behind the fence.
CREATE FUNCTION spotter.commit_units(
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
COMMENT ON FUNCTION spotter.commit_units IS
  'Checks the fences of p_shards and stores new sets (s_…) and events (e_…) of p_user_ids. Raises '
  'SP001 when a shard has another epoch. Run under row-level security as the writer.';
REVOKE EXECUTE ON FUNCTION spotter.commit_units FROM PUBLIC;
GRANT EXECUTE ON FUNCTION spotter.commit_units TO spotter_writer;

CREATE FUNCTION spotter.rebuild_records(p_user_id uuid, p_exercise_id uuid) RETURNS void
LANGUAGE sql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM spotter.personal_record
   WHERE user_id = p_user_id AND exercise_id = p_exercise_id;
  -- Each instance's sets are looked up by key: the planner, where it has no statistics yet, would
  -- otherwise join all of the user's sets with all workouts.
  WITH performed AS (
    SELECT s.set_id, s.completed_at, s.reps, s.weight_g
      FROM spotter.exercise_instance AS i
     CROSS JOIN LATERAL
           (SELECT t.set_id, t.completed_at, t.reps, t.weight_g
              FROM spotter.workout_set AS t
             WHERE t.user_id = p_user_id AND t.workout_id = i.workout_id
               AND t.exercise_instance_id = i.exercise_instance_id
               AND t.deleted_at IS NULL AND t.kind <> 2 AND t.reps >= 1
            OFFSET 0) AS s
     CROSS JOIN LATERAL
           (SELECT FROM spotter.workout AS w
             WHERE w.user_id = p_user_id AND w.workout_id = i.workout_id AND w.deleted_at IS NULL
            OFFSET 0) AS present
     WHERE i.user_id = p_user_id
       AND coalesce(i.exercise_id, i.own_exercise_id) = p_exercise_id
       AND i.deleted_at IS NULL
  ), measured AS (
    SELECT 1 AS kind, weight_g / 1000.0::double precision AS value, set_id, completed_at
      FROM performed WHERE weight_g > 0
    UNION ALL
    SELECT 2, weight_g / 1000.0::double precision
                * CASE WHEN reps = 1 THEN 1 ELSE 1 + reps / 30.0::double precision END,
           set_id, completed_at
      FROM performed WHERE weight_g > 0 AND reps <= 10
    UNION ALL
    SELECT 3, reps, set_id, completed_at
      FROM performed WHERE coalesce(weight_g, 0) = 0
  )
  INSERT INTO spotter.personal_record (user_id, exercise_id, kind, value, set_id, achieved_at)
  SELECT DISTINCT ON (kind) p_user_id, p_exercise_id, kind, value, set_id, completed_at
    FROM measured
   ORDER BY kind, value DESC, completed_at, set_id;
$$;
COMMENT ON FUNCTION spotter.rebuild_records IS
  'Works out a user''s records of one exercise from the stored sets; the rules are those of '
  'domain/workout (new_records).';
REVOKE EXECUTE ON FUNCTION spotter.rebuild_records FROM PUBLIC;
GRANT EXECUTE ON FUNCTION spotter.rebuild_records TO spotter_writer;
