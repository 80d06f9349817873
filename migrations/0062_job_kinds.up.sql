-- Runners claim the kinds of jobs that they know: slow mail servers then hold up no import, and a
-- node of an older release leaves new kinds to others.
CREATE FUNCTION spotter.claim_jobs(runner uuid, n integer, lease_ms integer, kinds text[])
RETURNS TABLE (user_id uuid, job_id uuid, kind text, subject_id uuid, attempt integer, lease bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE spotter.job j
     SET state = 'running', attempt = j.attempt + 1, lease = j.lease + 1, runner_id = runner,
         lease_until = clock_timestamp() + lease_ms * interval '1 millisecond', reason = ''
    FROM (SELECT d.user_id, d.job_id
            FROM spotter.job d
           WHERE d.state IN ('queued', 'running') AND d.kind = ANY (kinds)
             AND CASE WHEN d.state = 'running' THEN d.lease_until ELSE d.run_at END
                 <= statement_timestamp()
           ORDER BY CASE WHEN d.state = 'running' THEN d.lease_until ELSE d.run_at END
           LIMIT n
             FOR UPDATE SKIP LOCKED) due
   WHERE j.user_id = due.user_id AND j.job_id = due.job_id
  RETURNING j.user_id, j.job_id, j.kind, j.subject_id, j.attempt, j.lease
$$;
COMMENT ON FUNCTION spotter.claim_jobs(uuid, integer, integer, text[]) IS
  'Claims up to n due jobs of these kinds, of all users, for a runner, also those whose lease ran '
  'out.';
GRANT EXECUTE ON FUNCTION spotter.claim_jobs(uuid, integer, integer, text[]) TO spotter_writer;
ALTER FUNCTION spotter.claim_jobs(uuid, integer, integer, text[]) OWNER TO spotter_job_runner;
