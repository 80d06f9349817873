DROP TRIGGER job_end_erasure ON spotter.job;
DROP FUNCTION spotter.begin_export(uuid, uuid), spotter.begin_erasure(uuid, uuid),
  spotter.end_erasure(), spotter.erase_some(uuid, integer), spotter.let_erase(text, text[]);
DO $$
DECLARE
  t text;
BEGIN
  FOR t IN SELECT p.tablename FROM pg_catalog.pg_policies p
            WHERE p.schemaname = 'spotter' AND p.policyname = p.tablename || '_erase'
  LOOP
    EXECUTE format('DROP POLICY %I ON spotter.%I', t || '_erase', t);
    -- Of those tables that older functions of the role prune, the rights stay.
    IF t NOT IN ('job', 'mail', 'idempotency_key', 'app_user') THEN
      EXECUTE format('REVOKE SELECT, DELETE ON spotter.%I FROM spotter_job_runner', t);
    END IF;
  END LOOP;
END
$$;
REVOKE SELECT, DELETE ON spotter.app_user FROM spotter_job_runner;
CREATE OR REPLACE FUNCTION spotter.audit_rows() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- The argument names the row's own id.
  INSERT INTO spotter.audit (user_id, table_name, action, row_key, old)
  SELECT o.user_id, TG_TABLE_NAME, lower(TG_OP), (j.old ->> TG_ARGV[0])::uuid,
         j.old - '{password_hash,family_salt,refresh_hash}'::text[]
    FROM old_rows o
   CROSS JOIN LATERAL (SELECT to_jsonb(o) AS old) j;
  RETURN NULL;
END
$$;
