-- Wishes for an address that somebody has were sorted out when they came, which made the server a little less busy
-- than others did, and the next answer a little later. Now all are put to the same work until a letter would go out.
DROP FUNCTION spotter.ask_for_address(uuid, uuid, text);
CREATE FUNCTION spotter.ask_for_address(p_user_id uuid, p_login_id uuid, p_email text)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  new_id uuid := gen_random_uuid();
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
  INSERT INTO spotter.mail (user_id, mail_id, template, recipient, state)
  VALUES (p_user_id, new_id, 'address_confirmation', p_email, 'queued');
  INSERT INTO spotter.job (user_id, job_id, kind, subject_id, state)
  VALUES (p_user_id, new_id, 'mail', new_id, 'queued');
  RETURN 'ok';
END
$$;
COMMENT ON FUNCTION spotter.ask_for_address(uuid, uuid, text) IS
  'Has a letter with a token written to the address that is to become the account''s. Whether '
  'somebody has it is not asked here. ok, reauthenticate or too_many.';
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
  -- Whoever reads another's mailbox learns nothing either: that letter never goes out.
  IF it.template = 'address_confirmation'
     AND EXISTS (SELECT FROM spotter.account_email e
                  WHERE e.email = lower(it.recipient) AND e.user_id <> p_user_id) THEN
    UPDATE spotter.mail m SET state = 'replaced', detail = '{}'
     WHERE m.user_id = p_user_id AND m.mail_id = p_mail_id;
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
  'does not wait any more, or asks for an address that somebody has. wanted: false where it would '
  'come too late.';
GRANT EXECUTE ON FUNCTION spotter.prepare_mail(uuid, uuid, bytea) TO spotter_writer;
ALTER FUNCTION spotter.prepare_mail(uuid, uuid, bytea) OWNER TO spotter_identity;
