-- Fifty finished workouts of two exercises with three sets each, for the users :first to
-- :first + :count - 1. Made without triggers: their rows refer to each other by construction.
SET session_replication_role = replica;
SET synchronous_commit = off;
CREATE TEMP TABLE made AS
SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS user_id, w,
       ('0190' || lpad(to_hex(w), 4, '0') || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid
         AS workout_id,
       timestamptz '2026-01-01 18:00+00' + w * interval '2 days' AS at
  FROM generate_series(:first::bigint, :first::bigint + :count::bigint - 1) AS n,
       generate_series(0, 49) AS w;
INSERT INTO spotter.workout (user_id, workout_id, title, state, started_at, finished_at, time_zone,
                             local_date, first_seq, version, created_at, updated_at, set_count,
                             rep_count, volume_g, exercise_count)
SELECT user_id, workout_id, 'Push day', 2, at, at + interval '1 hour', 'UTC', at::date,
       8 * w + 1, 8 * w + 8, at, at, 6, 48, 3840000, 2
  FROM made;
INSERT INTO spotter.exercise_instance (user_id, exercise_instance_id, workout_id, exercise_id,
                                       position, version, created_at, updated_at)
SELECT user_id,
       ('0191' || lpad(to_hex(w), 4, '0') || '-000' || i || right(workout_id::text, 23))::uuid,
       workout_id, :'exercise', i, 8 * w + 2 + 3 * i, at, at
  FROM made, generate_series(0, 1) AS i;
INSERT INTO spotter.workout_set (user_id, workout_id, set_id, exercise_instance_id, position, reps,
                                 weight_value, weight_unit, weight_g, completed_at, version,
                                 created_at, updated_at)
SELECT user_id, workout_id,
       ('0192' || lpad(to_hex(w), 4, '0') || '-0' || i || '0' || s || right(workout_id::text, 23))::uuid,
       ('0191' || lpad(to_hex(w), 4, '0') || '-000' || i || right(workout_id::text, 23))::uuid,
       s, 8, 80, 1, 80000, at, 8 * w + 2 + 3 * i + s, at, at
  FROM made, generate_series(0, 1) AS i, generate_series(0, 2) AS s;
INSERT INTO spotter.event (user_id, seq, epoch, name, workout_id, unit_id, at, data)
SELECT user_id, 8 * w + 8, 1, 3, workout_id, workout_id, at, '{}' FROM made WHERE w = 49;
ANALYZE spotter.workout, spotter.exercise_instance, spotter.workout_set, spotter.event;
