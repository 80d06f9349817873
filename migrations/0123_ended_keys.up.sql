-- API keys that have ended belong to what nodes look for: sockets that were opened by one go on until
-- somebody says so.
DROP FUNCTION spotter.logins_ended_since(interval);
CREATE FUNCTION spotter.logins_ended_since(p_age interval)
RETURNS TABLE (user_id uuid, login_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT l.user_id, l.login_id FROM spotter.login l
   WHERE l.revoked_at > clock_timestamp() - least(p_age, interval '1 day')
  UNION ALL
  SELECT k.user_id, k.api_key_id FROM spotter.api_key k
   WHERE k.revoked_at > clock_timestamp() - least(p_age, interval '1 day')
$$;
COMMENT ON FUNCTION spotter.logins_ended_since(interval) IS
  'Everybody''s logins and API keys that have ended so recently, at most a day: for nodes, which have '
  'to refuse the access tokens of the ones, and to close what the others have opened. A key with an '
  'end of its own is closed by that.';
GRANT EXECUTE ON FUNCTION spotter.logins_ended_since(interval) TO spotter_writer;
ALTER FUNCTION spotter.logins_ended_since(interval) OWNER TO spotter_identity;
