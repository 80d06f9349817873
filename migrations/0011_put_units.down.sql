-- Removes the writer's function for rows other than sets and events.
DROP FUNCTION spotter.put_units;
