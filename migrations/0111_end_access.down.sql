-- Back to the functions of 0070 and 0095.
DROP FUNCTION spotter.end_access(uuid, uuid);

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
      CASE NEW.revoked_reason WHEN 'reuse' THEN NULL ELSE NEW.user_id END, NEW.login_id,
      NULL, NULL, NULL, NULL, jsonb_build_object('reason', NEW.revoked_reason));
  END IF;
  RETURN NULL;
END
$$;

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
     WHERE p_reason IN ('recovery', 'erased') AND k.user_id = p_user_id AND k.revoked_at IS NULL
    RETURNING k.api_key_id AS id, coalesce(k.expires_at, 'infinity') AS expires_at)
  SELECT coalesce(array_agg(e.id) FILTER (WHERE e.expires_at > clock_timestamp()), '{}')
    FROM (SELECT * FROM logins UNION ALL SELECT * FROM keys) e
$$;
COMMENT ON FUNCTION spotter.end_logins(uuid, uuid, text) IS
  'Ends all logins of a user but one (null: all), and all API keys where the reason is recovery or '
  'erased; returns those that were alive. Run as somebody who sees them.';
