-- An administrator ends all that lets somebody in as one person: logins, and API keys, since whoever had got
-- in may have made one. The events of it name the administrator.
CREATE OR REPLACE FUNCTION spotter.end_logins(p_user_id uuid, p_except uuid, p_reason text)
RETURNS uuid[]
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  WITH logins AS (
    UPDATE spotter.login l SET revoked_at = clock_timestamp(), revoked_reason = p_reason
     WHERE l.user_id = p_user_id AND l.revoked_at IS NULL
       AND l.login_id IS DISTINCT FROM p_except
    RETURNING l.login_id AS id, l.expires_at),
  -- Who recovers an account may have lost it to somebody who made a key. A change of password
  -- keeps the programs going.
  keys AS (
    UPDATE spotter.api_key k SET revoked_at = clock_timestamp()
     WHERE p_reason IN ('recovery', 'erased', 'administrator') AND k.user_id = p_user_id
       AND k.revoked_at IS NULL
    RETURNING k.api_key_id AS id, coalesce(k.expires_at, 'infinity') AS expires_at)
  SELECT coalesce(array_agg(e.id) FILTER (WHERE e.expires_at > clock_timestamp()), '{}')
    FROM (SELECT * FROM logins UNION ALL SELECT * FROM keys) e
$$;
COMMENT ON FUNCTION spotter.end_logins(uuid, uuid, text) IS
  'Ends all logins of a user but one (null: all), and all API keys where the reason is recovery, '
  'erased or administrator; returns those that were alive. Run as somebody who sees them.';

CREATE OR REPLACE FUNCTION spotter.note_login() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM spotter.note_security_event(NEW.user_id, 'signed_in', NEW.user_id, NEW.login_id,
                                        NEW.address, NEW.user_agent, NULL, NULL, NULL);
  ELSE
    PERFORM spotter.note_security_event(
      NEW.user_id,
      CASE NEW.revoked_reason WHEN 'logout' THEN 'signed_out'
                              WHEN 'reuse' THEN 'refresh_token_reused'
                              ELSE 'session_revoked' END,
      CASE NEW.revoked_reason
        WHEN 'reuse' THEN NULL
        WHEN 'administrator' THEN NULLIF(current_setting('app.administrator', true), '')::uuid
        ELSE NEW.user_id END,
      NEW.login_id,
      NULL, NULL, NULL, NULL, jsonb_build_object('reason', NEW.revoked_reason));
  END IF;
  RETURN NULL;
END
$$;

CREATE FUNCTION spotter.end_access(p_actor uuid, p_user_id uuid)
RETURNS TABLE (outcome text, ended uuid[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  gone       uuid[];
  address    text := current_setting('app.address', true);
  user_agent text := current_setting('app.user_agent', true);
BEGIN
  -- The role is asked for here, not taken from a token that may be older than its end.
  IF NOT EXISTS (SELECT FROM spotter.app_user u
                  WHERE u.user_id = p_actor AND u.role = 'admin' AND u.deleted_at IS NULL) THEN
    RETURN QUERY SELECT 'forbidden', '{}'::uuid[];
    RETURN;
  END IF;
  IF NOT EXISTS (SELECT FROM spotter.app_user u
                  WHERE u.user_id = p_user_id AND u.deleted_at IS NULL) THEN
    RETURN QUERY SELECT 'unknown', '{}'::uuid[];
    RETURN;
  END IF;
  -- The person reads who it was, and not from where; the administrator's own event, of the same
  -- request, has that.
  PERFORM set_config('app.administrator', p_actor::text, true),
          set_config('app.address', '', true), set_config('app.user_agent', '', true);
  gone := spotter.end_logins(p_user_id, NULL, 'administrator');
  PERFORM spotter.note_security_event(p_user_id, 'access_ended', p_actor, NULL, NULL, NULL, NULL,
                                      NULL, jsonb_build_object('ended', cardinality(gone)));
  PERFORM spotter.note_security_event(p_actor, 'ended_access', p_actor, NULL, address, user_agent,
                                      NULL, NULL, jsonb_build_object('ended', cardinality(gone)));
  RETURN QUERY SELECT 'ok', gone;
END
$$;
COMMENT ON FUNCTION spotter.end_access(uuid, uuid) IS
  'Ends all logins and API keys of a user by the wish of an administrator. outcome: ok (with those '
  'that were alive), unknown, or forbidden where p_actor is no administrator.';
GRANT EXECUTE ON FUNCTION spotter.end_access(uuid, uuid) TO spotter_writer;
ALTER FUNCTION spotter.end_access(uuid, uuid) OWNER TO spotter_identity;
