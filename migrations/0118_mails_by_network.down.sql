-- Back to the functions of 0061.
DROP FUNCTION spotter.queue_mail(uuid, text, text, jsonb, text), spotter.sort_mail_requests(integer),
  spotter.asking_network(text);

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

ALTER TABLE spotter.mail DROP COLUMN asked_from;
