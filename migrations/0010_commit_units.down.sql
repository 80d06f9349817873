-- Removes the writer's functions.
DROP FUNCTION spotter.rebuild_records;
DROP FUNCTION spotter.commit_units;
