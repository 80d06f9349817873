-- Lets administrators page through everybody's jobs, newest first, and an export find received shares.
-- spotter: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS spotter.job_newest_idx;
-- squawk-ignore ban-concurrent-index-creation-in-transaction
CREATE INDEX CONCURRENTLY job_newest_idx ON spotter.job (created_at DESC, job_id DESC);
DROP INDEX CONCURRENTLY IF EXISTS spotter.share_received_idx;
-- squawk-ignore ban-concurrent-index-creation-in-transaction
CREATE INDEX CONCURRENTLY share_received_idx ON spotter.share (grantee_user_id)
  WHERE grantee_user_id IS NOT NULL;
