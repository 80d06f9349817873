-- Wishes for an address that somebody has are sorted out when they come.
DROP FUNCTION spotter.ask_for_address(uuid, uuid, text);
CREATE FUNCTION spotter.ask_for_address(p_user_id uuid, p_login_id uuid, p_email text)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  new_id uuid := gen_random_uuid();
  taken  boolean;
BEGIN
  IF NOT spotter.recently_authenticated(p_user_id, p_login_id) THEN
    RETURN 'reauthenticate';
  END IF;
  -- A later wish takes the place of an earlier one.
  DELETE FROM spotter.account_token t WHERE t.user_id = p_user_id AND t.purpose = 'address';
  PERFORM spotter.note_security_event(p_user_id, 'email_change_requested', p_user_id, p_login_id,
                                      NULL, NULL, NULL, NULL, NULL);
  IF (SELECT count(*) >= 5 FROM spotter.mail m
       WHERE m.user_id = p_user_id AND m.template = 'address_confirmation'
         AND m.created_at > clock_timestamp() - interval '1 hour') THEN
    RETURN 'too_many';
  END IF;
  UPDATE spotter.mail m SET state = 'replaced', detail = '{}'
   WHERE m.user_id = p_user_id AND m.template = 'address_confirmation' AND m.state = 'queued';
  -- The same answer: whose addresses there are is nobody's business. Whoever reads the other
  -- mailbox learns nothing either, so that letter is one that never goes out.
  taken := EXISTS (SELECT FROM spotter.account_email e
                    WHERE e.email = lower(p_email) AND e.user_id <> p_user_id);
  INSERT INTO spotter.mail (user_id, mail_id, template, recipient, state)
  VALUES (p_user_id, new_id, 'address_confirmation', p_email,
          CASE WHEN taken THEN 'replaced' ELSE 'queued' END);
  INSERT INTO spotter.job (user_id, job_id, kind, subject_id, state)
  VALUES (p_user_id, new_id, 'mail', new_id, CASE WHEN taken THEN 'cancelled' ELSE 'queued' END);
  RETURN 'ok';
END
$$;
COMMENT ON FUNCTION spotter.ask_for_address(uuid, uuid, text) IS
  'Mails a token to the address that is to become the account''s, unless somebody has it, which '
  'looks the same. ok, reauthenticate or too_many.';
GRANT EXECUTE ON FUNCTION spotter.ask_for_address(uuid, uuid, text) TO spotter_writer;
ALTER FUNCTION spotter.ask_for_address(uuid, uuid, text) OWNER TO spotter_identity;

DROP FUNCTION spotter.prepare_mail(uuid, uuid, bytea);
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
