-- What an account needs besides signing in: proof of its address, mails with single-use tokens,
-- changes of password and address, and logins that can be ended one by one.

-- A profile's version is the seq of an event, so only what such an event tells may move it: the
-- session that writes the event knows nothing of password hashes and proven addresses.
DROP TRIGGER app_user_touch ON spotter.app_user;
CREATE TRIGGER app_user_touch BEFORE UPDATE ON spotter.app_user FOR EACH ROW
  WHEN ((NEW.updated_at = OLD.updated_at OR NEW.version <= OLD.version)
        AND (NEW.display_name, NEW.time_zone, NEW.unit, NEW.deleted_at)
              IS DISTINCT FROM (OLD.display_name, OLD.time_zone, OLD.unit, OLD.deleted_at))
  EXECUTE FUNCTION spotter.touch_version();

ALTER TABLE spotter.app_user
  ADD COLUMN email_verified_at timestamptz,
  ADD COLUMN password_changed_at timestamptz;
GRANT SELECT (email_verified_at, password_changed_at) ON spotter.app_user
  TO spotter_reader, spotter_writer;

-- The logins that are there have proved nothing of late.
ALTER TABLE spotter.login ADD COLUMN reauthenticated_at timestamptz;
ALTER TABLE spotter.login ALTER COLUMN reauthenticated_at SET DEFAULT clock_timestamp();
GRANT SELECT (reauthenticated_at) ON spotter.login TO spotter_reader;

CREATE FUNCTION spotter.recently_authenticated(p_user_id uuid, p_login_id uuid) RETURNS boolean
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM spotter.login l
                  WHERE l.user_id = p_user_id AND l.login_id = p_login_id
                    AND l.revoked_at IS NULL AND l.expires_at > clock_timestamp()
                    AND l.reauthenticated_at > clock_timestamp() - interval '10 minutes')
$$;
COMMENT ON FUNCTION spotter.recently_authenticated(uuid, uuid) IS
  'Whether a login lives and its owner has proved who they are in the last ten minutes. Run as '
  'somebody who sees the login.';
GRANT EXECUTE ON FUNCTION spotter.recently_authenticated(uuid, uuid)
  TO spotter_writer, spotter_identity;

CREATE FUNCTION spotter.email_verified(p_user_id uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce((SELECT u.email_verified_at IS NOT NULL FROM spotter.app_user u
                    WHERE u.user_id = p_user_id), false)
$$;
COMMENT ON FUNCTION spotter.email_verified(uuid) IS
  'Whether the account''s address was proved to be its owner''s.';
GRANT EXECUTE ON FUNCTION spotter.email_verified(uuid) TO spotter_reader, spotter_writer;
ALTER FUNCTION spotter.email_verified(uuid) OWNER TO spotter_identity;

CREATE TABLE spotter.account_token (
  user_id    uuid        NOT NULL,
  purpose    text        NOT NULL,
  token_hash bytea       NOT NULL,
  email      text        NOT NULL,
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT account_token_pkey PRIMARY KEY (user_id, purpose),
  CONSTRAINT account_token_user_fkey FOREIGN KEY (user_id) REFERENCES spotter.app_user (user_id),
  CONSTRAINT account_token_purpose_known CHECK (purpose IN ('verify', 'recovery', 'address')),
  CONSTRAINT account_token_hash_size CHECK (octet_length(token_hash) = 32)
);
COMMENT ON TABLE spotter.account_token IS
  'Mailed tokens that were not used yet, one of each purpose: a new one replaces the old. email: '
  'where it was sent to. Only functions of spotter_identity see it.';
CREATE UNIQUE INDEX account_token_hash_key ON spotter.account_token (token_hash);
ALTER TABLE spotter.account_token ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.account_token FORCE ROW LEVEL SECURITY;
CREATE POLICY account_token_identity ON spotter.account_token TO spotter_identity
  USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON spotter.account_token TO spotter_identity;

CREATE TABLE spotter.mail (
  user_id    uuid        NOT NULL,
  mail_id    uuid        NOT NULL DEFAULT gen_random_uuid(),
  template   text        NOT NULL,
  recipient  text        NOT NULL,
  detail     jsonb       NOT NULL DEFAULT '{}',
  state      text        NOT NULL DEFAULT 'queued',
  reason     text        NOT NULL DEFAULT '',
  sent_at    timestamptz,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT mail_pkey PRIMARY KEY (user_id, mail_id),
  CONSTRAINT mail_user_fkey FOREIGN KEY (user_id) REFERENCES spotter.app_user (user_id),
  CONSTRAINT mail_template_known CHECK (template IN
    ('verification', 'recovery', 'address_confirmation', 'address_changed', 'password_changed',
     'new_sign_in')),
  CONSTRAINT mail_state_known CHECK (state IN ('queued', 'sent', 'dead', 'replaced'))
);
COMMENT ON TABLE spotter.mail IS
  'Mails to an account, each sent by a job of the same id. No token is ever in here: it is made '
  'when the mail is sent, and only its hash is kept, in account_token. detail: what the text '
  'tells, emptied once the mail is sent or given up.';
ALTER TABLE spotter.mail ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.mail FORCE ROW LEVEL SECURITY;
CREATE POLICY mail_reader ON spotter.mail FOR SELECT TO spotter_reader
  USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY mail_writer ON spotter.mail TO spotter_writer
  USING (user_id = ANY (
    (SELECT NULLIF(current_setting('app.user_ids', true), '')::uuid[])::uuid[]));
CREATE POLICY mail_identity ON spotter.mail TO spotter_identity USING (true) WITH CHECK (true);
GRANT SELECT ON spotter.mail TO spotter_reader;
GRANT SELECT, UPDATE ON spotter.mail TO spotter_writer;
GRANT SELECT, INSERT, UPDATE ON spotter.mail TO spotter_identity;
CREATE TRIGGER mail_touch BEFORE UPDATE ON spotter.mail FOR EACH ROW
  WHEN (NEW.updated_at = OLD.updated_at)
  EXECUTE FUNCTION spotter.touch_time();

CREATE POLICY job_identity_insert ON spotter.job FOR INSERT TO spotter_identity WITH CHECK (true);
GRANT INSERT ON spotter.job TO spotter_identity;

CREATE TABLE spotter.mail_request (
  request_id uuid        NOT NULL DEFAULT gen_random_uuid(),
  purpose    text        NOT NULL,
  email      text        NOT NULL,
  address    text        NOT NULL DEFAULT '',
  user_agent text        NOT NULL DEFAULT '',
  trace_id   text        NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT mail_request_pkey PRIMARY KEY (request_id),
  CONSTRAINT mail_request_purpose_known CHECK (purpose IN ('verify', 'recovery')),
  CONSTRAINT mail_request_email_length CHECK (char_length(email) BETWEEN 3 AND 320)
);
COMMENT ON TABLE spotter.mail_request IS
  'Wishes for a mail by people who may have an account or not, until sort_mail_requests looks: '
  'kept first and looked up after the answer, so that both cost the same time.';
ALTER TABLE spotter.mail_request ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.mail_request FORCE ROW LEVEL SECURITY;
CREATE POLICY mail_request_identity ON spotter.mail_request TO spotter_identity
  USING (true) WITH CHECK (true);
-- UPDATE for its locks only.
GRANT SELECT, INSERT, UPDATE, DELETE ON spotter.mail_request TO spotter_identity;

CREATE FUNCTION spotter.queue_mail(
  p_user_id uuid, p_template text, p_recipient text, p_detail jsonb)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  new_id uuid;
BEGIN
  -- A stranger who knows an address must not fill its mailbox.
  IF p_template IN ('verification', 'recovery', 'new_sign_in', 'address_confirmation')
     AND (SELECT count(*) >= 5 FROM spotter.mail m
           WHERE m.user_id = p_user_id AND m.template = p_template
             AND m.created_at > clock_timestamp() - interval '1 hour') THEN
    RETURN false;
  END IF;
  IF p_template <> 'new_sign_in' THEN
    UPDATE spotter.mail m SET state = 'replaced', detail = '{}'
     WHERE m.user_id = p_user_id AND m.template = p_template AND m.state = 'queued'
       AND p_template IN ('verification', 'recovery', 'address_confirmation');
  END IF;
  INSERT INTO spotter.mail (user_id, template, recipient, detail)
  VALUES (p_user_id, p_template, p_recipient, coalesce(p_detail, '{}'))
  RETURNING mail_id INTO new_id;
  INSERT INTO spotter.job (user_id, job_id, kind, subject_id)
  VALUES (p_user_id, new_id, 'mail', new_id);
  RETURN true;
END
$$;
COMMENT ON FUNCTION spotter.queue_mail(uuid, text, text, jsonb) IS
  'Queues a mail and the job that sends it. A new one with a token replaces one that still waits. '
  'False where the account has had five of the kind within an hour.';
ALTER FUNCTION spotter.queue_mail(uuid, text, text, jsonb) OWNER TO spotter_identity;

CREATE FUNCTION spotter.network_of(p_address text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  a inet;
BEGIN
  a := p_address::inet;
  RETURN host(network(set_masklen(a, CASE family(a) WHEN 4 THEN 16 ELSE 32 END)));
EXCEPTION WHEN invalid_text_representation THEN
  RETURN p_address;
END
$$;
COMMENT ON FUNCTION spotter.network_of(text) IS
  'The wide network that an address lies in: phones change theirs often, but within it.';
GRANT EXECUTE ON FUNCTION spotter.network_of(text) TO spotter_identity;

-- A trigger, so that no way to sign in can forget it.
CREATE FUNCTION spotter.notice_login() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  who   spotter.app_user;
  first boolean;
  known boolean;
BEGIN
  -- Ids grow with time: the last fifty are enough to know a device by.
  SELECT count(*) = 0,
         coalesce(bool_or(l.user_agent = NEW.user_agent
                          AND spotter.network_of(l.address) = spotter.network_of(NEW.address)),
                  false)
    INTO first, known
    FROM (SELECT o.user_agent, o.address FROM spotter.login o
           WHERE o.user_id = NEW.user_id AND o.login_id <> NEW.login_id
           ORDER BY o.login_id DESC LIMIT 50) l;
  IF known THEN
    RETURN NULL;
  END IF;
  SELECT * INTO who FROM spotter.app_user u WHERE u.user_id = NEW.user_id;
  IF first AND who.email_verified_at IS NULL THEN
    PERFORM spotter.queue_mail(NEW.user_id, 'verification', who.email, NULL);
  ELSIF NOT first THEN
    PERFORM spotter.queue_mail(
      NEW.user_id, 'new_sign_in', who.email,
      jsonb_build_object('at', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI'),
                         'device', NEW.user_agent, 'address', NEW.address));
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION spotter.notice_login() IS
  'After a login was opened: the first one of an account asks for proof of its address, one from a '
  'device and network that were not seen before tells the owner.';
CREATE TRIGGER login_notice AFTER INSERT ON spotter.login
  FOR EACH ROW EXECUTE FUNCTION spotter.notice_login();
ALTER FUNCTION spotter.notice_login() OWNER TO spotter_identity;

CREATE FUNCTION spotter.ask_for_mail(
  p_purpose text, p_email text, p_address text, p_user_agent text, p_trace_id text)
RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO spotter.mail_request (purpose, email, address, user_agent, trace_id)
  VALUES (p_purpose, lower(p_email), p_address, p_user_agent, p_trace_id)
  RETURNING true
$$;
COMMENT ON FUNCTION spotter.ask_for_mail(text, text, text, text, text) IS
  'Keeps a wish for a mail, whoever has the address.';
GRANT EXECUTE ON FUNCTION spotter.ask_for_mail(text, text, text, text, text) TO spotter_writer;
ALTER FUNCTION spotter.ask_for_mail(text, text, text, text, text) OWNER TO spotter_identity;

CREATE FUNCTION spotter.sort_mail_requests(p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wish   spotter.mail_request;
  who    spotter.app_user;
  queued integer := 0;
BEGIN
  FOR wish IN
    DELETE FROM spotter.mail_request r
     WHERE r.request_id IN (SELECT q.request_id FROM spotter.mail_request q
                             ORDER BY q.created_at LIMIT p_limit FOR UPDATE SKIP LOCKED)
    RETURNING r.*
  LOOP
    SELECT u.* INTO who
      FROM spotter.account_email e JOIN spotter.app_user u ON u.user_id = e.user_id
     WHERE e.email = wish.email AND u.deleted_at IS NULL;
    CONTINUE WHEN NOT FOUND;
    CONTINUE WHEN wish.purpose = 'verify' AND who.email_verified_at IS NOT NULL;
    IF spotter.queue_mail(who.user_id,
                          CASE wish.purpose WHEN 'verify' THEN 'verification' ELSE 'recovery' END,
                          who.email,
                          jsonb_build_object('address', wish.address,
                                             'device', wish.user_agent)) THEN
      queued := queued + 1;
    END IF;
    IF wish.purpose = 'recovery' THEN
      PERFORM spotter.note_security_event(who.user_id, 'recovery_requested', NULL, NULL,
                                          wish.address, wish.user_agent, NULL, wish.trace_id,
                                          NULL);
    END IF;
  END LOOP;
  RETURN queued;
END
$$;
COMMENT ON FUNCTION spotter.sort_mail_requests(integer) IS
  'Looks whose the addresses of up to p_limit wishes are, queues their mails and forgets the '
  'wishes; returns how many mails were queued.';
GRANT EXECUTE ON FUNCTION spotter.sort_mail_requests(integer) TO spotter_writer;
ALTER FUNCTION spotter.sort_mail_requests(integer) OWNER TO spotter_identity;

CREATE FUNCTION spotter.prepare_mail(p_user_id uuid, p_mail_id uuid, p_token_hash bytea)
RETURNS TABLE (template text, recipient text, display_name text, at text, device text,
               address text, wanted boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  it  spotter.mail;
  who spotter.app_user;
  use text;
BEGIN
  SELECT * INTO it FROM spotter.mail m
   WHERE m.user_id = p_user_id AND m.mail_id = p_mail_id AND m.state = 'queued' FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  SELECT * INTO who FROM spotter.app_user u WHERE u.user_id = p_user_id AND u.deleted_at IS NULL;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  use := CASE it.template WHEN 'verification' THEN 'verify' WHEN 'recovery' THEN 'recovery'
                          WHEN 'address_confirmation' THEN 'address' END;
  -- What nobody waits for any more is better not sent.
  wanted := CASE use WHEN 'verify' THEN who.email = it.recipient AND who.email_verified_at IS NULL
                     WHEN 'recovery' THEN who.email = it.recipient
                     ELSE true END
            AND (use IS NULL OR it.created_at > clock_timestamp() - interval '6 hours');
  IF wanted AND use IS NOT NULL THEN
    INSERT INTO spotter.account_token AS t (user_id, purpose, token_hash, email, expires_at)
    VALUES (p_user_id, use, p_token_hash, it.recipient, clock_timestamp() + interval '10 minutes')
    ON CONFLICT (user_id, purpose) DO UPDATE
      SET token_hash = excluded.token_hash, email = excluded.email,
          expires_at = excluded.expires_at, created_at = clock_timestamp();
  END IF;
  RETURN QUERY SELECT it.template, it.recipient, who.display_name,
                      coalesce(it.detail ->> 'at', ''), coalesce(it.detail ->> 'device', ''),
                      coalesce(it.detail ->> 'address', ''), wanted;
END
$$;
COMMENT ON FUNCTION spotter.prepare_mail(uuid, uuid, bytea) IS
  'What a waiting mail says, and makes its token, of this hash, good for ten minutes. No row: it '
  'does not wait any more. wanted: false where it would come too late.';
GRANT EXECUTE ON FUNCTION spotter.prepare_mail(uuid, uuid, bytea) TO spotter_writer;
ALTER FUNCTION spotter.prepare_mail(uuid, uuid, bytea) OWNER TO spotter_identity;

CREATE FUNCTION spotter.finish_mail(
  p_user_id uuid, p_mail_id uuid, p_state text, p_reason text)
RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  UPDATE spotter.mail m
     SET state = p_state, reason = left(p_reason, 500), detail = '{}',
         sent_at = CASE p_state WHEN 'sent' THEN clock_timestamp() END
   WHERE m.user_id = p_user_id AND m.mail_id = p_mail_id AND m.state = 'queued';
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION spotter.finish_mail(uuid, uuid, text, text) IS
  'Says that a mail was sent or given up, and empties what it told.';
GRANT EXECUTE ON FUNCTION spotter.finish_mail(uuid, uuid, text, text) TO spotter_writer;

CREATE FUNCTION spotter.verify_address(p_token_hash bytea)
RETURNS TABLE (outcome text, user_id uuid, email text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  used spotter.account_token;
  who  spotter.app_user;
BEGIN
  DELETE FROM spotter.account_token t
   WHERE t.token_hash = p_token_hash AND t.purpose IN ('verify', 'address')
     AND t.expires_at > clock_timestamp()
  RETURNING t.* INTO used;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'unknown', NULL::uuid, NULL::text;
    RETURN;
  END IF;
  SELECT * INTO who FROM spotter.app_user u
   WHERE u.user_id = used.user_id AND u.deleted_at IS NULL FOR UPDATE;
  IF NOT FOUND OR (used.purpose = 'verify' AND who.email <> used.email) THEN
    RETURN QUERY SELECT 'unknown', NULL::uuid, NULL::text;
    RETURN;
  END IF;
  IF used.purpose = 'verify' THEN
    UPDATE spotter.app_user u SET email_verified_at = clock_timestamp()
     WHERE u.user_id = used.user_id AND u.email_verified_at IS NULL;
    PERFORM spotter.note_security_event(used.user_id, 'email_verified', used.user_id, NULL, NULL,
                                        NULL, NULL, NULL, NULL);
  ELSE
    BEGIN
      INSERT INTO spotter.account_email (email, user_id) VALUES (lower(used.email), used.user_id);
    EXCEPTION WHEN unique_violation THEN
      IF lower(who.email) <> lower(used.email) THEN
        RETURN QUERY SELECT 'taken', NULL::uuid, NULL::text;
        RETURN;
      END IF;
    END;
    DELETE FROM spotter.account_email e
     WHERE e.user_id = used.user_id AND e.email <> lower(used.email);
    UPDATE spotter.app_user u SET email = used.email, email_verified_at = clock_timestamp()
     WHERE u.user_id = used.user_id;
    -- What was mailed to the old address must not open the account any more.
    DELETE FROM spotter.account_token t WHERE t.user_id = used.user_id;
    PERFORM spotter.queue_mail(used.user_id, 'address_changed', who.email,
                               jsonb_build_object('address', used.email));
    PERFORM spotter.note_security_event(used.user_id, 'email_changed', used.user_id, NULL, NULL,
                                        NULL, NULL, NULL, NULL);
  END IF;
  RETURN QUERY SELECT 'ok', used.user_id, used.email;
END
$$;
COMMENT ON FUNCTION spotter.verify_address(bytea) IS
  'Uses up a token that was mailed to an address: the address is proved, or, where it was asked '
  'for, becomes the account''s. outcome: ok, unknown, or taken by somebody else meanwhile.';
GRANT EXECUTE ON FUNCTION spotter.verify_address(bytea) TO spotter_writer;
GRANT DELETE ON spotter.account_email TO spotter_identity;
CREATE POLICY account_email_identity_delete ON spotter.account_email FOR DELETE
  TO spotter_identity USING (true);
ALTER FUNCTION spotter.verify_address(bytea) OWNER TO spotter_identity;

CREATE FUNCTION spotter.find_recovery(p_token_hash bytea)
RETURNS TABLE (email text, display_name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT u.email, u.display_name
    FROM spotter.account_token t JOIN spotter.app_user u ON u.user_id = t.user_id
   WHERE t.token_hash = p_token_hash AND t.purpose = 'recovery'
     AND t.expires_at > clock_timestamp() AND t.email = u.email AND u.deleted_at IS NULL
$$;
COMMENT ON FUNCTION spotter.find_recovery(bytea) IS
  'Whose recovery a token is for; it stays good. For the rules of passwords only.';
GRANT EXECUTE ON FUNCTION spotter.find_recovery(bytea) TO spotter_writer;
ALTER FUNCTION spotter.find_recovery(bytea) OWNER TO spotter_identity;

CREATE FUNCTION spotter.end_logins(p_user_id uuid, p_except uuid, p_reason text) RETURNS uuid[]
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
GRANT EXECUTE ON FUNCTION spotter.end_logins(uuid, uuid, text) TO spotter_writer, spotter_identity;

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

CREATE FUNCTION spotter.load_credentials(p_user_id uuid, p_login_id uuid)
RETURNS TABLE (password_hash text, email text, display_name text, recent boolean)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT u.password_hash, u.email, u.display_name,
         spotter.recently_authenticated(p_user_id, p_login_id)
    FROM spotter.app_user u
    JOIN spotter.login l ON l.user_id = u.user_id AND l.login_id = p_login_id
   WHERE u.user_id = p_user_id AND u.deleted_at IS NULL AND l.revoked_at IS NULL
     AND l.expires_at > clock_timestamp()
$$;
COMMENT ON FUNCTION spotter.load_credentials(uuid, uuid) IS
  'What a signed-in user has to prove; no row where the login is over.';
GRANT EXECUTE ON FUNCTION spotter.load_credentials(uuid, uuid) TO spotter_writer;
ALTER FUNCTION spotter.load_credentials(uuid, uuid) OWNER TO spotter_identity;

CREATE FUNCTION spotter.change_password(
  p_user_id uuid, p_login_id uuid, p_old_hash text, p_new_hash text)
RETURNS TABLE (ended uuid[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  who spotter.app_user;
BEGIN
  UPDATE spotter.app_user u
     SET password_hash = p_new_hash, password_changed_at = clock_timestamp()
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

CREATE FUNCTION spotter.renew_password_hash(p_user_id uuid, p_old_hash text, p_new_hash text)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE spotter.app_user u SET password_hash = p_new_hash
   WHERE u.user_id = p_user_id AND u.password_hash = p_old_hash AND u.deleted_at IS NULL;
  RETURN FOUND;
END
$$;
COMMENT ON FUNCTION spotter.renew_password_hash(uuid, text, text) IS
  'Keeps the same password under another cost; false where it was changed meanwhile.';
GRANT EXECUTE ON FUNCTION spotter.renew_password_hash(uuid, text, text) TO spotter_writer;
ALTER FUNCTION spotter.renew_password_hash(uuid, text, text) OWNER TO spotter_identity;

CREATE FUNCTION spotter.ask_for_address(p_user_id uuid, p_login_id uuid, p_email text)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT spotter.recently_authenticated(p_user_id, p_login_id) THEN
    RETURN 'reauthenticate';
  END IF;
  -- A later wish takes the place of an earlier one.
  DELETE FROM spotter.account_token t WHERE t.user_id = p_user_id AND t.purpose = 'address';
  PERFORM spotter.note_security_event(p_user_id, 'email_change_requested', p_user_id, p_login_id,
                                      NULL, NULL, NULL, NULL, NULL);
  IF EXISTS (SELECT FROM spotter.account_email e
              WHERE e.email = lower(p_email) AND e.user_id <> p_user_id) THEN
    -- The same answer: whose addresses there are is nobody's business. Whoever reads the other
    -- mailbox learns nothing either.
    RETURN 'ok';
  END IF;
  IF NOT spotter.queue_mail(p_user_id, 'address_confirmation', p_email, NULL) THEN
    RETURN 'too_many';
  END IF;
  RETURN 'ok';
END
$$;
COMMENT ON FUNCTION spotter.ask_for_address(uuid, uuid, text) IS
  'Mails a token to the address that is to become the account''s. ok, reauthenticate or too_many.';
GRANT EXECUTE ON FUNCTION spotter.ask_for_address(uuid, uuid, text) TO spotter_writer;
ALTER FUNCTION spotter.ask_for_address(uuid, uuid, text) OWNER TO spotter_identity;

-- The rest runs as the writer, under its policies.
CREATE FUNCTION spotter.list_logins(p_user_id uuid, p_before uuid, p_limit integer)
RETURNS TABLE (login_id uuid, created_at timestamptz, last_used_at timestamptz,
               expires_at timestamptz, user_agent text, address text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  RETURN QUERY
    SELECT l.login_id, l.created_at, l.last_used_at, l.expires_at, l.user_agent, l.address
      FROM spotter.login l
     WHERE l.user_id = p_user_id AND l.revoked_at IS NULL AND l.expires_at > clock_timestamp()
       AND (p_before IS NULL OR l.login_id < p_before)
     ORDER BY l.login_id DESC
     LIMIT p_limit;
END
$$;
COMMENT ON FUNCTION spotter.list_logins(uuid, uuid, integer) IS
  'The live logins of a user, newest first, before p_before.';
GRANT EXECUTE ON FUNCTION spotter.list_logins(uuid, uuid, integer) TO spotter_writer;

CREATE FUNCTION spotter.end_login(p_user_id uuid, p_login_id uuid, p_which uuid)
RETURNS TABLE (outcome text, ended uuid[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  IF NOT spotter.recently_authenticated(p_user_id, p_login_id) THEN
    RETURN QUERY SELECT 'reauthenticate', '{}'::uuid[];
  ELSIF p_which IS NULL THEN
    RETURN QUERY SELECT 'ok', spotter.end_logins(p_user_id, p_login_id, 'revoked');
  ELSE
    UPDATE spotter.login l SET revoked_at = clock_timestamp(), revoked_reason = 'revoked'
     WHERE l.user_id = p_user_id AND l.login_id = p_which AND l.revoked_at IS NULL;
    IF FOUND THEN
      RETURN QUERY SELECT 'ok', ARRAY[p_which];
    ELSE
      RETURN QUERY SELECT 'unknown', '{}'::uuid[];
    END IF;
  END IF;
END
$$;
COMMENT ON FUNCTION spotter.end_login(uuid, uuid, uuid) IS
  'Ends one login of a user, or all others (p_which null), by the wish of p_login_id. outcome: ok, '
  'unknown, or reauthenticate.';
GRANT EXECUTE ON FUNCTION spotter.end_login(uuid, uuid, uuid) TO spotter_writer;

CREATE POLICY mail_prune_select ON spotter.mail FOR SELECT TO spotter_job_runner USING (true);
CREATE POLICY mail_prune_delete ON spotter.mail FOR DELETE TO spotter_job_runner USING (true);
GRANT SELECT, DELETE ON spotter.mail TO spotter_job_runner;
CREATE POLICY job_prune_delete ON spotter.job FOR DELETE TO spotter_job_runner USING (true);
GRANT DELETE ON spotter.job TO spotter_job_runner;
CREATE INDEX mail_prune_idx ON spotter.mail USING brin (created_at);
CREATE FUNCTION spotter.prune_mail(keep interval, batch integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  pruned integer;
BEGIN
  WITH old AS (
    DELETE FROM spotter.mail
     WHERE ctid = ANY (ARRAY(SELECT m.ctid FROM spotter.mail m
                              WHERE m.created_at < now() - keep AND m.state <> 'queued'
                              LIMIT batch))
    RETURNING user_id, mail_id
  ), done AS (
    DELETE FROM spotter.job j USING old
     WHERE j.user_id = old.user_id AND j.job_id = old.mail_id
       AND j.state IN ('finished', 'dead', 'cancelled')
  )
  SELECT count(*) INTO pruned FROM old;
  RETURN pruned;
END
$$;
COMMENT ON FUNCTION spotter.prune_mail(interval, integer) IS
  'Deletes up to batch mails that were sent or given up longer ago than keep, with their jobs; '
  'returns how many.';
GRANT EXECUTE ON FUNCTION spotter.prune_mail(interval, integer) TO spotter_writer;
ALTER FUNCTION spotter.prune_mail(interval, integer) OWNER TO spotter_job_runner;
