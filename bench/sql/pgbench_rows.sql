-- What pgbench's inserts refer to: a workout and an instance for each of its :count clients, which
-- are the users from :first on.
INSERT INTO spotter.workout (user_id, workout_id, started_at, time_zone, local_date, first_seq, version)
SELECT user_id, user_id, now(), 'UTC', current_date, 1, 1
  FROM (SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS user_id
          FROM generate_series(:first::bigint, :first::bigint + :count::bigint - 1) AS n) AS u;
INSERT INTO spotter.exercise_instance
  (user_id, exercise_instance_id, workout_id, exercise_id, position, version)
SELECT user_id, workout_id, workout_id, :'exercise', 0, 1
  FROM (SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS user_id,
               ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS workout_id
          FROM generate_series(:first::bigint, :first::bigint + :count::bigint - 1) AS n) AS u;
