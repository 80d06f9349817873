-- Removes the catalogue and the muscle graph; they can be loaded again from their files.
DROP TABLE spotter.exercise_alias;
DROP TABLE spotter.exercise_muscle;
DROP TABLE spotter.exercise;
DROP TABLE spotter.muscle_parent;
DROP TABLE spotter.muscle;
DROP TABLE spotter.taxonomy;
