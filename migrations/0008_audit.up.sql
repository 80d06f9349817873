-- What rows were before they changed, by whom and when: kept by the database for every writer.
-- Inserts leave no row here; each has its event. Partitioned by month, so that old months can be
-- dropped or moved whole.
CREATE TABLE spotter.audit (
  user_id    uuid        NOT NULL,
  audit_id   bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
  at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor      text        NOT NULL DEFAULT current_user,
  table_name text        NOT NULL,
  action     text        NOT NULL,
  row_key    uuid        NOT NULL,
  old        jsonb       NOT NULL,
  CONSTRAINT audit_pkey PRIMARY KEY (user_id, at, audit_id),
  CONSTRAINT audit_action_known CHECK (action IN ('update', 'delete'))
) PARTITION BY RANGE (at);
COMMENT ON TABLE spotter.audit IS
  'Old rows. row_key: the row''s own id beside user_id; old: the row without secrets. Written '
  'by triggers only.';
ALTER TABLE spotter.audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.audit FORCE ROW LEVEL SECURITY;
CREATE POLICY audit_reader ON spotter.audit FOR SELECT TO spotter_reader
  USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY audit_writer ON spotter.audit FOR INSERT TO spotter_writer
  WITH CHECK (user_id = ANY (
    (SELECT NULLIF(current_setting('app.user_ids', true), '')::uuid[])::uuid[]));
CREATE POLICY audit_identity ON spotter.audit FOR INSERT TO spotter_identity WITH CHECK (true);
GRANT SELECT ON spotter.audit TO spotter_reader;
GRANT INSERT (user_id, table_name, action, row_key, old) ON spotter.audit
  TO spotter_writer, spotter_identity;

CREATE FUNCTION spotter.ensure_audit_partitions(months_ahead integer) RETURNS integer
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
  PERFORM pg_advisory_xact_lock(21329, 0); -- one at a time
  FOR i IN 0 .. months_ahead LOOP
    month := first + i * interval '1 month';
    part := 'audit_' || to_char(month, 'YYYY_MM');
    CONTINUE WHEN to_regclass('spotter.' || part) IS NOT NULL;
    -- Made apart and then attached: that needs no exclusive lock on audit.
    EXECUTE format('CREATE TABLE spotter.%I (LIKE spotter.audit INCLUDING DEFAULTS '
                   'INCLUDING CONSTRAINTS INCLUDING STORAGE)', part);
    EXECUTE format('ALTER TABLE spotter.%I ENABLE ROW LEVEL SECURITY', part);
    EXECUTE format('ALTER TABLE spotter.%I FORCE ROW LEVEL SECURITY', part);
    EXECUTE format('ALTER TABLE spotter.audit ATTACH PARTITION spotter.%I '
                   'FOR VALUES FROM (%L) TO (%L)', part,
                   month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
    made := made + 1;
  END LOOP;
  RETURN made;
END
$$;
COMMENT ON FUNCTION spotter.ensure_audit_partitions(integer) IS
  'Makes the partitions of audit for this month and so many ahead; returns how many were missing.';
GRANT EXECUTE ON FUNCTION spotter.ensure_audit_partitions(integer) TO spotter_writer;
SELECT spotter.ensure_audit_partitions(12);

CREATE FUNCTION spotter.audit_rows() RETURNS trigger
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
COMMENT ON FUNCTION spotter.audit_rows() IS
  'After a statement: keeps the old rows, as whoever runs it, so that policies hold here too.';

CREATE TRIGGER app_user_audit_update AFTER UPDATE ON spotter.app_user
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION spotter.audit_rows('user_id');
CREATE TRIGGER app_user_audit_delete AFTER DELETE ON spotter.app_user
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION spotter.audit_rows('user_id');
CREATE TRIGGER login_audit_update AFTER UPDATE ON spotter.login
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION spotter.audit_rows('login_id');
CREATE TRIGGER login_audit_delete AFTER DELETE ON spotter.login
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION spotter.audit_rows('login_id');
CREATE TRIGGER own_exercise_audit_update AFTER UPDATE ON spotter.own_exercise
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION spotter.audit_rows('exercise_id');
CREATE TRIGGER own_exercise_audit_delete AFTER DELETE ON spotter.own_exercise
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION spotter.audit_rows('exercise_id');
CREATE TRIGGER workout_audit_update AFTER UPDATE ON spotter.workout
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION spotter.audit_rows('workout_id');
CREATE TRIGGER workout_audit_delete AFTER DELETE ON spotter.workout
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION spotter.audit_rows('workout_id');
CREATE TRIGGER exercise_instance_audit_update AFTER UPDATE ON spotter.exercise_instance
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION spotter.audit_rows('exercise_instance_id');
CREATE TRIGGER exercise_instance_audit_delete AFTER DELETE ON spotter.exercise_instance
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION spotter.audit_rows('exercise_instance_id');
CREATE TRIGGER workout_set_audit_update AFTER UPDATE ON spotter.workout_set
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION spotter.audit_rows('set_id');
CREATE TRIGGER workout_set_audit_delete AFTER DELETE ON spotter.workout_set
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION spotter.audit_rows('set_id');
CREATE TRIGGER import_audit_update AFTER UPDATE ON spotter.import
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION spotter.audit_rows('import_id');
CREATE TRIGGER import_audit_delete AFTER DELETE ON spotter.import
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION spotter.audit_rows('import_id');
CREATE TRIGGER recommendation_audit_update AFTER UPDATE ON spotter.recommendation
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION spotter.audit_rows('recommendation_id');
CREATE TRIGGER recommendation_audit_delete AFTER DELETE ON spotter.recommendation
  REFERENCING OLD TABLE AS old_rows
  FOR EACH STATEMENT EXECUTE FUNCTION spotter.audit_rows('recommendation_id');
