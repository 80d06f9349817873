-- Every commit asks for the timeline. PostgreSQL makes a SQL function a part of the statement that calls
-- it only if it is declared no less volatile than what it calls: as a stable one it was parsed and
-- planned anew for each commit, an eighth of the writer's time.
ALTER FUNCTION spotter.timeline() VOLATILE;
