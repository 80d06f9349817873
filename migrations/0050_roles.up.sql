-- Operators name who may see the cluster (admin) and who may follow athletes (coach).
-- The rows that are there passed a stricter check, so there is nothing to validate.
ALTER TABLE spotter.app_user DROP CONSTRAINT app_user_role_known;
ALTER TABLE spotter.app_user
  ADD CONSTRAINT app_user_role_known CHECK (role IN ('member', 'coach', 'admin')) NOT VALID;

CREATE FUNCTION spotter.set_role(p_email text, p_role text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  whom uuid;
BEGIN
  SELECT e.user_id INTO whom FROM spotter.account_email e WHERE e.email = lower(p_email);
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE spotter.app_user u SET role = p_role WHERE u.user_id = whom AND u.deleted_at IS NULL;
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION spotter.set_role(text, text) IS
  'Gives the account with this address a role; false where there is none. Access tokens carry the '
  'role, so it counts from the next one on.';
-- Whoever can run migrations may call it, never the server.
GRANT USAGE ON SCHEMA spotter TO spotter_migrator;
GRANT EXECUTE ON FUNCTION spotter.set_role(text, text) TO spotter_migrator;
ALTER FUNCTION spotter.set_role(text, text) OWNER TO spotter_identity;
