-- The hot reads, each one statement to the client: the function names the user for row-level
-- security and queries in the same round trip. In autocommit the setting ends with the statement.
--
-- All are STABLE, though they set a local setting: so their queries see one snapshot, that of the
-- statement which called them, and a page can't mix two versions. All are SECURITY INVOKER: the
-- policies of spotter_reader hold inside.
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

CREATE FUNCTION spotter.read_workout(p_user uuid, p_workout uuid)
RETURNS TABLE (w spotter.workout, i spotter.exercise_instance, s spotter.workout_set)
LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM set_config('app.user_id', p_user::text, true);
  RETURN QUERY
    SELECT t, NULL::spotter.exercise_instance, NULL::spotter.workout_set
      FROM spotter.workout t
     WHERE t.user_id = p_user AND t.workout_id = p_workout;
  RETURN QUERY
    SELECT NULL::spotter.workout, t, NULL::spotter.workout_set
      FROM spotter.exercise_instance t
     WHERE t.user_id = p_user AND t.workout_id = p_workout
     ORDER BY t.position, t.exercise_instance_id;
  RETURN QUERY
    SELECT NULL::spotter.workout, NULL::spotter.exercise_instance, t
      FROM spotter.workout_set t
     WHERE t.user_id = p_user AND t.workout_id = p_workout
     ORDER BY t.position, t.set_id;
END
$$;
COMMENT ON FUNCTION spotter.read_workout(uuid, uuid) IS
  'A workout, then its instances, then its sets, each in order, deleted ones too: one of the '
  'three columns a row.';

CREATE FUNCTION spotter.read_workout_at(p_user uuid, p_workout uuid, p_version bigint)
RETURNS TABLE (w spotter.workout, i spotter.exercise_instance, s spotter.workout_set)
LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  -- When the version was current; an hour off, for the clocks of two machines.
  since timestamptz;
BEGIN
  PERFORM set_config('app.user_id', p_user::text, true);
  SELECT e.at - interval '1 hour' INTO since
    FROM spotter.event e WHERE e.user_id = p_user AND e.seq = p_version;
  -- A row that has not changed since stands as it was; of the others audit kept what they were.
  RETURN QUERY
    SELECT coalesce(
             CASE WHEN t.version <= p_version THEN t END,
             (SELECT jsonb_populate_record(NULL::spotter.workout, a.old)
                FROM spotter.audit a
               WHERE a.user_id = p_user AND a.at >= since AND a.table_name = 'workout'
                 AND a.row_key = t.workout_id AND (a.old ->> 'version')::bigint <= p_version
               ORDER BY (a.old ->> 'version')::bigint DESC, a.audit_id DESC
               LIMIT 1)),
           NULL::spotter.exercise_instance, NULL::spotter.workout_set
      FROM spotter.workout t
     WHERE t.user_id = p_user AND t.workout_id = p_workout;
  RETURN QUERY
    SELECT NULL::spotter.workout, was, NULL::spotter.workout_set
      FROM (SELECT t AS was
              FROM spotter.exercise_instance t
             WHERE t.user_id = p_user AND t.workout_id = p_workout AND t.version <= p_version
            UNION ALL
            (SELECT DISTINCT ON (a.row_key)
                    jsonb_populate_record(NULL::spotter.exercise_instance, a.old)
               FROM spotter.audit a
               JOIN spotter.exercise_instance t
                 ON t.user_id = p_user AND t.exercise_instance_id = a.row_key
                AND t.workout_id = p_workout AND t.version > p_version
              WHERE a.user_id = p_user AND a.at >= since AND a.table_name = 'exercise_instance'
                AND (a.old ->> 'version')::bigint <= p_version
              ORDER BY a.row_key, (a.old ->> 'version')::bigint DESC, a.audit_id DESC)) x
     ORDER BY (was).position, (was).exercise_instance_id;
  RETURN QUERY
    SELECT NULL::spotter.workout, NULL::spotter.exercise_instance, was
      FROM (SELECT t AS was
              FROM spotter.workout_set t
             WHERE t.user_id = p_user AND t.workout_id = p_workout AND t.version <= p_version
            UNION ALL
            (SELECT DISTINCT ON (a.row_key)
                    jsonb_populate_record(NULL::spotter.workout_set, a.old)
               FROM spotter.audit a
               JOIN spotter.workout_set t
                 ON t.user_id = p_user AND t.workout_id = p_workout AND t.set_id = a.row_key
                AND t.version > p_version
              WHERE a.user_id = p_user AND a.at >= since AND a.table_name = 'workout_set'
                AND (a.old ->> 'version')::bigint <= p_version
              ORDER BY a.row_key, (a.old ->> 'version')::bigint DESC, a.audit_id DESC)) x
     ORDER BY (was).position, (was).set_id;
END
$$;
COMMENT ON FUNCTION spotter.read_workout_at(uuid, uuid, bigint) IS
  'As read_workout, but as the rows were once the event p_version had been committed; rows '
  'that came later are absent.';

CREATE FUNCTION spotter.read_changes(p_user uuid, p_since bigint, p_limit integer)
RETURNS TABLE (head boolean, seq bigint, epoch bigint, name smallint, workout_id uuid,
               at timestamptz, data json)
LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM set_config('app.user_id', p_user::text, true);
  RETURN QUERY
    SELECT true, e.seq, e.epoch, e.name, e.workout_id, e.at, NULL::json
      FROM spotter.event e
     WHERE e.user_id = p_user
     ORDER BY e.seq DESC
     LIMIT 1;
  RETURN QUERY
    SELECT false, e.seq, e.epoch, e.name, e.workout_id, e.at, e.data
      FROM spotter.event e
     WHERE e.user_id = p_user AND e.seq > p_since
     ORDER BY e.seq
     LIMIT p_limit;
END
$$;
COMMENT ON FUNCTION spotter.read_changes(uuid, bigint, integer) IS
  'The newest event without its data (none for an empty story), then those after p_since, '
  'oldest first.';

CREATE FUNCTION spotter.read_session(p_user uuid, p_answers integer)
RETURNS TABLE (email text, display_name text, time_zone text, unit smallint, role text,
               version bigint, created_at timestamptz, updated_at timestamptz,
               head_seq bigint, head_epoch bigint,
               w spotter.workout, i spotter.exercise_instance, s spotter.workout_set,
               k spotter.idempotency_key)
LANGUAGE plpgsql STABLE SECURITY INVOKER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  live uuid[];
BEGIN
  PERFORM set_config('app.user_id', p_user::text, true);
  RETURN QUERY
    SELECT u.email, u.display_name, u.time_zone, u.unit, u.role, u.version, u.created_at,
           u.updated_at, coalesce(h.seq, 0), coalesce(h.epoch, 0), NULL::spotter.workout,
           NULL::spotter.exercise_instance, NULL::spotter.workout_set,
           NULL::spotter.idempotency_key
      FROM spotter.app_user u
      LEFT JOIN (SELECT e.seq, e.epoch
                   FROM spotter.event e
                  WHERE e.user_id = p_user
                  ORDER BY e.seq DESC
                  LIMIT 1) h ON true
     WHERE u.user_id = p_user AND u.deleted_at IS NULL;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  live := ARRAY(SELECT t.workout_id
                  FROM spotter.workout t
                 WHERE t.user_id = p_user AND t.state = 1 AND t.deleted_at IS NULL);
  IF cardinality(live) > 0 THEN
    RETURN QUERY
      SELECT NULL::text, NULL::text, NULL::text, NULL::smallint, NULL::text, NULL::bigint,
             NULL::timestamptz, NULL::timestamptz, NULL::bigint, NULL::bigint, t,
             NULL::spotter.exercise_instance, NULL::spotter.workout_set,
             NULL::spotter.idempotency_key
        FROM spotter.workout t
       WHERE t.user_id = p_user AND t.workout_id = ANY (live)
       ORDER BY t.started_at, t.workout_id;
    RETURN QUERY
      SELECT NULL::text, NULL::text, NULL::text, NULL::smallint, NULL::text, NULL::bigint,
             NULL::timestamptz, NULL::timestamptz, NULL::bigint, NULL::bigint,
             NULL::spotter.workout, t, NULL::spotter.workout_set, NULL::spotter.idempotency_key
        FROM spotter.exercise_instance t
       WHERE t.user_id = p_user AND t.workout_id = ANY (live)
       ORDER BY t.position, t.exercise_instance_id;
    RETURN QUERY
      SELECT NULL::text, NULL::text, NULL::text, NULL::smallint, NULL::text, NULL::bigint,
             NULL::timestamptz, NULL::timestamptz, NULL::bigint, NULL::bigint,
             NULL::spotter.workout, NULL::spotter.exercise_instance, t,
             NULL::spotter.idempotency_key
        FROM spotter.workout_set t
       WHERE t.user_id = p_user AND t.workout_id = ANY (live)
       ORDER BY t.position, t.set_id;
  END IF;
  RETURN QUERY
    SELECT NULL::text, NULL::text, NULL::text, NULL::smallint, NULL::text, NULL::bigint,
           NULL::timestamptz, NULL::timestamptz, NULL::bigint, NULL::bigint,
           NULL::spotter.workout, NULL::spotter.exercise_instance, NULL::spotter.workout_set, t
      FROM spotter.idempotency_key t
     WHERE t.user_id = p_user AND t.created_at > now() - interval '24 hours'
     ORDER BY t.created_at DESC, t.key
     LIMIT p_answers;
END
$$;
COMMENT ON FUNCTION spotter.read_session(uuid, integer) IS
  'What a session begins with: profile and head; live workouts, their instances and sets; '
  'answers of the last day, newest first. No row: no such user.';

GRANT EXECUTE ON FUNCTION
  spotter.read_workouts(uuid, smallint, timestamptz, timestamptz, timestamptz, uuid, integer),
  spotter.read_workout(uuid, uuid),
  spotter.read_workout_at(uuid, uuid, bigint),
  spotter.read_changes(uuid, bigint, integer),
  spotter.read_session(uuid, integer)
  TO spotter_reader;
