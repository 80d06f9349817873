-- For logins_ended_since. Without a lock on the table, which all sign-ins write.
-- spotter: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS spotter.login_revoked_idx;
-- squawk-ignore ban-concurrent-index-creation-in-transaction
CREATE INDEX CONCURRENTLY login_revoked_idx ON spotter.login (revoked_at)
  WHERE revoked_at IS NOT NULL;
