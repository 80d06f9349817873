-- For logins_ended_since. Without a lock on the table, which all uses of keys write.
-- spotter: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS spotter.api_key_revoked_idx;
-- squawk-ignore ban-concurrent-index-creation-in-transaction
CREATE INDEX CONCURRENTLY api_key_revoked_idx ON spotter.api_key (revoked_at)
  WHERE revoked_at IS NOT NULL;
