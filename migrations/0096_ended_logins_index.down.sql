DROP INDEX spotter.login_revoked_idx;
