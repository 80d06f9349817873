-- What an auditor asks for: who signed in, changed a factor, saw whose data, and from where. Rows
-- are added by the database, never changed, and leave only with their whole month.
CREATE TABLE spotter.security_event (
  user_id           uuid,
  security_event_id bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
  at                timestamptz NOT NULL DEFAULT clock_timestamp(),
  kind              text        NOT NULL,
  actor_user_id     uuid,
  login_id          uuid,
  address           text        NOT NULL DEFAULT '',
  user_agent        text        NOT NULL DEFAULT '',
  request_id        text        NOT NULL DEFAULT '',
  trace_id          text        NOT NULL DEFAULT '',
  detail            jsonb       NOT NULL DEFAULT '{}',
  CONSTRAINT security_event_pkey PRIMARY KEY (at, security_event_id),
  CONSTRAINT security_event_kind_format CHECK (kind ~ '^[a-z][a-z_]{2,63}$'),
  CONSTRAINT security_event_detail_small CHECK (
    jsonb_typeof(detail) = 'object' AND pg_column_size(detail) <= 4096)
) PARTITION BY RANGE (at);
COMMENT ON TABLE spotter.security_event IS
  'Security events. user_id: whom it concerns, null where nobody is known; actor_user_id: who did '
  'it, null where unknown or the operator. No foreign keys: what happened stays when a row goes. '
  'Keyed by time: an administrator pages through all, and old months are dropped whole.';
CREATE INDEX security_event_user_idx
  ON spotter.security_event (user_id, at DESC, security_event_id DESC);
CREATE INDEX security_event_kind_idx
  ON spotter.security_event (kind, at DESC, security_event_id DESC);
ALTER TABLE spotter.security_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.security_event FORCE ROW LEVEL SECURITY;
CREATE POLICY security_event_reader ON spotter.security_event FOR SELECT TO spotter_reader
  USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY security_event_writer ON spotter.security_event FOR INSERT TO spotter_writer
  WITH CHECK (user_id = ANY (
    (SELECT NULLIF(current_setting('app.user_ids', true), '')::uuid[])::uuid[]));
CREATE POLICY security_event_identity_select ON spotter.security_event FOR SELECT
  TO spotter_identity USING (true);
CREATE POLICY security_event_identity_insert ON spotter.security_event FOR INSERT
  TO spotter_identity WITH CHECK (true);
GRANT SELECT ON spotter.security_event TO spotter_reader, spotter_identity;
GRANT INSERT (user_id, kind, actor_user_id, login_id, address, user_agent, request_id, trace_id,
              detail) ON spotter.security_event TO spotter_writer, spotter_identity;

CREATE FUNCTION spotter.ensure_security_event_partitions(months_ahead integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  first timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
  month timestamp;
  part  text;
  made  integer := 0;
BEGIN
  IF months_ahead NOT BETWEEN 0 AND 120 THEN
    RAISE EXCEPTION 'months_ahead must be between 0 and 120, not %', months_ahead
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM pg_advisory_xact_lock(21329, 1); -- one at a time
  FOR i IN 0 .. months_ahead LOOP
    month := first + i * interval '1 month';
    part := 'security_event_' || to_char(month, 'YYYY_MM');
    CONTINUE WHEN to_regclass('spotter.' || part) IS NOT NULL;
    -- Made apart and then attached: that needs no exclusive lock on the whole.
    EXECUTE format('CREATE TABLE spotter.%I (LIKE spotter.security_event INCLUDING DEFAULTS '
                   'INCLUDING CONSTRAINTS INCLUDING STORAGE)', part);
    EXECUTE format('ALTER TABLE spotter.%I ENABLE ROW LEVEL SECURITY', part);
    EXECUTE format('ALTER TABLE spotter.%I FORCE ROW LEVEL SECURITY', part);
    EXECUTE format('ALTER TABLE spotter.security_event ATTACH PARTITION spotter.%I '
                   'FOR VALUES FROM (%L) TO (%L)', part,
                   month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
    made := made + 1;
  END LOOP;
  RETURN made;
END
$$;
COMMENT ON FUNCTION spotter.ensure_security_event_partitions(integer) IS
  'Makes the partitions of security_event for this month and so many ahead; returns how many were '
  'missing.';
GRANT EXECUTE ON FUNCTION spotter.ensure_security_event_partitions(integer) TO spotter_writer;
SELECT spotter.ensure_security_event_partitions(12);

CREATE FUNCTION spotter.drop_security_event_partitions(keep interval) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
  last    text;
  part    text;
  dropped integer := 0;
BEGIN
  -- Whoever takes the server over cannot hide what it has just done.
  IF keep IS NULL OR keep < interval '90 days' THEN
    RAISE EXCEPTION 'security events are kept 90 days at least, not %', keep
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM pg_advisory_xact_lock(21329, 1);
  -- Of the months that ended before the limit.
  last := 'security_event_' || to_char((now() - keep) AT TIME ZONE 'UTC', 'YYYY_MM');
  FOR part IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'spotter.security_event'::regclass
       AND c.relname ~ '^security_event_\d{4}_\d{2}$' AND c.relname < last COLLATE "C"
     ORDER BY c.relname
  LOOP
    EXECUTE format('DROP TABLE spotter.%I', part);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END
$$;
COMMENT ON FUNCTION spotter.drop_security_event_partitions(interval) IS
  'Drops the months of security_event that lie wholly before now() - keep; returns how many.';
GRANT EXECUTE ON FUNCTION spotter.drop_security_event_partitions(interval) TO spotter_writer;

CREATE FUNCTION spotter.in_request(
  p_request_id text, p_trace_id text, p_address text, p_user_agent text)
RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('app.request_id', coalesce(p_request_id, ''), true),
          set_config('app.trace_id', coalesce(p_trace_id, ''), true),
          set_config('app.address', coalesce(p_address, ''), true),
          set_config('app.user_agent', coalesce(p_user_agent, ''), true);
  RETURN true;
END
$$;
COMMENT ON FUNCTION spotter.in_request(text, text, text, text) IS
  'Names the request that the rest of the statement belongs to, for the security events that it '
  'causes: SELECT spotter.some_change(…) WHERE spotter.in_request(…).';
GRANT EXECUTE ON FUNCTION spotter.in_request(text, text, text, text)
  TO spotter_writer, spotter_reader;

CREATE FUNCTION spotter.note_security_event(
  p_user_id uuid, p_kind text, p_actor_user_id uuid, p_login_id uuid, p_address text,
  p_user_agent text, p_request_id text, p_trace_id text, p_detail jsonb)
RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO spotter.security_event (user_id, kind, actor_user_id, login_id, address, user_agent,
                                      request_id, trace_id, detail)
  VALUES (p_user_id, p_kind, p_actor_user_id, p_login_id,
          left(coalesce(nullif(p_address, ''), current_setting('app.address', true), ''), 64),
          left(coalesce(nullif(p_user_agent, ''), current_setting('app.user_agent', true), ''),
               512),
          left(coalesce(nullif(p_request_id, ''), current_setting('app.request_id', true), ''),
               128),
          left(coalesce(nullif(p_trace_id, ''), current_setting('app.trace_id', true), ''), 64),
          coalesce(p_detail, '{}'))
$$;
COMMENT ON FUNCTION spotter.note_security_event(uuid, text, uuid, uuid, text, text, text, text,
                                                jsonb) IS
  'Adds a security event in the transaction of what it tells of. Where the request''s address, '
  'device, id or trace is left out, that of in_request counts.';
GRANT EXECUTE ON FUNCTION spotter.note_security_event(uuid, text, uuid, uuid, text, text, text,
                                                      text, jsonb) TO spotter_writer;
ALTER FUNCTION spotter.note_security_event(uuid, text, uuid, uuid, text, text, text, text, jsonb)
  OWNER TO spotter_identity;

-- Triggers, so that no way to open or end a login, and none to give a role, can forget its event.
CREATE FUNCTION spotter.note_login() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM spotter.note_security_event(NEW.user_id, 'signed_in', NEW.user_id, NEW.login_id,
                                        NEW.address, NEW.user_agent, NULL, NULL, NULL);
  ELSE
    PERFORM spotter.note_security_event(
      NEW.user_id,
      CASE NEW.revoked_reason WHEN 'logout' THEN 'signed_out'
                              WHEN 'reuse' THEN 'refresh_token_reused'
                              ELSE 'session_revoked' END,
      CASE NEW.revoked_reason WHEN 'reuse' THEN NULL ELSE NEW.user_id END, NEW.login_id,
      NULL, NULL, NULL, NULL, jsonb_build_object('reason', NEW.revoked_reason));
  END IF;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION spotter.note_login() IS
  'After a login was opened or ended: its security event.';
CREATE TRIGGER login_note_opened AFTER INSERT ON spotter.login
  FOR EACH ROW EXECUTE FUNCTION spotter.note_login();
CREATE TRIGGER login_note_ended AFTER UPDATE OF revoked_at ON spotter.login FOR EACH ROW
  WHEN (OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL)
  EXECUTE FUNCTION spotter.note_login();

CREATE FUNCTION spotter.note_role() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM spotter.note_security_event(NEW.user_id, 'role_changed', NULL, NULL, NULL, NULL, NULL,
                                      NULL, jsonb_build_object('from', OLD.role, 'to', NEW.role));
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION spotter.note_role() IS
  'After a role was given: its security event. Operators give roles, so there is no actor.';
CREATE TRIGGER app_user_note_role AFTER UPDATE OF role ON spotter.app_user FOR EACH ROW
  WHEN (OLD.role IS DISTINCT FROM NEW.role)
  EXECUTE FUNCTION spotter.note_role();

CREATE FUNCTION spotter.read_security_audit(
  p_actor uuid, p_user uuid, p_kind text, p_since timestamptz, p_until timestamptz,
  p_before timestamptz, p_before_id bigint, p_limit integer)
RETURNS SETOF spotter.security_event
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- The role is asked for here, not taken from a token that may be older than its end.
  IF NOT EXISTS (SELECT FROM spotter.app_user u
                  WHERE u.user_id = p_actor AND u.role = 'admin' AND u.deleted_at IS NULL) THEN
    RAISE EXCEPTION 'only administrators read the audit' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN QUERY
    SELECT e.*
      FROM spotter.security_event e
     WHERE (p_user IS NULL OR e.user_id = p_user OR e.actor_user_id = p_user)
       AND (p_kind IS NULL OR e.kind = p_kind)
       AND e.at >= p_since AND e.at < p_until
       AND (e.at, e.security_event_id) < (p_before, p_before_id)
     ORDER BY e.at DESC, e.security_event_id DESC
     LIMIT p_limit;
END
$$;
COMMENT ON FUNCTION spotter.read_security_audit(uuid, uuid, text, timestamptz, timestamptz,
                                                timestamptz, bigint, integer) IS
  'A page of everybody''s security events, newest first, strictly before (p_before, p_before_id), '
  'for an administrator. p_user finds what concerns a person and what the person did.';
GRANT EXECUTE ON FUNCTION spotter.read_security_audit(uuid, uuid, text, timestamptz, timestamptz,
                                                      timestamptz, bigint, integer)
  TO spotter_reader;
ALTER FUNCTION spotter.read_security_audit(uuid, uuid, text, timestamptz, timestamptz, timestamptz,
                                           bigint, integer) OWNER TO spotter_identity;

-- Erasing a person is complete, so it reaches here too, but only once the account is gone or marked
-- as deleted.
CREATE POLICY security_event_erase_select ON spotter.security_event FOR SELECT
  TO spotter_job_runner USING (true);
CREATE POLICY security_event_erase_delete ON spotter.security_event FOR DELETE
  TO spotter_job_runner USING (true);
CREATE POLICY security_event_erase_update ON spotter.security_event FOR UPDATE
  TO spotter_job_runner USING (true) WITH CHECK (actor_user_id IS NULL);
GRANT SELECT, DELETE, UPDATE (actor_user_id) ON spotter.security_event TO spotter_job_runner;
CREATE POLICY app_user_erase_select ON spotter.app_user FOR SELECT TO spotter_job_runner
  USING (true);
GRANT SELECT (user_id, deleted_at) ON spotter.app_user TO spotter_job_runner;

CREATE FUNCTION spotter.erase_security_events(p_user_id uuid) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  erased integer;
BEGIN
  IF EXISTS (SELECT FROM spotter.app_user u
              WHERE u.user_id = p_user_id AND u.deleted_at IS NULL) THEN
    RAISE EXCEPTION 'the events of a living account stay' USING ERRCODE = 'insufficient_privilege';
  END IF;
  UPDATE spotter.security_event e SET actor_user_id = NULL
   WHERE e.actor_user_id = p_user_id AND e.user_id IS DISTINCT FROM p_user_id;
  DELETE FROM spotter.security_event e WHERE e.user_id = p_user_id;
  GET DIAGNOSTICS erased = ROW_COUNT;
  RETURN erased;
END
$$;
COMMENT ON FUNCTION spotter.erase_security_events(uuid) IS
  'Part of erasing a person: deletes the events that concern the person and takes the person''s id '
  'out of those that concern others. Refused while the account lives.';
GRANT EXECUTE ON FUNCTION spotter.erase_security_events(uuid) TO spotter_writer, spotter_identity;
ALTER FUNCTION spotter.erase_security_events(uuid) OWNER TO spotter_job_runner;
