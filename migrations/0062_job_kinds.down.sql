DROP FUNCTION spotter.claim_jobs(uuid, integer, integer, text[]);
