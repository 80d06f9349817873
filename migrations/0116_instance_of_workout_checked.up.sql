-- Checks the sets that were there before, and takes away what the new reference and its index do as well.
-- spotter: no-transaction
ALTER TABLE spotter.workout_set VALIDATE CONSTRAINT workout_set_instance_of_workout_fkey;
ALTER TABLE spotter.workout_set DROP CONSTRAINT IF EXISTS workout_set_instance_fkey;
-- squawk-ignore ban-concurrent-index-creation-in-transaction
DROP INDEX CONCURRENTLY IF EXISTS spotter.exercise_instance_workout_idx;
