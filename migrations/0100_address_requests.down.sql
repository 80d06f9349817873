DROP FUNCTION spotter.ask_for_address(uuid, uuid, text);
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
