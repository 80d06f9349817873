-- Pages of jobs and exports read whole tables again.
DROP INDEX IF EXISTS spotter.share_received_idx;
DROP INDEX IF EXISTS spotter.job_newest_idx;
