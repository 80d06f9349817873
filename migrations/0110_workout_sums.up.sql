-- A page of workouts added up every set on it each time. A finished workout's sums hardly ever change, so they
-- stand in its row, put there with each change of the workout.
ALTER TABLE spotter.workout
  ADD COLUMN set_count      integer,
  ADD COLUMN rep_count      bigint,
  ADD COLUMN volume_g       bigint,
  ADD COLUMN exercise_count integer;
ALTER TABLE spotter.workout ADD CONSTRAINT workout_sums_of_finished CHECK (
  num_nulls(set_count, rep_count, volume_g, exercise_count) = 4
  OR state = 2 AND num_nulls(set_count, rep_count, volume_g, exercise_count) = 0) NOT VALID;
COMMENT ON COLUMN spotter.workout.set_count IS
  'Sets of a finished workout, without warm-ups. Null with the other sums where they are not kept: while '
  'it is live, and for what was last changed before they were; then they are added up when read.';
COMMENT ON COLUMN spotter.workout.rep_count IS 'Repetitions of those sets.';
COMMENT ON COLUMN spotter.workout.volume_g IS 'The sum of grams times repetitions of those sets.';
COMMENT ON COLUMN spotter.workout.exercise_count IS 'Exercises of the workout, warm-ups or not.';

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
  w_set_count     integer[],
  w_rep_count     bigint[],
  w_volume_g      bigint[],
  w_exercises     integer[],
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
      first_seq, version, created_at, updated_at, deleted_at, set_count, rep_count, volume_g,
      exercise_count)
    SELECT v.user_id, v.workout_id, v.title, v.state, v.started_at, v.finished_at, v.time_zone,
           v.local_date::date, v.notes, v.first_seq, v.version, v.created_at, v.updated_at,
           v.deleted_at, v.set_count, v.rep_count, v.volume_g, v.exercise_count
      FROM unnest(w_user_id, w_workout_id, w_title, w_state, w_started_at, w_finished_at,
                  w_time_zone, w_local_date, w_notes, w_first_seq, w_version, w_created_at,
                  w_updated_at, w_deleted_at, w_set_count, w_rep_count, w_volume_g, w_exercises)
        AS v (user_id, workout_id, title, state, started_at, finished_at, time_zone, local_date,
              notes, first_seq, version, created_at, updated_at, deleted_at, set_count, rep_count,
              volume_g, exercise_count)
        ON CONFLICT (user_id, workout_id) DO UPDATE SET
           title = EXCLUDED.title, state = EXCLUDED.state, started_at = EXCLUDED.started_at,
           finished_at = EXCLUDED.finished_at, time_zone = EXCLUDED.time_zone,
           local_date = EXCLUDED.local_date, notes = EXCLUDED.notes, version = EXCLUDED.version,
           updated_at = EXCLUDED.updated_at, deleted_at = EXCLUDED.deleted_at,
           set_count = EXCLUDED.set_count, rep_count = EXCLUDED.rep_count,
           volume_g = EXCLUDED.volume_g, exercise_count = EXCLUDED.exercise_count;
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

DROP FUNCTION spotter.read_workouts(
  uuid, smallint, timestamptz, timestamptz, timestamptz, uuid, integer);
CREATE FUNCTION spotter.read_workouts(
  p_user uuid, p_state smallint, p_since timestamptz, p_until timestamptz,
  p_before timestamptz, p_before_id uuid, p_limit integer)
RETURNS TABLE (workout_id uuid, title text, state smallint, started_at timestamptz,
               finished_at timestamptz, time_zone text, local_date date, notes text,
               source_provider text, source_external_id text, source_hash text, first_seq bigint,
               version bigint, created_at timestamptz, updated_at timestamptz,
               deleted_at timestamptz, sets bigint, reps bigint, volume_g bigint,
               exercises bigint)
LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM set_config('app.user_id', p_user::text, true);
  RETURN QUERY
    SELECT w.workout_id, w.title, w.state, w.started_at, w.finished_at, w.time_zone, w.local_date,
           w.notes, w.source_provider, w.source_external_id, w.source_hash, w.first_seq,
           greatest(w.version, of_instances.version, of_sets.version), w.created_at, w.updated_at,
           w.deleted_at, coalesce(w.set_count, of_sets.sets), coalesce(w.rep_count, of_sets.reps),
           coalesce(w.volume_g, of_sets.volume_g),
           coalesce(w.exercise_count, of_instances.exercises)
      FROM (SELECT *
              FROM spotter.workout t
             WHERE t.user_id = p_user AND t.deleted_at IS NULL
               AND t.started_at >= p_since AND t.started_at < p_until
               AND (p_state IS NULL OR t.state = p_state)
               AND (t.started_at, t.workout_id) < (p_before, p_before_id)
             ORDER BY t.started_at DESC, t.workout_id DESC
             LIMIT p_limit) w
     -- Only where the sums are not with the workout.
     CROSS JOIN LATERAL
           (SELECT max(i.version) AS version,
                   count(*) FILTER (WHERE i.deleted_at IS NULL) AS exercises
              FROM spotter.exercise_instance i
             WHERE w.set_count IS NULL
               AND i.user_id = p_user AND i.workout_id = w.workout_id) of_instances
     CROSS JOIN LATERAL
           -- Warm-ups (2) do not count.
           (SELECT max(s.version) AS version,
                   count(*) FILTER (WHERE s.deleted_at IS NULL AND s.kind <> 2) AS sets,
                   coalesce(sum(s.reps) FILTER (WHERE s.deleted_at IS NULL AND s.kind <> 2), 0)
                     AS reps,
                   coalesce(sum(s.weight_g * s.reps)
                     FILTER (WHERE s.deleted_at IS NULL AND s.kind <> 2), 0)::bigint AS volume_g
              FROM spotter.workout_set s
             WHERE w.set_count IS NULL
               AND s.user_id = p_user AND s.workout_id = w.workout_id) of_sets
     ORDER BY w.started_at DESC, w.workout_id DESC;
END
$$;
COMMENT ON FUNCTION spotter.read_workouts(
  uuid, smallint, timestamptz, timestamptz, timestamptz, uuid, integer) IS
  'A page of workouts, newest start first, strictly after (p_before, p_before_id), with '
  'their sums.';
GRANT EXECUTE ON FUNCTION
  spotter.read_workouts(uuid, smallint, timestamptz, timestamptz, timestamptz, uuid, integer)
  TO spotter_reader, spotter_follower;
