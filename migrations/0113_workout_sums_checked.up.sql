-- The sums of finished workouts were checked for new rows only: the rest in a transaction of its own, which
-- lets reads and writes go on.
ALTER TABLE spotter.workout VALIDATE CONSTRAINT workout_sums_of_finished;
