DROP INDEX spotter.api_key_revoked_idx;
