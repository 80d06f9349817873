-- Takes back what 0001 gave; the roles themselves belong to the cluster and stay.
DROP FUNCTION spotter.touch_time();
DROP FUNCTION spotter.touch_version();
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO PUBLIC;
REVOKE ALL ON SCHEMA spotter
  FROM spotter_reader, spotter_writer, spotter_identity, spotter_job_runner;
COMMENT ON SCHEMA spotter IS NULL;
