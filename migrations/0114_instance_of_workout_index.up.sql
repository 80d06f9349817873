-- Lets a set name its instance together with its workout: the key that such a reference needs. It serves reads of
-- a workout's instances as well as the index that it follows.
-- spotter: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS spotter.exercise_instance_of_workout_key;
-- squawk-ignore ban-concurrent-index-creation-in-transaction
CREATE UNIQUE INDEX CONCURRENTLY exercise_instance_of_workout_key
  ON spotter.exercise_instance (user_id, workout_id, exercise_instance_id);
