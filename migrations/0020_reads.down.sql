-- Removes the functions of the hot reads; no data is touched.
DROP FUNCTION spotter.read_session(uuid, integer);
DROP FUNCTION spotter.read_changes(uuid, bigint, integer);
DROP FUNCTION spotter.read_workout_at(uuid, uuid, bigint);
DROP FUNCTION spotter.read_workout(uuid, uuid);
DROP FUNCTION spotter.read_workouts(
  uuid, smallint, timestamptz, timestamptz, timestamptz, uuid, integer);
