DROP FUNCTION spotter.logins_ended_since(interval);
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
