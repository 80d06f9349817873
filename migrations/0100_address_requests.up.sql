-- A wish for another address tells nothing of whether somebody has it: it leaves the same rows, and counts
-- towards the five of an hour, whether a letter goes out or not.
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
