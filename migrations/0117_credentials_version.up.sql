-- A sign-in that has begun with a password ends where that password does: by a recovery, a change, or the
-- end of all access. Hashes may wait for seconds and codes for minutes, so it is asked again at each step.
ALTER TABLE spotter.app_user ADD COLUMN credentials_version bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN spotter.app_user.credentials_version IS
  'Moves with whatever ends sign-ins that have begun: another password, or the end of all access. The '
  'same password under another cost leaves it.';
GRANT SELECT (credentials_version) ON spotter.app_user TO spotter_writer;

-- Made anew: their rows or arguments are others, or only their owner may replace them.
DROP FUNCTION spotter.find_account(text), spotter.recover_password(bytea, text),
  spotter.change_password(uuid, uuid, text, text), spotter.end_access(uuid, uuid),
  spotter.open_login(uuid, uuid, bytea, bytea, timestamptz, text, text),
  spotter.put_challenge(uuid, bytea, integer, integer);

CREATE FUNCTION spotter.find_account(p_email text)
RETURNS TABLE (user_id uuid, email text, display_name text, time_zone text, unit smallint,
               role text, version bigint, created_at timestamptz, updated_at timestamptz,
               password_hash text, credentials_version bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT u.user_id, u.email, u.display_name, u.time_zone, u.unit, u.role, u.version, u.created_at,
         u.updated_at, u.password_hash, u.credentials_version
    FROM spotter.account_email e
    JOIN spotter.app_user u ON u.user_id = e.user_id
   WHERE e.email = lower(p_email) AND u.deleted_at IS NULL
$$;
COMMENT ON FUNCTION spotter.find_account(text) IS
  'The account with this address and its password hash; nothing where there is none.';
GRANT EXECUTE ON FUNCTION spotter.find_account(text) TO spotter_writer;
ALTER FUNCTION spotter.find_account(text) OWNER TO spotter_identity;

CREATE FUNCTION spotter.recover_password(p_token_hash bytea, p_password_hash text)
RETURNS TABLE (user_id uuid, ended uuid[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  used spotter.account_token;
  who  spotter.app_user;
BEGIN
  DELETE FROM spotter.account_token t
   WHERE t.token_hash = p_token_hash AND t.purpose = 'recovery'
     AND t.expires_at > clock_timestamp()
  RETURNING t.* INTO used;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  UPDATE spotter.app_user u
     SET password_hash = p_password_hash, password_changed_at = clock_timestamp(),
         credentials_version = u.credentials_version + 1,
         email_verified_at = coalesce(u.email_verified_at, clock_timestamp())
   WHERE u.user_id = used.user_id AND u.email = used.email AND u.deleted_at IS NULL
  RETURNING u.* INTO who;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  -- Whoever had asked to move the account elsewhere may not have been its owner.
  DELETE FROM spotter.account_token t WHERE t.user_id = used.user_id;
  PERFORM spotter.note_security_event(used.user_id, 'password_recovered', NULL, NULL, NULL, NULL,
                                      NULL, NULL, NULL);
  PERFORM spotter.queue_mail(used.user_id, 'password_changed', who.email, NULL);
  RETURN QUERY SELECT used.user_id, spotter.end_logins(used.user_id, NULL, 'recovery');
END
$$;
COMMENT ON FUNCTION spotter.recover_password(bytea, text) IS
  'Uses up a recovery token: sets the password, and nothing but the password, and ends all logins. '
  'No row: the token is not good.';
GRANT EXECUTE ON FUNCTION spotter.recover_password(bytea, text) TO spotter_writer;
ALTER FUNCTION spotter.recover_password(bytea, text) OWNER TO spotter_identity;

CREATE FUNCTION spotter.change_password(
  p_user_id uuid, p_login_id uuid, p_old_hash text, p_new_hash text)
RETURNS TABLE (ended uuid[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  who spotter.app_user;
BEGIN
  UPDATE spotter.app_user u
     SET password_hash = p_new_hash, password_changed_at = clock_timestamp(),
         credentials_version = u.credentials_version + 1
   WHERE u.user_id = p_user_id AND u.password_hash = p_old_hash AND u.deleted_at IS NULL
     AND EXISTS (SELECT FROM spotter.login l
                  WHERE l.user_id = p_user_id AND l.login_id = p_login_id
                    AND l.revoked_at IS NULL)
  RETURNING u.* INTO who;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  DELETE FROM spotter.account_token t WHERE t.user_id = p_user_id AND t.purpose <> 'verify';
  PERFORM spotter.note_security_event(p_user_id, 'password_changed', p_user_id, p_login_id, NULL,
                                      NULL, NULL, NULL, NULL);
  PERFORM spotter.queue_mail(p_user_id, 'password_changed', who.email, NULL);
  RETURN QUERY SELECT spotter.end_logins(p_user_id, p_login_id, 'password_changed');
END
$$;
COMMENT ON FUNCTION spotter.change_password(uuid, uuid, text, text) IS
  'Sets a new password where the old one still is the one that was checked, and ends all other '
  'logins. No row: somebody else was first, or the login is over.';
GRANT EXECUTE ON FUNCTION spotter.change_password(uuid, uuid, text, text) TO spotter_writer;
ALTER FUNCTION spotter.change_password(uuid, uuid, text, text) OWNER TO spotter_identity;

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
  UPDATE spotter.app_user u SET credentials_version = u.credentials_version + 1
   WHERE u.user_id = p_user_id AND u.deleted_at IS NULL;
  IF NOT FOUND THEN
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
  'Ends all logins, sign-ins that have begun, and API keys of a user by the wish of an administrator. '
  'outcome: ok (with those that were alive), unknown, or forbidden where p_actor is no administrator.';
GRANT EXECUTE ON FUNCTION spotter.end_access(uuid, uuid) TO spotter_writer;
ALTER FUNCTION spotter.end_access(uuid, uuid) OWNER TO spotter_identity;

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
    RETURNING k.api_key_id AS id, coalesce(k.expires_at, 'infinity') AS expires_at),
  -- Whoever has the first half of a sign-in only must not get the second.
  halves AS (DELETE FROM spotter.mfa_challenge c WHERE c.user_id = p_user_id)
  SELECT coalesce(array_agg(e.id) FILTER (WHERE e.expires_at > clock_timestamp()), '{}')
    FROM (SELECT * FROM logins UNION ALL SELECT * FROM keys) e
$$;
COMMENT ON FUNCTION spotter.end_logins(uuid, uuid, text) IS
  'Ends all logins of a user but one (null: all), all sign-ins that wait for a code, and all API '
  'keys where the reason is recovery, erased or administrator; returns the logins and keys that were '
  'alive. Run as somebody who sees them.';

CREATE FUNCTION spotter.put_challenge(
  p_user_id uuid, p_token_hash bytea, p_lifetime_s integer, p_attempts integer,
  p_credentials bigint)
RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  -- Locked: what moves the version comes first and is seen, or waits and deletes the challenge.
  PERFORM FROM spotter.app_user u
    WHERE u.user_id = p_user_id AND u.deleted_at IS NULL
      AND u.credentials_version = p_credentials FOR SHARE;
  IF NOT FOUND THEN
    RETURN 'wrong';
  END IF;
  -- Those who know a password can open many; the newest ten stay.
  DELETE FROM spotter.mfa_challenge c
   WHERE c.user_id = p_user_id
     AND (c.expires_at <= clock_timestamp()
          OR c.token_hash IN (SELECT o.token_hash FROM spotter.mfa_challenge o
                               WHERE o.user_id = p_user_id
                               ORDER BY o.created_at DESC OFFSET 9));
  INSERT INTO spotter.mfa_challenge (user_id, token_hash, attempts_left, expires_at)
  VALUES (p_user_id, p_token_hash, p_attempts,
          clock_timestamp() + make_interval(secs => p_lifetime_s))
  ON CONFLICT (user_id, token_hash) DO NOTHING;
  RETURN 'ok';
END
$$;
COMMENT ON FUNCTION spotter.put_challenge(uuid, bytea, integer, integer, bigint) IS
  'Keeps a challenge. ok; the same call again is, too. wrong where the password was checked before '
  'the account''s credentials became others.';
GRANT EXECUTE ON FUNCTION spotter.put_challenge(uuid, bytea, integer, integer, bigint)
  TO spotter_writer;

CREATE FUNCTION spotter.find_challenge(p_user_id uuid, p_token_hash bytea) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  RETURN CASE WHEN EXISTS (SELECT FROM spotter.mfa_challenge c
                            WHERE c.user_id = p_user_id AND c.token_hash = p_token_hash
                              AND c.attempts_left > 0 AND c.passed_at IS NULL
                              AND c.expires_at > clock_timestamp())
              THEN 'ok' ELSE 'unknown' END;
END
$$;
COMMENT ON FUNCTION spotter.find_challenge(uuid, bytea) IS
  'Whether try_challenge would take an attempt; takes none. ok or unknown.';
GRANT EXECUTE ON FUNCTION spotter.find_challenge(uuid, bytea) TO spotter_writer;

CREATE FUNCTION spotter.open_login(
  p_user_id uuid, p_login_id uuid, p_family_salt bytea, p_refresh_hash bytea,
  p_expires_at timestamptz, p_user_agent text, p_address text, p_credentials bigint)
RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  challenge bytea := decode(coalesce(current_setting('app.challenge', true), ''), 'hex');
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  -- Locked: what moves the version comes first and is seen, or waits and ends this login.
  PERFORM FROM spotter.app_user u
    WHERE u.user_id = p_user_id AND u.deleted_at IS NULL
      AND (challenge <> '' OR u.credentials_version = p_credentials) FOR SHARE;
  IF NOT FOUND OR (challenge <> ''
                   AND NOT EXISTS (SELECT FROM spotter.mfa_challenge c
                                    WHERE c.user_id = p_user_id AND c.token_hash = challenge)) THEN
    -- Or the first attempt's answer was lost.
    RETURN coalesce((SELECT CASE WHEN l.second_factor THEN 'with_factor' ELSE 'ok' END
                       FROM spotter.login l
                      WHERE l.user_id = p_user_id AND l.login_id = p_login_id
                        AND l.refresh_hash = p_refresh_hash AND l.revoked_at IS NULL), 'gone');
  END IF;
  IF NOT spotter.add_login(p_user_id, p_login_id, p_family_salt, p_refresh_hash, p_expires_at,
                           p_user_agent, p_address) THEN
    RETURN 'gone';
  END IF;
  RETURN (SELECT CASE WHEN l.second_factor THEN 'with_factor' ELSE 'ok' END
            FROM spotter.login l
           WHERE l.user_id = p_user_id AND l.login_id = p_login_id);
END
$$;
COMMENT ON FUNCTION spotter.open_login(uuid, uuid, bytea, bytea, timestamptz, text, text, bigint) IS
  'Opens a login as add_login does, by the challenge that by_challenge named, or by a password that was '
  'right at that version. with_factor or ok; gone where the account or the challenge is not there '
  'any more, or the credentials are others. The same call again has the same answer.';
GRANT EXECUTE ON FUNCTION spotter.open_login(uuid, uuid, bytea, bytea, timestamptz, text, text,
                                             bigint) TO spotter_writer;
