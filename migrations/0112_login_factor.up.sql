-- A login knows whether it was opened with a second factor, so that its access tokens can say so for as long
-- as that factor is there.
ALTER TABLE spotter.login ADD COLUMN second_factor boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN spotter.login.second_factor IS
  'Opened with a code or a recovery code of a second factor that has not been removed since.';
GRANT SELECT (second_factor) ON spotter.login TO spotter_reader;

-- Where the challenge is used up, and nowhere else. Made anew, since only its owner may replace it.
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
  UPDATE spotter.login l SET second_factor = true
   WHERE l.user_id = NEW.user_id AND l.login_id = NEW.login_id;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION spotter.require_factor() IS
  'After a login was opened: takes it back unless the account''s second factor was passed, and '
  'keeps that it was.';
CREATE TRIGGER login_require_factor AFTER INSERT ON spotter.login
  FOR EACH ROW EXECUTE FUNCTION spotter.require_factor();
ALTER FUNCTION spotter.require_factor() OWNER TO spotter_identity;

CREATE FUNCTION spotter.forget_factor() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE spotter.login l SET second_factor = false
   WHERE l.user_id = OLD.user_id AND l.second_factor;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION spotter.forget_factor() IS
  'After a second factor was removed: no login counts as opened with one any more, though another '
  'factor may come.';
CREATE TRIGGER totp_forget AFTER DELETE ON spotter.totp FOR EACH ROW
  WHEN (OLD.confirmed_at IS NOT NULL)
  EXECUTE FUNCTION spotter.forget_factor();
ALTER FUNCTION spotter.forget_factor() OWNER TO spotter_identity;

CREATE FUNCTION spotter.open_login(
  p_user_id uuid, p_login_id uuid, p_family_salt bytea, p_refresh_hash bytea,
  p_expires_at timestamptz, p_user_agent text, p_address text)
RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT spotter.add_login(p_user_id, p_login_id, p_family_salt, p_refresh_hash, p_expires_at,
                           p_user_agent, p_address) THEN
    RETURN 'gone';
  END IF;
  RETURN (SELECT CASE WHEN l.second_factor THEN 'with_factor' ELSE 'ok' END
            FROM spotter.login l
           WHERE l.user_id = p_user_id AND l.login_id = p_login_id);
END
$$;
COMMENT ON FUNCTION spotter.open_login(uuid, uuid, bytea, bytea, timestamptz, text, text) IS
  'Opens a login as add_login does. with_factor or ok; gone where the account is not there any '
  'more. The same call again has the same answer.';
GRANT EXECUTE ON FUNCTION spotter.open_login(uuid, uuid, bytea, bytea, timestamptz, text, text)
  TO spotter_writer;

-- One more column at the end: those who name the others go on.
DROP FUNCTION spotter.load_login(uuid, uuid);
CREATE FUNCTION spotter.load_login(p_user_id uuid, p_login_id uuid)
RETURNS TABLE (revoked boolean, generation integer, family_salt bytea, refresh_hash bytea,
               rotated_at timestamptz, expires_at timestamptz, read_at timestamptz, email text,
               display_name text, time_zone text, unit smallint, role text, version bigint,
               created_at timestamptz, updated_at timestamptz, second_factor boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  RETURN QUERY
    SELECT l.revoked_at IS NOT NULL, l.generation, l.family_salt, l.refresh_hash, l.rotated_at,
           l.expires_at, clock_timestamp(), u.email, u.display_name, u.time_zone, u.unit, u.role,
           u.version, u.created_at, u.updated_at, l.second_factor
      FROM spotter.login l
      JOIN spotter.app_user u ON u.user_id = l.user_id
     WHERE l.user_id = p_user_id AND l.login_id = p_login_id AND u.deleted_at IS NULL;
END
$$;
COMMENT ON FUNCTION spotter.load_login(uuid, uuid) IS
  'A login with its owner''s profile, and the time at which it was read.';
GRANT EXECUTE ON FUNCTION spotter.load_login(uuid, uuid) TO spotter_writer;
