-- A stranger who asks for mails to somebody's address uses up the share of the stranger's own network, and no
-- longer what the owner of the account could ask for.
ALTER TABLE spotter.mail ADD COLUMN asked_from text NOT NULL DEFAULT '';
COMMENT ON COLUMN spotter.mail.asked_from IS
  'The network of whoever asked for it without being signed in; empty for all others.';

CREATE FUNCTION spotter.asking_network(p_address text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  a inet;
BEGIN
  a := regexp_replace(p_address, '^::ffff:(?=[0-9]+\.)', '', 'i')::inet;
  RETURN network(set_masklen(a, CASE family(a) WHEN 4 THEN 24 ELSE 48 END))::text;
EXCEPTION WHEN invalid_text_representation THEN
  RETURN p_address;
END
$$;
COMMENT ON FUNCTION spotter.asking_network(text) IS
  'The network that one stranger may well have all addresses of. Narrower than network_of, which is '
  'about where people move.';
GRANT EXECUTE ON FUNCTION spotter.asking_network(text) TO spotter_identity;

-- Made anew, since only their owner may replace them.
DROP FUNCTION spotter.queue_mail(uuid, text, text, jsonb), spotter.sort_mail_requests(integer);

CREATE FUNCTION spotter.queue_mail(
  p_user_id uuid, p_template text, p_recipient text, p_detail jsonb,
  p_asked_from text DEFAULT '')
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  new_id     uuid;
  from_there integer;
  in_all     integer;
BEGIN
  -- A stranger who knows an address must not fill its mailbox.
  IF p_template IN ('verification', 'recovery', 'new_sign_in', 'address_confirmation') THEN
    SELECT count(*) FILTER (WHERE m.asked_from = p_asked_from), count(*) INTO from_there, in_all
      FROM spotter.mail m
     WHERE m.user_id = p_user_id AND m.template = p_template
       AND m.created_at > clock_timestamp() - interval '1 hour';
    IF from_there >= 5 THEN
      RETURN false;
    END IF;
    -- Nor must one with many networks keep its owner out, who most often asks from where they have
    -- signed in before. Ids grow with time: the last fifty logins are enough.
    IF in_all >= 20
       AND NOT EXISTS (SELECT FROM (SELECT o.address FROM spotter.login o
                                     WHERE o.user_id = p_user_id
                                     ORDER BY o.login_id DESC LIMIT 50) l
                        WHERE spotter.asking_network(l.address) = p_asked_from) THEN
      RETURN false;
    END IF;
  END IF;
  IF p_template <> 'new_sign_in' THEN
    UPDATE spotter.mail m SET state = 'replaced', detail = '{}'
     WHERE m.user_id = p_user_id AND m.template = p_template AND m.state = 'queued'
       AND p_template IN ('verification', 'recovery', 'address_confirmation');
  END IF;
  INSERT INTO spotter.mail (user_id, template, recipient, detail, asked_from)
  VALUES (p_user_id, p_template, p_recipient, coalesce(p_detail, '{}'), p_asked_from)
  RETURNING mail_id INTO new_id;
  INSERT INTO spotter.job (user_id, job_id, kind, subject_id)
  VALUES (p_user_id, new_id, 'mail', new_id);
  RETURN true;
END
$$;
COMMENT ON FUNCTION spotter.queue_mail(uuid, text, text, jsonb, text) IS
  'Queues a mail and the job that sends it. A new one with a token replaces one that still waits. '
  'False where the account has had five of the kind within an hour for one asking network, or twenty '
  'in all and nobody has signed in from this one.';
ALTER FUNCTION spotter.queue_mail(uuid, text, text, jsonb, text) OWNER TO spotter_identity;

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
