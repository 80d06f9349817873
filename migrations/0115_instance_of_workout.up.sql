-- A set could name an instance of another workout of its owner: it was stored, shown in neither, and the instance
-- taken over. And a key of idempotency that was a day old was in the way of its next use until it was pruned.
ALTER TABLE spotter.workout_set ADD CONSTRAINT workout_set_instance_of_workout_fkey
  FOREIGN KEY (user_id, workout_id, exercise_instance_id)
  REFERENCES spotter.exercise_instance (user_id, workout_id, exercise_instance_id) NOT VALID;

CREATE OR REPLACE FUNCTION spotter.put_units(
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
    -- Nobody is told of a key after a day, and then it may be used anew.
    DELETE FROM spotter.idempotency_key k
     USING unnest(a_user_id, a_key) AS v (user_id, key)
     WHERE k.user_id = v.user_id AND k.key = v.key
       AND k.created_at <= now() - interval '24 hours';
    INSERT INTO spotter.idempotency_key (
      user_id, key, fingerprint, created, version, epoch, seq, body)
    SELECT v.user_id, v.key, v.fingerprint, v.created, v.version, v.epoch, v.seq, v.body
      FROM unnest(a_user_id, a_key, a_fingerprint, a_created, a_version, a_epoch, a_seq, a_body)
        AS v (user_id, key, fingerprint, created, version, epoch, seq, body);
  END IF;
END
$$;
