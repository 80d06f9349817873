-- More than a password: authenticators with recovery codes, the step between a right password and a
-- right code, and keys for people's programs.
CREATE TABLE spotter.totp (
  user_id       uuid        NOT NULL,
  sealed_secret bytea       NOT NULL,
  confirmed_at  timestamptz,
  last_step     bigint      NOT NULL DEFAULT 0,
  created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT totp_pkey PRIMARY KEY (user_id),
  CONSTRAINT totp_user_fkey FOREIGN KEY (user_id) REFERENCES spotter.app_user (user_id),
  CONSTRAINT totp_step_not_negative CHECK (last_step >= 0)
);
COMMENT ON TABLE spotter.totp IS
  'Authenticators. sealed_secret: encrypted by the server; the database has no key. last_step: the '
  'last interval whose code was used: no code is good twice.';
ALTER TABLE spotter.totp ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.totp FORCE ROW LEVEL SECURITY;
CREATE POLICY totp_reader ON spotter.totp FOR SELECT TO spotter_reader
  USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY totp_writer ON spotter.totp TO spotter_writer
  USING (user_id = ANY (
    (SELECT NULLIF(current_setting('app.user_ids', true), '')::uuid[])::uuid[]));
CREATE POLICY totp_identity ON spotter.totp FOR SELECT TO spotter_identity USING (true);
GRANT SELECT (user_id, confirmed_at, created_at, updated_at) ON spotter.totp TO spotter_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON spotter.totp TO spotter_writer;
GRANT SELECT (user_id, confirmed_at) ON spotter.totp TO spotter_identity;
CREATE TRIGGER totp_touch BEFORE UPDATE ON spotter.totp FOR EACH ROW
  WHEN (NEW.updated_at = OLD.updated_at)
  EXECUTE FUNCTION spotter.touch_time();
SELECT spotter.let_erase('totp');

CREATE TABLE spotter.recovery_code (
  user_id    uuid        NOT NULL,
  slot       smallint    NOT NULL,
  code_hash  text        NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT recovery_code_pkey PRIMARY KEY (user_id, slot),
  CONSTRAINT recovery_code_user_fkey FOREIGN KEY (user_id) REFERENCES spotter.app_user (user_id),
  CONSTRAINT recovery_code_slot_in_range CHECK (slot BETWEEN 0 AND 9)
);
COMMENT ON TABLE spotter.recovery_code IS
  'Hashes of recovery codes, as passwords are hashed. Used up is deleted. A code names its slot.';
ALTER TABLE spotter.recovery_code ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.recovery_code FORCE ROW LEVEL SECURITY;
CREATE POLICY recovery_code_reader ON spotter.recovery_code FOR SELECT TO spotter_reader
  USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY recovery_code_writer ON spotter.recovery_code TO spotter_writer
  USING (user_id = ANY (
    (SELECT NULLIF(current_setting('app.user_ids', true), '')::uuid[])::uuid[]));
GRANT SELECT (user_id, slot, created_at) ON spotter.recovery_code TO spotter_reader;
GRANT SELECT, INSERT, DELETE ON spotter.recovery_code TO spotter_writer;
SELECT spotter.let_erase('recovery_code');

CREATE TABLE spotter.mfa_challenge (
  user_id       uuid        NOT NULL,
  token_hash    bytea       NOT NULL,
  attempts_left smallint    NOT NULL,
  expires_at    timestamptz NOT NULL,
  passed_at     timestamptz,
  created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT mfa_challenge_pkey PRIMARY KEY (user_id, token_hash),
  CONSTRAINT mfa_challenge_user_fkey FOREIGN KEY (user_id) REFERENCES spotter.app_user (user_id),
  CONSTRAINT mfa_challenge_hash_size CHECK (octet_length(token_hash) = 32),
  CONSTRAINT mfa_challenge_attempts_not_negative CHECK (attempts_left >= 0)
);
COMMENT ON TABLE spotter.mfa_challenge IS
  'Sign-ins whose password was right and whose code is still to come. Once passed, one login may '
  'be opened by it, within a minute.';
ALTER TABLE spotter.mfa_challenge ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.mfa_challenge FORCE ROW LEVEL SECURITY;
CREATE POLICY mfa_challenge_reader ON spotter.mfa_challenge FOR SELECT TO spotter_reader
  USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY mfa_challenge_writer ON spotter.mfa_challenge TO spotter_writer
  USING (user_id = ANY (
    (SELECT NULLIF(current_setting('app.user_ids', true), '')::uuid[])::uuid[]));
CREATE POLICY mfa_challenge_identity ON spotter.mfa_challenge TO spotter_identity
  USING (true) WITH CHECK (true);
GRANT SELECT (user_id, attempts_left, expires_at, passed_at, created_at)
  ON spotter.mfa_challenge TO spotter_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON spotter.mfa_challenge TO spotter_writer;
GRANT SELECT, DELETE ON spotter.mfa_challenge TO spotter_identity;
SELECT spotter.let_erase('mfa_challenge');

CREATE FUNCTION spotter.has_second_factor(p_user_id uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM spotter.totp t
                  WHERE t.user_id = p_user_id AND t.confirmed_at IS NOT NULL)
$$;
COMMENT ON FUNCTION spotter.has_second_factor(uuid) IS
  'Whether an account''s password alone is not enough.';
GRANT EXECUTE ON FUNCTION spotter.has_second_factor(uuid) TO spotter_writer;
ALTER FUNCTION spotter.has_second_factor(uuid) OWNER TO spotter_identity;

CREATE FUNCTION spotter.by_challenge(p_token_hash bytea) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('app.challenge', encode(coalesce(p_token_hash, ''), 'hex'), true);
  RETURN true;
END
$$;
COMMENT ON FUNCTION spotter.by_challenge(bytea) IS
  'Names the challenge that the login which the rest of the statement opens is opened by.';
GRANT EXECUTE ON FUNCTION spotter.by_challenge(bytea) TO spotter_writer;

-- Whoever opens a login, whatever the server forgets: without a passed challenge there is none for
-- an account with a second factor.
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

-- From here on all run as the writer, under its policies: each names its user.
CREATE FUNCTION spotter.load_factors(p_user_id uuid, p_login_id uuid)
RETURNS TABLE (email text, password_hash text, recent boolean, sealed_secret bytea,
               confirmed boolean, last_step bigint, slots smallint[], code_hashes text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  RETURN QUERY
    SELECT coalesce(k.email, ''), coalesce(k.password_hash, ''), coalesce(k.recent, false),
           t.sealed_secret, t.confirmed_at IS NOT NULL, coalesce(t.last_step, 0),
           r.slots, r.code_hashes
      FROM spotter.app_user u
      LEFT JOIN spotter.load_credentials(p_user_id, p_login_id) k ON true
      LEFT JOIN spotter.totp t ON t.user_id = u.user_id
     CROSS JOIN (SELECT array_agg(c.slot ORDER BY c.slot) AS slots,
                        array_agg(c.code_hash ORDER BY c.slot) AS code_hashes
                   FROM spotter.recovery_code c WHERE c.user_id = p_user_id) r
     WHERE u.user_id = p_user_id AND u.deleted_at IS NULL
       AND (p_login_id IS NULL OR k.password_hash IS NOT NULL);
END
$$;
COMMENT ON FUNCTION spotter.load_factors(uuid, uuid) IS
  'How a user can prove who they are; without a login, no password. No row: no such user, or the '
  'login is over.';
GRANT EXECUTE ON FUNCTION spotter.load_factors(uuid, uuid) TO spotter_writer;

CREATE FUNCTION spotter.put_totp(p_user_id uuid, p_login_id uuid, p_sealed_secret bytea)
RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  IF NOT spotter.recently_authenticated(p_user_id, p_login_id) THEN
    RETURN 'reauthenticate';
  END IF;
  INSERT INTO spotter.totp AS t (user_id, sealed_secret) VALUES (p_user_id, p_sealed_secret)
  ON CONFLICT (user_id) DO UPDATE SET sealed_secret = p_sealed_secret
   WHERE t.confirmed_at IS NULL;
  RETURN CASE WHEN FOUND THEN 'ok' ELSE 'conflict' END;
END
$$;
COMMENT ON FUNCTION spotter.put_totp(uuid, uuid, bytea) IS
  'Keeps the secret of an authenticator that is still to be confirmed. ok, reauthenticate, or '
  'conflict where there is a confirmed one.';
GRANT EXECUTE ON FUNCTION spotter.put_totp(uuid, uuid, bytea) TO spotter_writer;

CREATE FUNCTION spotter.replace_recovery_codes(p_user_id uuid, p_code_hashes text[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  DELETE FROM spotter.recovery_code c WHERE c.user_id = p_user_id;
  INSERT INTO spotter.recovery_code (user_id, slot, code_hash)
  SELECT p_user_id, h.n - 1, h.code_hash
    FROM unnest(p_code_hashes) WITH ORDINALITY AS h (code_hash, n)
$$;
COMMENT ON FUNCTION spotter.replace_recovery_codes(uuid, text[]) IS
  'Part of the functions below.';
GRANT EXECUTE ON FUNCTION spotter.replace_recovery_codes(uuid, text[]) TO spotter_writer;

CREATE FUNCTION spotter.turn_totp_on(
  p_user_id uuid, p_login_id uuid, p_step bigint, p_code_hashes text[])
RETURNS TABLE (outcome text, ended uuid[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  IF NOT spotter.recently_authenticated(p_user_id, p_login_id) THEN
    RETURN QUERY SELECT 'reauthenticate', '{}'::uuid[];
    RETURN;
  END IF;
  UPDATE spotter.totp t SET confirmed_at = clock_timestamp(), last_step = p_step
   WHERE t.user_id = p_user_id AND t.confirmed_at IS NULL AND t.last_step < p_step;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'conflict', '{}'::uuid[];
    RETURN;
  END IF;
  PERFORM spotter.replace_recovery_codes(p_user_id, p_code_hashes);
  PERFORM spotter.note_security_event(p_user_id, 'second_factor_added', p_user_id, p_login_id,
                                      NULL, NULL, NULL, NULL, NULL);
  RETURN QUERY SELECT 'ok', spotter.end_logins(p_user_id, p_login_id, 'second_factor_added');
END
$$;
COMMENT ON FUNCTION spotter.turn_totp_on(uuid, uuid, bigint, text[]) IS
  'Confirms an authenticator by the step of a code that was right, with its recovery codes, and '
  'ends all other logins. outcome: ok, reauthenticate, or conflict where there is none to confirm.';
GRANT EXECUTE ON FUNCTION spotter.turn_totp_on(uuid, uuid, bigint, text[]) TO spotter_writer;

CREATE FUNCTION spotter.turn_totp_off(p_user_id uuid, p_login_id uuid)
RETURNS TABLE (outcome text, ended uuid[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  confirmed boolean;
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  IF NOT spotter.recently_authenticated(p_user_id, p_login_id) THEN
    RETURN QUERY SELECT 'reauthenticate', '{}'::uuid[];
    RETURN;
  END IF;
  DELETE FROM spotter.totp t WHERE t.user_id = p_user_id
  RETURNING t.confirmed_at IS NOT NULL INTO confirmed;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'unknown', '{}'::uuid[];
    RETURN;
  END IF;
  DELETE FROM spotter.recovery_code c WHERE c.user_id = p_user_id;
  DELETE FROM spotter.mfa_challenge c WHERE c.user_id = p_user_id;
  IF NOT confirmed THEN
    RETURN QUERY SELECT 'ok', '{}'::uuid[];
    RETURN;
  END IF;
  PERFORM spotter.note_security_event(p_user_id, 'second_factor_removed', p_user_id, p_login_id,
                                      NULL, NULL, NULL, NULL, NULL);
  RETURN QUERY SELECT 'ok', spotter.end_logins(p_user_id, p_login_id, 'second_factor_removed');
END
$$;
COMMENT ON FUNCTION spotter.turn_totp_off(uuid, uuid) IS
  'Removes the authenticator and its recovery codes and ends all other logins. outcome: ok, '
  'reauthenticate, or unknown where there is none.';
GRANT EXECUTE ON FUNCTION spotter.turn_totp_off(uuid, uuid) TO spotter_writer;

CREATE FUNCTION spotter.put_recovery_codes(
  p_user_id uuid, p_login_id uuid, p_code_hashes text[])
RETURNS TABLE (outcome text, ended uuid[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  IF NOT spotter.recently_authenticated(p_user_id, p_login_id) THEN
    RETURN QUERY SELECT 'reauthenticate', '{}'::uuid[];
    RETURN;
  END IF;
  -- Locked, so that of two who make codes at once one set remains.
  PERFORM FROM spotter.totp t
    WHERE t.user_id = p_user_id AND t.confirmed_at IS NOT NULL FOR UPDATE;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'conflict', '{}'::uuid[];
    RETURN;
  END IF;
  PERFORM spotter.replace_recovery_codes(p_user_id, p_code_hashes);
  PERFORM spotter.note_security_event(p_user_id, 'recovery_codes_renewed', p_user_id, p_login_id,
                                      NULL, NULL, NULL, NULL, NULL);
  RETURN QUERY SELECT 'ok', spotter.end_logins(p_user_id, p_login_id, 'recovery_codes_renewed');
END
$$;
COMMENT ON FUNCTION spotter.put_recovery_codes(uuid, uuid, text[]) IS
  'Replaces the recovery codes and ends all other logins. outcome: ok, reauthenticate, or conflict '
  'where there is no second factor.';
GRANT EXECUTE ON FUNCTION spotter.put_recovery_codes(uuid, uuid, text[]) TO spotter_writer;

CREATE FUNCTION spotter.use_code(p_user_id uuid, p_step bigint, p_slot integer) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF p_slot >= 0 THEN
    DELETE FROM spotter.recovery_code c WHERE c.user_id = p_user_id AND c.slot = p_slot;
    IF NOT FOUND THEN
      RETURN false;
    END IF;
    PERFORM spotter.note_security_event(
      p_user_id, 'recovery_code_used', p_user_id, NULL, NULL, NULL, NULL, NULL,
      jsonb_build_object('left', (SELECT count(*) FROM spotter.recovery_code c
                                   WHERE c.user_id = p_user_id)));
    RETURN true;
  END IF;
  -- The row's lock makes the second of two at once, on whatever node, see the first one's step.
  UPDATE spotter.totp t SET last_step = p_step
   WHERE t.user_id = p_user_id AND t.confirmed_at IS NOT NULL AND t.last_step < p_step;
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION spotter.use_code(uuid, bigint, integer) IS
  'Uses up the code of an interval, or that of a recovery slot (from 0); false where it was used '
  'before. Run as somebody who sees the user.';
GRANT EXECUTE ON FUNCTION spotter.use_code(uuid, bigint, integer) TO spotter_writer;

CREATE FUNCTION spotter.pass_reauthentication(
  p_user_id uuid, p_login_id uuid, p_by_code boolean, p_step bigint, p_slot integer)
RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  IF p_by_code THEN
    IF NOT spotter.use_code(p_user_id, p_step, p_slot) THEN
      RETURN 'wrong';
    END IF;
  ELSIF spotter.has_second_factor(p_user_id) THEN
    RETURN 'wrong';
  END IF;
  UPDATE spotter.login l SET reauthenticated_at = clock_timestamp()
   WHERE l.user_id = p_user_id AND l.login_id = p_login_id AND l.revoked_at IS NULL;
  IF NOT FOUND THEN
    RETURN 'unknown';
  END IF;
  PERFORM spotter.note_security_event(p_user_id, 'reauthenticated', p_user_id, p_login_id,
                                      NULL, NULL, NULL, NULL, NULL);
  RETURN 'ok';
END
$$;
COMMENT ON FUNCTION spotter.pass_reauthentication(uuid, uuid, boolean, bigint, integer) IS
  'Opens the window for sensitive changes after a right password or code. ok, wrong where the code '
  'was used before or a code would be needed, or unknown where the login is over.';
GRANT EXECUTE ON FUNCTION spotter.pass_reauthentication(uuid, uuid, boolean, bigint, integer)
  TO spotter_writer;

CREATE FUNCTION spotter.put_challenge(
  p_user_id uuid, p_token_hash bytea, p_lifetime_s integer, p_attempts integer)
RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
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
COMMENT ON FUNCTION spotter.put_challenge(uuid, bytea, integer, integer) IS
  'Keeps a challenge. ok; the same call again is, too.';
GRANT EXECUTE ON FUNCTION spotter.put_challenge(uuid, bytea, integer, integer) TO spotter_writer;

CREATE FUNCTION spotter.try_challenge(p_user_id uuid, p_token_hash bytea) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  UPDATE spotter.mfa_challenge c SET attempts_left = c.attempts_left - 1
   WHERE c.user_id = p_user_id AND c.token_hash = p_token_hash AND c.attempts_left > 0
     AND c.passed_at IS NULL AND c.expires_at > clock_timestamp();
  RETURN CASE WHEN FOUND THEN 'ok' ELSE 'unknown' END;
END
$$;
COMMENT ON FUNCTION spotter.try_challenge(uuid, bytea) IS
  'Takes an attempt before it is made, so that many at once have no more than their number. ok or '
  'unknown.';
GRANT EXECUTE ON FUNCTION spotter.try_challenge(uuid, bytea) TO spotter_writer;

CREATE FUNCTION spotter.pass_challenge(
  p_user_id uuid, p_token_hash bytea, p_step bigint, p_slot integer)
RETURNS TABLE (email text, display_name text, time_zone text, unit smallint, role text,
               version bigint, created_at timestamptz, updated_at timestamptz)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  UPDATE spotter.mfa_challenge c SET passed_at = clock_timestamp()
   WHERE c.user_id = p_user_id AND c.token_hash = p_token_hash AND c.passed_at IS NULL
     AND c.expires_at > clock_timestamp();
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF NOT spotter.use_code(p_user_id, p_step, p_slot) THEN
    UPDATE spotter.mfa_challenge c SET passed_at = NULL
     WHERE c.user_id = p_user_id AND c.token_hash = p_token_hash;
    RETURN;
  END IF;
  RETURN QUERY
    SELECT u.email, u.display_name, u.time_zone, u.unit, u.role, u.version, u.created_at,
           u.updated_at
      FROM spotter.app_user u
     WHERE u.user_id = p_user_id AND u.deleted_at IS NULL;
END
$$;
COMMENT ON FUNCTION spotter.pass_challenge(uuid, bytea, bigint, integer) IS
  'Uses up a right code for a challenge and returns whose it was; no row where code or challenge '
  'were used before.';
GRANT EXECUTE ON FUNCTION spotter.pass_challenge(uuid, bytea, bigint, integer) TO spotter_writer;

CREATE TABLE spotter.api_key (
  user_id      uuid        NOT NULL,
  api_key_id   uuid        NOT NULL,
  name         text        NOT NULL,
  scopes       text[]      NOT NULL,
  key_hash     bytea       NOT NULL,
  expires_at   timestamptz,
  last_used_at timestamptz,
  revoked_at   timestamptz,
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT api_key_pkey PRIMARY KEY (user_id, api_key_id),
  CONSTRAINT api_key_user_fkey FOREIGN KEY (user_id) REFERENCES spotter.app_user (user_id),
  CONSTRAINT api_key_hash_size CHECK (octet_length(key_hash) = 32),
  CONSTRAINT api_key_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
  CONSTRAINT api_key_scopes_known CHECK (
    cardinality(scopes) > 0 AND scopes <@ '{read,write,live,import}'::text[])
);
COMMENT ON TABLE spotter.api_key IS
  'Keys of people''s programs, by hash. last_used_at is exact to the minute.';
CREATE UNIQUE INDEX api_key_hash_key ON spotter.api_key (user_id, key_hash);
ALTER TABLE spotter.api_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.api_key FORCE ROW LEVEL SECURITY;
CREATE POLICY api_key_reader ON spotter.api_key FOR SELECT TO spotter_reader
  USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY api_key_writer ON spotter.api_key TO spotter_writer
  USING (user_id = ANY (
    (SELECT NULLIF(current_setting('app.user_ids', true), '')::uuid[])::uuid[]));
GRANT SELECT (user_id, api_key_id, name, scopes, expires_at, last_used_at, revoked_at, created_at,
              updated_at) ON spotter.api_key TO spotter_reader;
GRANT SELECT, INSERT ON spotter.api_key TO spotter_writer;
GRANT UPDATE (last_used_at, revoked_at, updated_at) ON spotter.api_key TO spotter_writer;
CREATE TRIGGER api_key_touch BEFORE UPDATE OF revoked_at ON spotter.api_key FOR EACH ROW
  WHEN (NEW.updated_at = OLD.updated_at)
  EXECUTE FUNCTION spotter.touch_time();
SELECT spotter.let_erase('api_key');

CREATE FUNCTION spotter.json_time(p_at timestamptz) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT to_char(p_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;
COMMENT ON FUNCTION spotter.json_time(timestamptz) IS
  'A time as the API shows it.';
GRANT EXECUTE ON FUNCTION spotter.json_time(timestamptz) TO spotter_writer, spotter_identity;

CREATE FUNCTION spotter.api_key_json(p_key spotter.api_key) RETURNS json
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT json_build_object(
    'id', p_key.api_key_id, 'name', p_key.name, 'scopes', p_key.scopes,
    'expires_at', spotter.json_time(p_key.expires_at),
    'last_used_at', spotter.json_time(p_key.last_used_at),
    'created_at', spotter.json_time(p_key.created_at),
    'updated_at', spotter.json_time(p_key.updated_at))
$$;
COMMENT ON FUNCTION spotter.api_key_json(spotter.api_key) IS 'A key as its owner sees it.';
GRANT EXECUTE ON FUNCTION spotter.api_key_json(spotter.api_key) TO spotter_writer;

CREATE FUNCTION spotter.put_api_key(
  p_user_id uuid, p_login_id uuid, p_api_key_id uuid, p_name text, p_scopes text[],
  p_key_hash bytea, p_expires_at timestamptz)
RETURNS TABLE (outcome text, body json)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  made spotter.api_key;
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  IF NOT spotter.recently_authenticated(p_user_id, p_login_id) THEN
    RETURN QUERY SELECT 'reauthenticate', NULL::json;
    RETURN;
  END IF;
  IF (SELECT count(*) >= 50 FROM spotter.api_key k
       WHERE k.user_id = p_user_id AND k.revoked_at IS NULL
         AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())) THEN
    RETURN QUERY SELECT 'too_many', NULL::json;
    RETURN;
  END IF;
  INSERT INTO spotter.api_key (user_id, api_key_id, name, scopes, key_hash, expires_at)
  VALUES (p_user_id, p_api_key_id, p_name, p_scopes, p_key_hash, p_expires_at)
  ON CONFLICT (user_id, api_key_id) DO NOTHING
  RETURNING * INTO made;
  IF FOUND THEN
    PERFORM spotter.note_security_event(
      p_user_id, 'api_key_made', p_user_id, p_login_id, NULL, NULL, NULL, NULL,
      jsonb_build_object('api_key_id', p_api_key_id, 'name', p_name, 'scopes', p_scopes));
  ELSE
    SELECT * INTO made FROM spotter.api_key k
     WHERE k.user_id = p_user_id AND k.api_key_id = p_api_key_id;
  END IF;
  RETURN QUERY SELECT 'ok', spotter.api_key_json(made);
END
$$;
COMMENT ON FUNCTION spotter.put_api_key(uuid, uuid, uuid, text, text[], bytea, timestamptz) IS
  'Keeps a new key. outcome: ok (the same call again is, too), reauthenticate, or too_many.';
GRANT EXECUTE ON FUNCTION spotter.put_api_key(uuid, uuid, uuid, text, text[], bytea, timestamptz)
  TO spotter_writer;

CREATE FUNCTION spotter.list_api_keys(p_user_id uuid, p_before uuid, p_limit integer)
RETURNS TABLE (id uuid, body json)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  RETURN QUERY
    SELECT k.api_key_id, spotter.api_key_json(k)
      FROM spotter.api_key k
     WHERE k.user_id = p_user_id AND k.revoked_at IS NULL
       AND (p_before IS NULL OR k.api_key_id < p_before)
     ORDER BY k.api_key_id DESC
     LIMIT p_limit;
END
$$;
COMMENT ON FUNCTION spotter.list_api_keys(uuid, uuid, integer) IS
  'The keys of a user that were not revoked, newest first, before p_before.';
GRANT EXECUTE ON FUNCTION spotter.list_api_keys(uuid, uuid, integer) TO spotter_writer;

CREATE FUNCTION spotter.revoke_api_key(p_user_id uuid, p_api_key_id uuid) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  UPDATE spotter.api_key k SET revoked_at = clock_timestamp()
   WHERE k.user_id = p_user_id AND k.api_key_id = p_api_key_id AND k.revoked_at IS NULL;
  IF NOT FOUND THEN
    RETURN 'unknown';
  END IF;
  PERFORM spotter.note_security_event(p_user_id, 'api_key_revoked', p_user_id, NULL, NULL, NULL,
                                      NULL, NULL, jsonb_build_object('api_key_id', p_api_key_id));
  RETURN 'ok';
END
$$;
COMMENT ON FUNCTION spotter.revoke_api_key(uuid, uuid) IS 'Ends a key. ok or unknown.';
GRANT EXECUTE ON FUNCTION spotter.revoke_api_key(uuid, uuid) TO spotter_writer;

CREATE FUNCTION spotter.use_api_key(p_user_id uuid, p_key_hash bytea)
RETURNS TABLE (api_key_id uuid, scopes text[], expires_at timestamptz)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  found_key spotter.api_key;
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  SELECT k.* INTO found_key
    FROM spotter.api_key k
    JOIN spotter.app_user u ON u.user_id = k.user_id AND u.deleted_at IS NULL
   WHERE k.user_id = p_user_id AND k.key_hash = p_key_hash AND k.revoked_at IS NULL
     AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp());
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF found_key.last_used_at IS NULL
     OR found_key.last_used_at < clock_timestamp() - interval '1 minute' THEN
    UPDATE spotter.api_key k SET last_used_at = clock_timestamp()
     WHERE k.user_id = p_user_id AND k.api_key_id = found_key.api_key_id
       AND k.last_used_at IS NOT DISTINCT FROM found_key.last_used_at;
    IF FOUND AND found_key.last_used_at IS NULL THEN
      PERFORM spotter.note_security_event(
        p_user_id, 'api_key_first_used', p_user_id, NULL, NULL, NULL, NULL, NULL,
        jsonb_build_object('api_key_id', found_key.api_key_id));
    END IF;
  END IF;
  RETURN QUERY SELECT found_key.api_key_id, found_key.scopes, found_key.expires_at;
END
$$;
COMMENT ON FUNCTION spotter.use_api_key(uuid, bytea) IS
  'The live key with this hash; keeps when it was used, at most once a minute.';
GRANT EXECUTE ON FUNCTION spotter.use_api_key(uuid, bytea) TO spotter_writer;
