-- Imports, and the jobs that carry all work which outlives a request.
CREATE TABLE spotter.import (
  user_id         uuid        NOT NULL,
  import_id       uuid        NOT NULL,
  provider        text        NOT NULL DEFAULT '',
  file_name       text        NOT NULL DEFAULT '',
  content_hash    text        NOT NULL,
  unit            text        NOT NULL DEFAULT '',
  time_zone       text        NOT NULL DEFAULT '',
  status          text        NOT NULL DEFAULT 'queued',
  created_count   integer     NOT NULL DEFAULT 0,
  updated_count   integer     NOT NULL DEFAULT 0,
  unchanged_count integer     NOT NULL DEFAULT 0,
  failed_count    integer     NOT NULL DEFAULT 0,
  total           integer     NOT NULL DEFAULT 0,
  done            integer     NOT NULL DEFAULT 0,
  problem_code    text        NOT NULL DEFAULT '',
  problem_detail  text        NOT NULL DEFAULT '',
  version         bigint      NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT import_pkey PRIMARY KEY (user_id, import_id),
  CONSTRAINT import_user_fkey FOREIGN KEY (user_id) REFERENCES spotter.app_user (user_id),
  CONSTRAINT import_unit_known CHECK (unit IN ('', 'kg', 'lb')),
  CONSTRAINT import_status_known CHECK (status IN
    ('queued', 'running', 'waiting', 'needs_input', 'finished', 'failed', 'cancelled'))
);
COMMENT ON TABLE spotter.import IS
  'Imported files and how far each is. content_hash: SHA-256, hex.';
CREATE INDEX import_page_idx ON spotter.import (user_id, created_at DESC, import_id DESC);
ALTER TABLE spotter.import ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.import FORCE ROW LEVEL SECURITY;
CREATE POLICY import_reader ON spotter.import FOR SELECT TO spotter_reader
  USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY import_writer ON spotter.import TO spotter_writer
  USING (user_id = ANY (
    (SELECT NULLIF(current_setting('app.user_ids', true), '')::uuid[])::uuid[]));
GRANT SELECT ON spotter.import TO spotter_reader;
GRANT SELECT, INSERT, UPDATE ON spotter.import TO spotter_writer;
CREATE TRIGGER import_touch BEFORE UPDATE ON spotter.import FOR EACH ROW
  WHEN (NEW.updated_at = OLD.updated_at OR NEW.version <= OLD.version)
  EXECUTE FUNCTION spotter.touch_version();

CREATE TABLE spotter.import_file (
  user_id   uuid  NOT NULL,
  import_id uuid  NOT NULL,
  content   bytea NOT NULL,
  CONSTRAINT import_file_pkey PRIMARY KEY (user_id, import_id),
  CONSTRAINT import_file_import_fkey FOREIGN KEY (user_id, import_id)
    REFERENCES spotter.import (user_id, import_id)
);
COMMENT ON TABLE spotter.import_file IS
  'The originals, as they came: apart, so that lists of imports stay light.';
ALTER TABLE spotter.import_file ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.import_file FORCE ROW LEVEL SECURITY;
CREATE POLICY import_file_reader ON spotter.import_file FOR SELECT TO spotter_reader
  USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY import_file_writer ON spotter.import_file TO spotter_writer
  USING (user_id = ANY (
    (SELECT NULLIF(current_setting('app.user_ids', true), '')::uuid[])::uuid[]));
GRANT SELECT ON spotter.import_file TO spotter_reader;
GRANT SELECT, INSERT ON spotter.import_file TO spotter_writer;

CREATE TABLE spotter.import_log (
  user_id   uuid    NOT NULL,
  import_id uuid    NOT NULL,
  entry_no  bigint  NOT NULL GENERATED ALWAYS AS IDENTITY,
  line      integer NOT NULL DEFAULT 0,
  severity  text    NOT NULL,
  code      text    NOT NULL,
  message   text    NOT NULL,
  CONSTRAINT import_log_pkey PRIMARY KEY (user_id, import_id, entry_no),
  CONSTRAINT import_log_import_fkey FOREIGN KEY (user_id, import_id)
    REFERENCES spotter.import (user_id, import_id),
  CONSTRAINT import_log_severity_known CHECK (severity IN ('info', 'warning', 'error'))
);
COMMENT ON TABLE spotter.import_log IS
  'What an import has to say. line: in the file, from 1; 0 for the whole file.';
ALTER TABLE spotter.import_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.import_log FORCE ROW LEVEL SECURITY;
CREATE POLICY import_log_reader ON spotter.import_log FOR SELECT TO spotter_reader
  USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY import_log_writer ON spotter.import_log TO spotter_writer
  USING (user_id = ANY (
    (SELECT NULLIF(current_setting('app.user_ids', true), '')::uuid[])::uuid[]));
GRANT SELECT ON spotter.import_log TO spotter_reader;
GRANT SELECT, INSERT ON spotter.import_log TO spotter_writer;

CREATE TABLE spotter.job (
  user_id     uuid        NOT NULL,
  job_id      uuid        NOT NULL,
  kind        text        NOT NULL,
  subject_id  uuid        NOT NULL,
  state       text        NOT NULL DEFAULT 'queued',
  attempt     integer     NOT NULL DEFAULT 0,
  lease       bigint      NOT NULL DEFAULT 0,
  runner_id   uuid,
  lease_until timestamptz,
  run_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  reason      text        NOT NULL DEFAULT '',
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT job_pkey PRIMARY KEY (user_id, job_id),
  CONSTRAINT job_user_fkey FOREIGN KEY (user_id) REFERENCES spotter.app_user (user_id),
  CONSTRAINT job_state_known CHECK (
    state IN ('queued', 'running', 'finished', 'dead', 'cancelled')),
  CONSTRAINT job_running_has_lease CHECK (state <> 'running' OR lease_until IS NOT NULL)
);
COMMENT ON TABLE spotter.job IS
  'Durable work. lease counts the claims and fences off whoever held an earlier one; attempt '
  'counts tries.';
-- When a job may next be claimed: once it is due, or once its runner has let the lease run out.
CREATE INDEX job_due_idx
  ON spotter.job ((CASE WHEN state = 'running' THEN lease_until ELSE run_at END))
  WHERE state IN ('queued', 'running');
ALTER TABLE spotter.job ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.job FORCE ROW LEVEL SECURITY;
CREATE POLICY job_reader ON spotter.job FOR SELECT TO spotter_reader
  USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY job_writer ON spotter.job TO spotter_writer
  USING (user_id = ANY (
    (SELECT NULLIF(current_setting('app.user_ids', true), '')::uuid[])::uuid[]));
GRANT SELECT ON spotter.job TO spotter_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON spotter.job TO spotter_writer;
CREATE TRIGGER job_touch BEFORE UPDATE ON spotter.job FOR EACH ROW
  WHEN (NEW.updated_at = OLD.updated_at)
  EXECUTE FUNCTION spotter.touch_time();
CREATE POLICY job_runner_select ON spotter.job FOR SELECT TO spotter_job_runner USING (true);
CREATE POLICY job_runner_update ON spotter.job FOR UPDATE TO spotter_job_runner
  USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON spotter.job TO spotter_job_runner;

CREATE FUNCTION spotter.claim_jobs(runner uuid, n integer, lease_ms integer)
RETURNS TABLE (user_id uuid, job_id uuid, kind text, subject_id uuid, attempt integer, lease bigint)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE spotter.job j
     SET state = 'running', attempt = j.attempt + 1, lease = j.lease + 1, runner_id = runner,
         lease_until = clock_timestamp() + lease_ms * interval '1 millisecond', reason = ''
    FROM (SELECT d.user_id, d.job_id
            FROM spotter.job d
           WHERE d.state IN ('queued', 'running')
             AND CASE WHEN d.state = 'running' THEN d.lease_until ELSE d.run_at END
                 <= statement_timestamp()
           ORDER BY CASE WHEN d.state = 'running' THEN d.lease_until ELSE d.run_at END
           LIMIT n
             FOR UPDATE SKIP LOCKED) due
   WHERE j.user_id = due.user_id AND j.job_id = due.job_id
  RETURNING j.user_id, j.job_id, j.kind, j.subject_id, j.attempt, j.lease
$$;
COMMENT ON FUNCTION spotter.claim_jobs(uuid, integer, integer) IS
  'Claims up to n due jobs of all users for a runner, also those whose lease ran out.';
GRANT EXECUTE ON FUNCTION spotter.claim_jobs(uuid, integer, integer) TO spotter_writer;
ALTER FUNCTION spotter.claim_jobs(uuid, integer, integer) OWNER TO spotter_job_runner;
