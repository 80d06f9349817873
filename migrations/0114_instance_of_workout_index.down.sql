-- Sets name their instance alone.
DROP INDEX IF EXISTS spotter.exercise_instance_of_workout_key;
