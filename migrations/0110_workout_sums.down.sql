-- Back to sums that are added up by each read.
DROP FUNCTION spotter.read_workouts(
  uuid, smallint, timestamptz, timestamptz, timestamptz, uuid, integer);
CREATE FUNCTION spotter.read_workouts(
  p_user uuid, p_state smallint, p_since timestamptz, p_until timestamptz,
  p_before timestamptz, p_before_id uuid, p_limit integer)
RETURNS TABLE (w spotter.workout, version bigint, sets bigint, reps bigint, volume_g bigint,
               exercises bigint)
LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM set_config('app.user_id', p_user::text, true);
  RETURN QUERY
    SELECT page.row_of, greatest((page.row_of).version, of_instances.version, of_sets.version),
           of_sets.sets, of_sets.reps, of_sets.volume_g, of_instances.exercises
      FROM (SELECT t AS row_of
              FROM spotter.workout t
             WHERE t.user_id = p_user AND t.deleted_at IS NULL
               AND t.started_at >= p_since AND t.started_at < p_until
               AND (p_state IS NULL OR t.state = p_state)
               AND (t.started_at, t.workout_id) < (p_before, p_before_id)
             ORDER BY t.started_at DESC, t.workout_id DESC
             LIMIT p_limit) page
     CROSS JOIN LATERAL
           (SELECT max(i.version) AS version,
                   count(*) FILTER (WHERE i.deleted_at IS NULL) AS exercises
              FROM spotter.exercise_instance i
             WHERE i.user_id = p_user AND i.workout_id = (page.row_of).workout_id) of_instances
     CROSS JOIN LATERAL
           -- Warm-ups (2) do not count.
           (SELECT max(s.version) AS version,
                   count(*) FILTER (WHERE s.deleted_at IS NULL AND s.kind <> 2) AS sets,
                   coalesce(sum(s.reps) FILTER (WHERE s.deleted_at IS NULL AND s.kind <> 2), 0)
                     AS reps,
                   coalesce(sum(s.weight_g * s.reps)
                     FILTER (WHERE s.deleted_at IS NULL AND s.kind <> 2), 0)::bigint AS volume_g
              FROM spotter.workout_set s
             WHERE s.user_id = p_user AND s.workout_id = (page.row_of).workout_id) of_sets
     ORDER BY (page.row_of).started_at DESC, (page.row_of).workout_id DESC;
END
$$;
COMMENT ON FUNCTION spotter.read_workouts(
  uuid, smallint, timestamptz, timestamptz, timestamptz, uuid, integer) IS
  'A page of workouts, newest start first, strictly after (p_before, p_before_id), with '
  'their sums.';
GRANT EXECUTE ON FUNCTION
  spotter.read_workouts(uuid, smallint, timestamptz, timestamptz, timestamptz, uuid, integer)
  TO spotter_reader, spotter_follower;

DROP FUNCTION spotter.put_units;
CREATE FUNCTION spotter.put_units(
  p_user_ids      uuid[],
  w_user_id       uuid[],
  w_workout_id    uuid[],
  w_title         text[],
  w_state         smallint[],
  w_started_at    timestamptz[],
  w_finished_at   timestamptz[],
  w_time_zone     text[],
  w_local_date    text[],
  w_notes         text[],
  w_first_seq     bigint[],
  w_version       bigint[],
  w_created_at    timestamptz[],
  w_updated_at    timestamptz[],
  w_deleted_at    timestamptz[],
  i_user_id       uuid[],
  i_instance_id   uuid[],
  i_workout_id    uuid[],
  i_exercise_id   uuid[],
  i_own_id        uuid[],
  i_position      integer[],
  i_superset      integer[],
  i_notes         text[],
  i_version       bigint[],
  i_at            timestamptz[],
  i_deleted_at    timestamptz[],
  r_user_id       uuid[],
  r_exercise_id   uuid[],
  r_kind          smallint[],
  r_value         double precision[],
  r_set_id        uuid[],
  r_achieved_at   timestamptz[],
  a_user_id       uuid[],
  a_key           text[],
  a_fingerprint   text[],
  a_created       boolean[],
  a_version       bigint[],
  a_epoch         bigint[],
  a_seq           bigint[],
  a_body          text[]
) RETURNS void
LANGUAGE plpgsql SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('app.user_ids', p_user_ids::text, true);
  IF cardinality(w_user_id) > 0 THEN
    INSERT INTO spotter.workout (
      user_id, workout_id, title, state, started_at, finished_at, time_zone, local_date, notes,
      first_seq, version, created_at, updated_at, deleted_at)
    SELECT v.user_id, v.workout_id, v.title, v.state, v.started_at, v.finished_at, v.time_zone,
           v.local_date::date, v.notes, v.first_seq, v.version, v.created_at, v.updated_at,
           v.deleted_at
      FROM unnest(w_user_id, w_workout_id, w_title, w_state, w_started_at, w_finished_at,
                  w_time_zone, w_local_date, w_notes, w_first_seq, w_version, w_created_at,
                  w_updated_at, w_deleted_at)
        AS v (user_id, workout_id, title, state, started_at, finished_at, time_zone, local_date,
              notes, first_seq, version, created_at, updated_at, deleted_at)
        ON CONFLICT (user_id, workout_id) DO UPDATE SET
           title = EXCLUDED.title, state = EXCLUDED.state, started_at = EXCLUDED.started_at,
           finished_at = EXCLUDED.finished_at, time_zone = EXCLUDED.time_zone,
           local_date = EXCLUDED.local_date, notes = EXCLUDED.notes, version = EXCLUDED.version,
           updated_at = EXCLUDED.updated_at, deleted_at = EXCLUDED.deleted_at;
  END IF;
  IF cardinality(i_user_id) > 0 THEN
    INSERT INTO spotter.exercise_instance (
      user_id, exercise_instance_id, workout_id, exercise_id, own_exercise_id, position, superset,
      notes, version, created_at, updated_at, deleted_at)
    SELECT v.user_id, v.instance_id, v.workout_id, v.exercise_id, v.own_id, v.position, v.superset,
           v.notes, v.version, v.at, v.at, v.deleted_at
      FROM unnest(i_user_id, i_instance_id, i_workout_id, i_exercise_id, i_own_id, i_position,
                  i_superset, i_notes, i_version, i_at, i_deleted_at)
        AS v (user_id, instance_id, workout_id, exercise_id, own_id, position, superset, notes,
              version, at, deleted_at)
        ON CONFLICT (user_id, exercise_instance_id) DO UPDATE SET
           exercise_id = EXCLUDED.exercise_id, own_exercise_id = EXCLUDED.own_exercise_id,
           position = EXCLUDED.position, superset = EXCLUDED.superset, notes = EXCLUDED.notes,
           version = EXCLUDED.version, updated_at = EXCLUDED.updated_at,
           deleted_at = EXCLUDED.deleted_at;
  END IF;
  IF cardinality(r_user_id) > 0 THEN
    INSERT INTO spotter.personal_record (user_id, exercise_id, kind, value, set_id, achieved_at)
    SELECT v.user_id, v.exercise_id, v.kind, v.value, v.set_id, v.achieved_at
      FROM unnest(r_user_id, r_exercise_id, r_kind, r_value, r_set_id, r_achieved_at)
        AS v (user_id, exercise_id, kind, value, set_id, achieved_at)
        ON CONFLICT (user_id, exercise_id, kind) DO UPDATE SET
           value = EXCLUDED.value, set_id = EXCLUDED.set_id, achieved_at = EXCLUDED.achieved_at;
  END IF;
  IF cardinality(a_user_id) > 0 THEN
    INSERT INTO spotter.idempotency_key (
      user_id, key, fingerprint, created, version, epoch, seq, body)
    SELECT v.user_id, v.key, v.fingerprint, v.created, v.version, v.epoch, v.seq, v.body
      FROM unnest(a_user_id, a_key, a_fingerprint, a_created, a_version, a_epoch, a_seq, a_body)
        AS v (user_id, key, fingerprint, created, version, epoch, seq, body);
  END IF;
END
$$;
COMMENT ON FUNCTION spotter.put_units IS
  'Inserts or overwrites workouts (w_…), instances (i_…) and records (r_…), and stores answers (a_…), '
  'of p_user_ids. Checks no fence: call it in one statement with commit_units, which does. Run under '
  'row-level security as the writer.';
REVOKE EXECUTE ON FUNCTION spotter.put_units FROM PUBLIC;
GRANT EXECUTE ON FUNCTION spotter.put_units TO spotter_writer;

ALTER TABLE spotter.workout
  DROP CONSTRAINT workout_sums_of_finished,
  DROP COLUMN set_count,
  DROP COLUMN rep_count,
  DROP COLUMN volume_g,
  DROP COLUMN exercise_count;
