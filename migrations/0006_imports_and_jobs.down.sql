-- Removes imports with their files and logs, and all jobs.
DROP FUNCTION spotter.claim_jobs(uuid, integer, integer);
DROP TABLE spotter.job;
DROP TABLE spotter.import_log;
DROP TABLE spotter.import_file;
DROP TABLE spotter.import;
