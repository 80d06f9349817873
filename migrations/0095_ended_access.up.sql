-- What ends access ends all of it: API keys, too, where an account is recovered or erased. And a node
-- that starts learns which logins have just ended, since their access tokens may still be about.
CREATE POLICY api_key_identity_select ON spotter.api_key FOR SELECT TO spotter_identity
  USING (true);
CREATE POLICY api_key_identity_update ON spotter.api_key FOR UPDATE TO spotter_identity
  USING (true) WITH CHECK (true);
GRANT SELECT (user_id, api_key_id, expires_at, revoked_at), UPDATE (revoked_at, updated_at)
  ON spotter.api_key TO spotter_identity;

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

CREATE FUNCTION spotter.logins_ended_since(p_age interval)
RETURNS TABLE (user_id uuid, login_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT l.user_id, l.login_id FROM spotter.login l
   WHERE l.revoked_at > clock_timestamp() - least(p_age, interval '1 day')
$$;
COMMENT ON FUNCTION spotter.logins_ended_since(interval) IS
  'Everybody''s logins that have ended so recently, at most a day: for a node that starts and has '
  'to refuse their access tokens.';
GRANT EXECUTE ON FUNCTION spotter.logins_ended_since(interval) TO spotter_writer;
ALTER FUNCTION spotter.logins_ended_since(interval) OWNER TO spotter_identity;
