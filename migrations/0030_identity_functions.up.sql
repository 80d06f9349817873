-- What identity needs beyond one user's rows, as functions: two that find and make accounts by
-- address, and one statement each for a login's life, so that each costs one round trip.

-- An account that is not there yet has nobody in whose name the writer could ask; so these two, and
-- no others, look across users. Both are the business of spotter_identity.
CREATE FUNCTION spotter.find_account(p_email text)
RETURNS TABLE (user_id uuid, email text, display_name text, time_zone text, unit smallint,
               role text, version bigint, created_at timestamptz, updated_at timestamptz,
               password_hash text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT u.user_id, u.email, u.display_name, u.time_zone, u.unit, u.role, u.version, u.created_at,
         u.updated_at, u.password_hash
    FROM spotter.account_email e
    JOIN spotter.app_user u ON u.user_id = e.user_id
   WHERE e.email = lower(p_email) AND u.deleted_at IS NULL
$$;
COMMENT ON FUNCTION spotter.find_account(text) IS
  'The account with this address and its password hash; nothing where there is none.';
GRANT EXECUTE ON FUNCTION spotter.find_account(text) TO spotter_writer;
ALTER FUNCTION spotter.find_account(text) OWNER TO spotter_identity;

CREATE FUNCTION spotter.add_account(
  p_user_id uuid, p_email text, p_display_name text, p_time_zone text, p_unit smallint,
  p_password_hash text, p_created_at timestamptz, p_login_id uuid, p_family_salt bytea,
  p_refresh_hash bytea, p_expires_at timestamptz, p_user_agent text, p_address text)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO spotter.app_user (user_id, email, display_name, time_zone, unit, password_hash,
                                created_at, updated_at)
  VALUES (p_user_id, p_email, p_display_name, p_time_zone, p_unit, p_password_hash, p_created_at,
          p_created_at);
  INSERT INTO spotter.account_email (email, user_id) VALUES (lower(p_email), p_user_id);
  INSERT INTO spotter.login (user_id, login_id, family_salt, refresh_hash, expires_at, user_agent,
                             address)
  VALUES (p_user_id, p_login_id, p_family_salt, p_refresh_hash, p_expires_at, p_user_agent,
          p_address);
  RETURN true;
EXCEPTION WHEN unique_violation THEN
  -- Either somebody has the address, or this very account was made by an attempt whose answer got
  -- lost.
  RETURN EXISTS (SELECT
                   FROM spotter.account_email e
                   JOIN spotter.login l ON l.user_id = e.user_id
                  WHERE e.email = lower(p_email) AND e.user_id = p_user_id
                    AND l.login_id = p_login_id AND l.refresh_hash = p_refresh_hash);
END
$$;
COMMENT ON FUNCTION spotter.add_account(uuid, text, text, text, smallint, text, timestamptz, uuid,
                                        bytea, bytea, timestamptz, text, text) IS
  'Makes an account (always a member) with its first login; false where the address is taken. The '
  'same call again is true and changes nothing.';
GRANT EXECUTE ON FUNCTION spotter.add_account(uuid, text, text, text, smallint, text, timestamptz,
                                              uuid, bytea, bytea, timestamptz, text, text)
  TO spotter_writer;
ALTER FUNCTION spotter.add_account(uuid, text, text, text, smallint, text, timestamptz, uuid, bytea,
                                   bytea, timestamptz, text, text) OWNER TO spotter_identity;

-- The rest runs as the writer, under its policies: the token names the user.
CREATE FUNCTION spotter.add_login(
  p_user_id uuid, p_login_id uuid, p_family_salt bytea, p_refresh_hash bytea,
  p_expires_at timestamptz, p_user_agent text, p_address text)
RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  INSERT INTO spotter.login (user_id, login_id, family_salt, refresh_hash, expires_at, user_agent,
                             address)
  SELECT u.user_id, p_login_id, p_family_salt, p_refresh_hash, p_expires_at, p_user_agent, p_address
    FROM spotter.app_user u
   WHERE u.user_id = p_user_id AND u.deleted_at IS NULL
  ON CONFLICT (user_id, login_id) DO NOTHING;
  RETURN FOUND OR EXISTS (SELECT FROM spotter.login l
                           WHERE l.user_id = p_user_id AND l.login_id = p_login_id
                             AND l.refresh_hash = p_refresh_hash);
END
$$;
COMMENT ON FUNCTION spotter.add_login(uuid, uuid, bytea, bytea, timestamptz, text, text) IS
  'Opens a login; false where the account is not there any more. The same call again is true.';
GRANT EXECUTE ON FUNCTION spotter.add_login(uuid, uuid, bytea, bytea, timestamptz, text, text)
  TO spotter_writer;

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

CREATE FUNCTION spotter.rotate_login(
  p_user_id uuid, p_login_id uuid, p_from integer, p_refresh_hash bytea, p_user_agent text,
  p_address text)
RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  UPDATE spotter.login l
     SET generation = p_from + 1, refresh_hash = p_refresh_hash, rotated_at = clock_timestamp(),
         last_used_at = clock_timestamp(), user_agent = p_user_agent, address = p_address
   WHERE l.user_id = p_user_id AND l.login_id = p_login_id AND l.generation = p_from
     AND l.revoked_at IS NULL AND l.expires_at > clock_timestamp();
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION spotter.rotate_login(uuid, uuid, integer, bytea, text, text) IS
  'Moves a login from one generation to the next; false where it does not stand there any more.';
GRANT EXECUTE ON FUNCTION spotter.rotate_login(uuid, uuid, integer, bytea, text, text)
  TO spotter_writer;

CREATE FUNCTION spotter.revoke_login(p_user_id uuid, p_login_id uuid, p_reason text)
RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  UPDATE spotter.login l
     SET revoked_at = clock_timestamp(), revoked_reason = p_reason
   WHERE l.user_id = p_user_id AND l.login_id = p_login_id AND l.revoked_at IS NULL;
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION spotter.revoke_login(uuid, uuid, text) IS
  'Ends a login; false where it has ended before or never was.';
GRANT EXECUTE ON FUNCTION spotter.revoke_login(uuid, uuid, text) TO spotter_writer;
