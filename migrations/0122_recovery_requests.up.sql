-- A wish for recovery keeps the id of the request that it came with, for its security event: request_id is
-- the row's own key.
ALTER TABLE spotter.mail_request ADD COLUMN asked_by text NOT NULL DEFAULT '';
COMMENT ON COLUMN spotter.mail_request.asked_by IS 'The id of the caller''s request.';

DROP FUNCTION spotter.ask_for_mail(text, text, text, text, text);
CREATE FUNCTION spotter.ask_for_mail(
  p_purpose text, p_email text, p_address text, p_user_agent text, p_trace_id text,
  p_request_id text)
RETURNS boolean
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO spotter.mail_request (purpose, email, address, user_agent, trace_id, asked_by)
  VALUES (p_purpose, lower(p_email), p_address, p_user_agent, p_trace_id,
          coalesce(p_request_id, ''))
  RETURNING true
$$;
COMMENT ON FUNCTION spotter.ask_for_mail(text, text, text, text, text, text) IS
  'Keeps a wish for a mail, whoever has the address.';
GRANT EXECUTE ON FUNCTION spotter.ask_for_mail(text, text, text, text, text, text)
  TO spotter_writer;
ALTER FUNCTION spotter.ask_for_mail(text, text, text, text, text, text)
  OWNER TO spotter_identity;

DROP FUNCTION spotter.sort_mail_requests(integer);
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
                                             'device', wish.user_agent),
                          spotter.asking_network(wish.address)) THEN
      queued := queued + 1;
    END IF;
    IF wish.purpose = 'recovery' THEN
      PERFORM spotter.note_security_event(who.user_id, 'recovery_requested', NULL, NULL,
                                          wish.address, wish.user_agent, wish.asked_by,
                                          wish.trace_id, NULL);
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
