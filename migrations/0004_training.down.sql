-- Removes all training data.
DROP TABLE spotter.personal_record;
DROP TABLE spotter.workout_set;
DROP TABLE spotter.exercise_instance;
DROP TABLE spotter.workout;
DROP TABLE spotter.own_exercise;
