-- Counting sealed rows reads them all again.
DROP INDEX IF EXISTS spotter.job_one_reseal_key;
DROP INDEX IF EXISTS spotter.totp_sealed_by_idx;
