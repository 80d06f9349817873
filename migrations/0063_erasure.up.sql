-- Erasing a person: access ends at once, then a job deletes all rows in batches, and its own row and
-- the account's at the very end. Taking one's data out is limited here, too.

-- Deleting a person's rows must not write them down once more.
CREATE OR REPLACE FUNCTION spotter.audit_rows() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF current_user = 'spotter_job_runner' THEN
    RETURN NULL;
  END IF;
  -- The argument names the row's own id.
  INSERT INTO spotter.audit (user_id, table_name, action, row_key, old)
  SELECT o.user_id, TG_TABLE_NAME, lower(TG_OP), (j.old ->> TG_ARGV[0])::uuid,
         j.old - '{password_hash,family_salt,refresh_hash}'::text[]
    FROM old_rows o
   CROSS JOIN LATERAL (SELECT to_jsonb(o) AS old) j;
  RETURN NULL;
END
$$;

-- Run by migrations, as the owner, for each new table with user_id.
CREATE FUNCTION spotter.let_erase(p_table text, p_also text[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  is_me text := '= (SELECT NULLIF(current_setting(''app.erased_user'', true), '''')::uuid)';
  rule  text := format('user_id %s', is_me);
  other text;
BEGIN
  FOREACH other IN ARRAY p_also LOOP
    rule := rule || format(' OR %I %s', other, is_me);
  END LOOP;
  EXECUTE format('CREATE POLICY %I ON spotter.%I TO spotter_job_runner USING (%s)',
                 p_table || '_erase', p_table, rule);
  EXECUTE format('GRANT SELECT, DELETE ON spotter.%I TO spotter_job_runner', p_table);
END
$$;
COMMENT ON FUNCTION spotter.let_erase(text, text[]) IS
  'Lets erase_some delete the rows of a table that have the person in user_id or, further, in the '
  'columns p_also. Every table with user_id needs it.';

SELECT spotter.let_erase(c.relname)
  FROM pg_catalog.pg_class c
 WHERE c.relnamespace = 'spotter'::regnamespace AND c.relkind IN ('r', 'p')
   AND NOT c.relispartition
   AND EXISTS (SELECT FROM pg_catalog.pg_attribute a
                WHERE a.attrelid = c.oid AND a.attname = 'user_id' AND NOT a.attisdropped)
 ORDER BY c.relname;
-- Of the accounts it needs to know no more than this.
REVOKE SELECT ON spotter.app_user FROM spotter_job_runner;
GRANT SELECT (user_id, deleted_at) ON spotter.app_user TO spotter_job_runner;

CREATE FUNCTION spotter.erase_some(p_user_id uuid, p_limit integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  place  record;
  rule   text;
  gone   integer;
  erased integer := 0;
BEGIN
  PERFORM set_config('app.erased_user', p_user_id::text, true);
  IF EXISTS (SELECT FROM spotter.app_user u
              WHERE u.user_id = p_user_id AND u.deleted_at IS NULL) THEN
    RAISE EXCEPTION 'the account lives' USING ERRCODE = 'insufficient_privilege';
  END IF;
  FOR place IN
    SELECT c.relname AS name,
           array_agg(a.attname::text ORDER BY a.attnum) AS people
      FROM pg_class c
      JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
       AND a.atttypid = 'uuid'::regtype AND a.attname ~ '(^|_)user_id$'
     WHERE c.relnamespace = 'spotter'::regnamespace AND c.relkind IN ('r', 'p')
       AND NOT c.relispartition AND c.relname NOT IN ('app_user', 'security_event')
       AND has_table_privilege('spotter_job_runner', c.oid, 'DELETE')
     GROUP BY c.relname
  LOOP
    EXIT WHEN erased >= p_limit;
    SELECT string_agg(format('t.%I = $1', p), ' OR ') INTO rule FROM unnest(place.people) AS p;
    IF place.name = 'job' THEN
      rule := '(' || rule || $q$) AND t.kind <> 'erasure'$q$;
    END IF;
    BEGIN
      -- The place of a row within its file may be another row's in another partition: so the
      -- condition is asked twice.
      EXECUTE format('DELETE FROM spotter.%1$I t WHERE (%2$s) AND t.ctid = ANY (ARRAY('
                     'SELECT t.ctid FROM spotter.%1$I t WHERE %2$s LIMIT $2))', place.name, rule)
        USING p_user_id, p_limit - erased;
      GET DIAGNOSTICS gone = ROW_COUNT;
      erased := erased + gone;
    EXCEPTION WHEN foreign_key_violation THEN
      NULL; -- another table's rows go first: this one's turn comes with the next call
    END;
  END LOOP;
  IF erased < p_limit THEN
    erased := erased + spotter.erase_security_events(p_user_id);
  END IF;
  RETURN erased;
END
$$;
COMMENT ON FUNCTION spotter.erase_some(uuid, integer) IS
  'Deletes about p_limit rows of a person whose account is marked as deleted; returns how many. '
  'When it returns 0, only the account and the job of the erasure are left.';
GRANT EXECUTE ON FUNCTION spotter.erase_some(uuid, integer) TO spotter_writer;
ALTER FUNCTION spotter.erase_some(uuid, integer) OWNER TO spotter_job_runner;

CREATE FUNCTION spotter.end_erasure() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- What came in since the last batch, by commits that were under way.
  FOR i IN 1 .. 100 LOOP
    EXIT WHEN spotter.erase_some(NEW.user_id, 1000) = 0;
  END LOOP;
  DELETE FROM spotter.job j WHERE j.user_id = NEW.user_id;
  DELETE FROM spotter.app_user u WHERE u.user_id = NEW.user_id;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION spotter.end_erasure() IS
  'After the job of an erasure has finished: takes its own row and the account''s along.';
CREATE TRIGGER job_end_erasure AFTER UPDATE OF state ON spotter.job FOR EACH ROW
  WHEN (NEW.kind = 'erasure' AND NEW.state = 'finished')
  EXECUTE FUNCTION spotter.end_erasure();
ALTER FUNCTION spotter.end_erasure() OWNER TO spotter_job_runner;

CREATE FUNCTION spotter.begin_erasure(p_user_id uuid, p_login_id uuid)
RETURNS TABLE (outcome text, ended uuid[])
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  gone spotter.app_user;
BEGIN
  IF NOT spotter.recently_authenticated(p_user_id, p_login_id) THEN
    RETURN QUERY SELECT 'reauthenticate', '{}'::uuid[];
    RETURN;
  END IF;
  SELECT * INTO gone FROM spotter.app_user u WHERE u.user_id = p_user_id FOR UPDATE;
  IF FOUND AND gone.deleted_at IS NULL THEN
    -- Nobody finds it any more, and what is left for a moment says nothing of anybody.
    UPDATE spotter.app_user u
       SET deleted_at = clock_timestamp(), email = 'erased', display_name = '',
           password_hash = '', time_zone = 'UTC'
     WHERE u.user_id = p_user_id;
    DELETE FROM spotter.account_email e WHERE e.user_id = p_user_id;
    DELETE FROM spotter.account_token t WHERE t.user_id = p_user_id;
    DELETE FROM spotter.mail_request r WHERE r.email = lower(gone.email);
    INSERT INTO spotter.job (user_id, job_id, kind, subject_id)
    VALUES (p_user_id, gen_random_uuid(), 'erasure', p_user_id);
  END IF;
  RETURN QUERY SELECT 'ok', spotter.end_logins(p_user_id, NULL, 'erased');
END
$$;
COMMENT ON FUNCTION spotter.begin_erasure(uuid, uuid) IS
  'Closes an account for ever: ends its logins, frees its address, and queues the job that deletes '
  'the rest. outcome: ok or reauthenticate.';
GRANT EXECUTE ON FUNCTION spotter.begin_erasure(uuid, uuid) TO spotter_writer;
ALTER FUNCTION spotter.begin_erasure(uuid, uuid) OWNER TO spotter_identity;

CREATE FUNCTION spotter.begin_export(p_user_id uuid, p_login_id uuid)
RETURNS TABLE (outcome text, wait_s integer)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  third timestamptz;
BEGIN
  IF NOT spotter.recently_authenticated(p_user_id, p_login_id) THEN
    RETURN QUERY SELECT 'reauthenticate', 0;
    RETURN;
  END IF;
  SELECT e.at INTO third FROM spotter.security_event e
   WHERE e.user_id = p_user_id AND e.kind = 'data_exported'
     AND e.at > clock_timestamp() - interval '1 hour'
   ORDER BY e.at DESC, e.security_event_id DESC OFFSET 4 LIMIT 1;
  IF FOUND THEN
    RETURN QUERY SELECT 'too_many', greatest(
      1, ceil(extract(epoch FROM third + interval '1 hour' - clock_timestamp())))::integer;
    RETURN;
  END IF;
  PERFORM spotter.note_security_event(p_user_id, 'data_exported', p_user_id, p_login_id, NULL,
                                      NULL, NULL, NULL, NULL);
  RETURN QUERY SELECT 'ok', 0;
END
$$;
COMMENT ON FUNCTION spotter.begin_export(uuid, uuid) IS
  'Notes that a person takes all their data out, five times an hour at most. outcome: ok, '
  'reauthenticate, or too_many with the seconds to wait.';
GRANT EXECUTE ON FUNCTION spotter.begin_export(uuid, uuid) TO spotter_writer;
ALTER FUNCTION spotter.begin_export(uuid, uuid) OWNER TO spotter_identity;
