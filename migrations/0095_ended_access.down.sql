DROP FUNCTION spotter.logins_ended_since(interval);
CREATE OR REPLACE FUNCTION spotter.end_logins(p_user_id uuid, p_except uuid, p_reason text)
RETURNS uuid[]
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  WITH ended AS (
    UPDATE spotter.login l SET revoked_at = clock_timestamp(), revoked_reason = p_reason
     WHERE l.user_id = p_user_id AND l.revoked_at IS NULL
       AND l.login_id IS DISTINCT FROM p_except
    RETURNING l.login_id, l.expires_at)
  SELECT coalesce(array_agg(e.login_id) FILTER (WHERE e.expires_at > clock_timestamp()), '{}')
    FROM ended e
$$;
COMMENT ON FUNCTION spotter.end_logins(uuid, uuid, text) IS
  'Ends all logins of a user but one (null: all); returns those that were alive. Run as somebody '
  'who sees them.';
REVOKE SELECT (user_id, api_key_id, expires_at, revoked_at), UPDATE (revoked_at, updated_at)
  ON spotter.api_key FROM spotter_identity;
DROP POLICY api_key_identity_update ON spotter.api_key;
DROP POLICY api_key_identity_select ON spotter.api_key;
