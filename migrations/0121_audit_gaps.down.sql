-- Back to the functions of 0070 and 0072.
GRANT UPDATE (deleted_at) ON spotter.app_user TO spotter_writer;

DROP FUNCTION spotter.export_received_shares();
DROP FUNCTION spotter.read_jobs(uuid, text, text, timestamptz, uuid, integer);
REVOKE SELECT ON spotter.job FROM spotter_identity;
DROP INDEX spotter.share_received_idx;
DROP INDEX spotter.job_newest_idx;
DROP POLICY job_identity_select ON spotter.job;

DROP FUNCTION spotter.read_security_audit(uuid, uuid, text, timestamptz, timestamptz, timestamptz,
                                          bigint, integer);
CREATE FUNCTION spotter.read_security_audit(
  p_actor uuid, p_user uuid, p_kind text, p_since timestamptz, p_until timestamptz,
  p_before timestamptz, p_before_id bigint, p_limit integer)
RETURNS SETOF spotter.security_event
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
END
$$;
COMMENT ON FUNCTION spotter.read_security_audit(uuid, uuid, text, timestamptz, timestamptz,
                                                timestamptz, bigint, integer) IS
  'A page of everybody''s security events, newest first, strictly before (p_before, p_before_id), '
  'for an administrator. p_user finds what concerns a person and what the person did.';
GRANT EXECUTE ON FUNCTION spotter.read_security_audit(uuid, uuid, text, timestamptz, timestamptz,
                                                      timestamptz, bigint, integer)
  TO spotter_reader;
ALTER FUNCTION spotter.read_security_audit(uuid, uuid, text, timestamptz, timestamptz, timestamptz,
                                           bigint, integer) OWNER TO spotter_identity;

DROP FUNCTION spotter.use_share(uuid, uuid, text);
CREATE FUNCTION spotter.use_share(p_athlete uuid, p_follower uuid, p_scope text)
RETURNS TABLE (share_id uuid, scopes text[], ends_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  it spotter.share;
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
  -- Each ten minutes of looking is one event; of two at once the second finds it noted.
  IF it.last_used_at IS NULL
     OR it.last_used_at < clock_timestamp() - interval '10 minutes' THEN
    UPDATE spotter.share s SET last_used_at = clock_timestamp()
     WHERE s.share_id = it.share_id AND s.last_used_at IS NOT DISTINCT FROM it.last_used_at;
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
ALTER TABLE spotter.share DROP COLUMN noted_at;

ALTER FUNCTION spotter.in_request(text, text, text, text) VOLATILE;
