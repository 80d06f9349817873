-- The reference to the instance alone, and the index on workouts.
CREATE INDEX exercise_instance_workout_idx ON spotter.exercise_instance (user_id, workout_id);
ALTER TABLE spotter.workout_set ADD CONSTRAINT workout_set_instance_fkey
  FOREIGN KEY (user_id, exercise_instance_id)
  REFERENCES spotter.exercise_instance (user_id, exercise_instance_id);
