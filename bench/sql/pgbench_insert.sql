\set user 900000 + :client_id
\set n :n + 1
INSERT INTO spotter.workout_set (user_id, workout_id, set_id, exercise_instance_id, position, kind, reps, weight_value, weight_unit, weight_g, rpe, completed_at, version, created_at, updated_at) VALUES (('01900000-0000-7000-8000-000000' || :user::text)::uuid, ('01900000-0000-7000-8000-000000' || :user::text)::uuid, ('0190ffff-0000-7000-8000-' || :n::text)::uuid, ('01900000-0000-7000-8000-000000' || :user::text)::uuid, 1, 1, 8, 82.5, 1, 82500, 8.5, now(), 1, now(), now());
