-- Lets sealed rows be counted and found by their key, and one job at a time seal anew.
-- spotter: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS spotter.totp_sealed_by_idx;
-- squawk-ignore ban-concurrent-index-creation-in-transaction
CREATE INDEX CONCURRENTLY totp_sealed_by_idx
  ON spotter.totp (spotter.sealed_by(sealed_secret), user_id);
DROP INDEX CONCURRENTLY IF EXISTS spotter.job_one_reseal_key;
-- squawk-ignore ban-concurrent-index-creation-in-transaction
CREATE UNIQUE INDEX CONCURRENTLY job_one_reseal_key ON spotter.job (user_id, kind)
  WHERE kind = 'reseal' AND state IN ('queued', 'running');
