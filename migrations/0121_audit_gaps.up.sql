-- What the security events lacked: who asked (in_request ran too late in statements that read a function
-- as a table), a look at each thing that is shared, administrators' looks. And what administrators
-- see of everybody's jobs.
--
-- The planner puts a stable condition without columns before the scan; a volatile one it asks for
-- each row of it, when the function that notes has run. Setting anew what is set does no harm.
ALTER FUNCTION spotter.in_request(text, text, text, text) STABLE;

ALTER TABLE spotter.share ADD COLUMN noted_at jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN spotter.share.noted_at IS
  'By scope, when a security event last told that it was used.';

DROP FUNCTION spotter.use_share(uuid, uuid, text);
CREATE FUNCTION spotter.use_share(p_athlete uuid, p_follower uuid, p_scope text)
RETURNS TABLE (share_id uuid, scopes text[], ends_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  it    spotter.share;
  noted text;
BEGIN
  SELECT s.* INTO it
    FROM spotter.share s
    JOIN spotter.app_user u ON u.user_id = s.user_id AND u.deleted_at IS NULL
   WHERE s.grantee_user_id = p_follower AND s.user_id = p_athlete AND s.ended_at IS NULL
     AND (s.ends_at IS NULL OR s.ends_at > clock_timestamp()) AND p_scope = ANY (s.scopes)
   ORDER BY s.share_id
   LIMIT 1;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  -- Ten minutes of looking at one thing are one event; of two at once the second finds it noted.
  noted := it.noted_at ->> p_scope;
  IF noted IS NULL OR noted::timestamptz < clock_timestamp() - interval '10 minutes' THEN
    UPDATE spotter.share s
       SET last_used_at = clock_timestamp(),
           noted_at = s.noted_at || jsonb_build_object(p_scope, clock_timestamp())
     WHERE s.share_id = it.share_id AND (s.noted_at ->> p_scope) IS NOT DISTINCT FROM noted;
    IF FOUND THEN
      PERFORM spotter.note_security_event(
        p_athlete, 'shared_data_read', p_follower, NULL, NULL, NULL, NULL, NULL,
        jsonb_build_object('share_id', it.share_id, 'scope', p_scope));
    END IF;
  END IF;
  RETURN QUERY SELECT it.share_id, it.scopes, it.ends_at;
END
$$;
COMMENT ON FUNCTION spotter.use_share(uuid, uuid, text) IS
  'The share by which a follower may see what a scope names of an athlete at this moment, or no '
  'row; keeps that it was used.';
GRANT EXECUTE ON FUNCTION spotter.use_share(uuid, uuid, text) TO spotter_writer;
ALTER FUNCTION spotter.use_share(uuid, uuid, text) OWNER TO spotter_identity;

DROP FUNCTION spotter.read_security_audit(uuid, uuid, text, timestamptz, timestamptz, timestamptz,
                                          bigint, integer);
CREATE FUNCTION spotter.read_security_audit(
  p_actor uuid, p_user uuid, p_kind text, p_since timestamptz, p_until timestamptz,
  p_before timestamptz, p_before_id bigint, p_limit integer)
RETURNS SETOF spotter.security_event
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- The role is asked for here, not taken from a token that may be older than its end.
  IF NOT EXISTS (SELECT FROM spotter.app_user u
                  WHERE u.user_id = p_actor AND u.role = 'admin' AND u.deleted_at IS NULL) THEN
    RAISE EXCEPTION 'only administrators read the audit' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN QUERY
    SELECT e.*
      FROM spotter.security_event e
     WHERE (p_user IS NULL OR e.user_id = p_user OR e.actor_user_id = p_user)
       AND (p_kind IS NULL OR e.kind = p_kind)
       AND e.at >= p_since AND e.at < p_until
       AND (e.at, e.security_event_id) < (p_before, p_before_id)
     ORDER BY e.at DESC, e.security_event_id DESC
     LIMIT p_limit;
  -- Whom it concerns stands in its own column, which erasing that person reaches.
  PERFORM spotter.note_security_event(
    p_user, 'audit_read', p_actor, NULL, NULL, NULL, NULL, NULL,
    jsonb_strip_nulls(jsonb_build_object(
      'kind', p_kind, 'since', nullif(p_since, '-infinity'), 'until', nullif(p_until, 'infinity'),
      'before', nullif(p_before, 'infinity'))));
END
$$;
COMMENT ON FUNCTION spotter.read_security_audit(uuid, uuid, text, timestamptz, timestamptz,
                                                timestamptz, bigint, integer) IS
  'A page of everybody''s security events, newest first, strictly before (p_before, p_before_id), '
  'for an administrator; notes that it was read. p_user finds what concerns a person and what the '
  'person did.';
GRANT EXECUTE ON FUNCTION spotter.read_security_audit(uuid, uuid, text, timestamptz, timestamptz,
                                                      timestamptz, bigint, integer)
  TO spotter_reader;
ALTER FUNCTION spotter.read_security_audit(uuid, uuid, text, timestamptz, timestamptz, timestamptz,
                                           bigint, integer) OWNER TO spotter_identity;

CREATE POLICY job_identity_select ON spotter.job FOR SELECT TO spotter_identity USING (true);
GRANT SELECT ON spotter.job TO spotter_identity;

-- Small tables still: jobs that were done are pruned, and shares are few.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX job_newest_idx ON spotter.job (created_at DESC, job_id DESC);
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX share_received_idx ON spotter.share (grantee_user_id)
  WHERE grantee_user_id IS NOT NULL;

CREATE FUNCTION spotter.read_jobs(
  p_actor uuid, p_state text, p_kind text, p_before timestamptz, p_before_id uuid,
  p_limit integer)
RETURNS TABLE (job_id uuid, kind text, state text, user_id uuid, subject_id uuid, attempt integer,
               run_at timestamptz, lease_until timestamptz, runner_id uuid, reason text,
               created_at timestamptz, updated_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  IF NOT EXISTS (SELECT FROM spotter.app_user u
                  WHERE u.user_id = p_actor AND u.role = 'admin' AND u.deleted_at IS NULL) THEN
    RAISE EXCEPTION 'only administrators read jobs' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN QUERY
    SELECT j.job_id, j.kind, j.state,
           nullif(j.user_id, '00000000-0000-0000-0000-000000000000'), j.subject_id, j.attempt,
           j.run_at, j.lease_until, j.runner_id, j.reason, j.created_at, j.updated_at
      FROM spotter.job j
     WHERE (p_state IS NULL OR j.state = p_state) AND (p_kind IS NULL OR j.kind = p_kind)
       AND (j.created_at, j.job_id) < (p_before, p_before_id)
     ORDER BY j.created_at DESC, j.job_id DESC
     LIMIT p_limit;
  PERFORM spotter.note_security_event(
    NULL, 'jobs_read', p_actor, NULL, NULL, NULL, NULL, NULL,
    jsonb_strip_nulls(jsonb_build_object('state', p_state, 'kind', p_kind,
                                         'before', nullif(p_before, 'infinity'))));
END
$$;
COMMENT ON FUNCTION spotter.read_jobs(uuid, text, text, timestamptz, uuid, integer) IS
  'A page of everybody''s jobs, newest first, strictly before (p_before, p_before_id), for an '
  'administrator; notes that it was read. user_id: null for jobs of nobody in particular.';
GRANT EXECUTE ON FUNCTION spotter.read_jobs(uuid, text, text, timestamptz, uuid, integer)
  TO spotter_reader;
ALTER FUNCTION spotter.read_jobs(uuid, text, text, timestamptz, uuid, integer)
  OWNER TO spotter_identity;

CREATE FUNCTION spotter.export_received_shares() RETURNS SETOF json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH me AS (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid AS user_id)
  SELECT spotter.share_json(s, (SELECT me.user_id FROM me))
    FROM (SELECT g.* FROM spotter.share g
           WHERE g.grantee_user_id = (SELECT me.user_id FROM me)
           UNION
          SELECT g.* FROM spotter.share g
            JOIN spotter.account_email e ON e.email = g.grantee_email
           WHERE e.user_id = (SELECT me.user_id FROM me) AND g.accepted_at IS NULL
             AND g.ended_at IS NULL AND spotter.email_verified(e.user_id)) s
   ORDER BY s.created_at, s.share_id
$$;
COMMENT ON FUNCTION spotter.export_received_shares() IS
  'What others shared with the person that app.user_id names, also what is over, and invitations: '
  'as the follower sees it.';
GRANT EXECUTE ON FUNCTION spotter.export_received_shares() TO spotter_reader;
ALTER FUNCTION spotter.export_received_shares() OWNER TO spotter_identity;

-- Who had the writer's connection could have marked an account as deleted for as long as it takes to erase
-- its events. Accounts are marked by spotter_identity's functions alone.
REVOKE UPDATE (deleted_at) ON spotter.app_user FROM spotter_writer;
