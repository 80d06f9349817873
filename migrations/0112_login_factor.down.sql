-- Back to the functions of 0030 and 0071.
DROP FUNCTION spotter.load_login(uuid, uuid);
CREATE FUNCTION spotter.load_login(p_user_id uuid, p_login_id uuid)
RETURNS TABLE (revoked boolean, generation integer, family_salt bytea, refresh_hash bytea,
               rotated_at timestamptz, expires_at timestamptz, read_at timestamptz, email text,
               display_name text, time_zone text, unit smallint, role text, version bigint,
               created_at timestamptz, updated_at timestamptz)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  RETURN QUERY
    SELECT l.revoked_at IS NOT NULL, l.generation, l.family_salt, l.refresh_hash, l.rotated_at,
           l.expires_at, clock_timestamp(), u.email, u.display_name, u.time_zone, u.unit, u.role,
           u.version, u.created_at, u.updated_at
      FROM spotter.login l
      JOIN spotter.app_user u ON u.user_id = l.user_id
     WHERE l.user_id = p_user_id AND l.login_id = p_login_id AND u.deleted_at IS NULL;
END
$$;
COMMENT ON FUNCTION spotter.load_login(uuid, uuid) IS
  'A login with its owner''s profile, and the time at which it was read.';
GRANT EXECUTE ON FUNCTION spotter.load_login(uuid, uuid) TO spotter_writer;

DROP FUNCTION spotter.open_login(uuid, uuid, bytea, bytea, timestamptz, text, text);
DROP TRIGGER totp_forget ON spotter.totp;
DROP FUNCTION spotter.forget_factor();

DROP TRIGGER login_require_factor ON spotter.login;
DROP FUNCTION spotter.require_factor();
CREATE FUNCTION spotter.require_factor() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT spotter.has_second_factor(NEW.user_id) THEN
    RETURN NULL;
  END IF;
  DELETE FROM spotter.mfa_challenge c
   WHERE c.user_id = NEW.user_id
     AND c.token_hash = decode(coalesce(current_setting('app.challenge', true), ''), 'hex')
     AND c.passed_at > clock_timestamp() - interval '1 minute';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'a second factor is needed' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION spotter.require_factor() IS
  'After a login was opened: takes it back unless the account''s second factor was passed.';
CREATE TRIGGER login_require_factor AFTER INSERT ON spotter.login
  FOR EACH ROW EXECUTE FUNCTION spotter.require_factor();
ALTER FUNCTION spotter.require_factor() OWNER TO spotter_identity;

ALTER TABLE spotter.login DROP COLUMN second_factor;
