-- Who there is: people, the directory of their addresses, and the logins of their devices.
-- Secrets (password hashes, refresh-token hashes) are out of the reader's reach, and the password
-- hash out of the writer's: only functions owned by spotter_identity see it.
CREATE TABLE spotter.app_user (
  user_id       uuid        NOT NULL,
  email         text        NOT NULL,
  display_name  text        NOT NULL DEFAULT '',
  time_zone     text        NOT NULL DEFAULT 'UTC',
  unit          smallint    NOT NULL DEFAULT 1,
  role          text        NOT NULL DEFAULT 'member',
  password_hash text        NOT NULL,
  version       bigint      NOT NULL DEFAULT 0,
  created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  deleted_at    timestamptz,
  CONSTRAINT app_user_pkey PRIMARY KEY (user_id),
  CONSTRAINT app_user_unit_known CHECK (unit IN (1, 2)),
  CONSTRAINT app_user_role_known CHECK (role IN ('member', 'admin')),
  CONSTRAINT app_user_email_length CHECK (char_length(email) BETWEEN 3 AND 320)
);
COMMENT ON TABLE spotter.app_user IS
  'People. unit: 1 kg, 2 lb. version: the seq of the last event that changed the profile.';
ALTER TABLE spotter.app_user ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.app_user FORCE ROW LEVEL SECURITY;
CREATE POLICY app_user_reader ON spotter.app_user FOR SELECT TO spotter_reader
  USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY app_user_writer ON spotter.app_user TO spotter_writer
  USING (user_id = ANY (
    (SELECT NULLIF(current_setting('app.user_ids', true), '')::uuid[])::uuid[]));
GRANT SELECT (user_id, email, display_name, time_zone, unit, role, version, created_at,
              updated_at, deleted_at) ON spotter.app_user TO spotter_reader;
GRANT SELECT (user_id, email, display_name, time_zone, unit, role, version, created_at,
              updated_at, deleted_at) ON spotter.app_user TO spotter_writer;
GRANT UPDATE (display_name, time_zone, unit, version, updated_at, deleted_at)
  ON spotter.app_user TO spotter_writer;
CREATE POLICY app_user_identity_select ON spotter.app_user FOR SELECT TO spotter_identity
  USING (true);
CREATE POLICY app_user_identity_insert ON spotter.app_user FOR INSERT TO spotter_identity
  WITH CHECK (true);
CREATE POLICY app_user_identity_update ON spotter.app_user FOR UPDATE TO spotter_identity
  USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON spotter.app_user TO spotter_identity;
CREATE TRIGGER app_user_touch BEFORE UPDATE ON spotter.app_user FOR EACH ROW
  WHEN (NEW.updated_at = OLD.updated_at OR NEW.version <= OLD.version)
  EXECUTE FUNCTION spotter.touch_version();

CREATE TABLE spotter.account_email (
  email   text NOT NULL,
  user_id uuid NOT NULL,
  CONSTRAINT account_email_pkey PRIMARY KEY (email),
  CONSTRAINT account_email_user_fkey FOREIGN KEY (user_id) REFERENCES spotter.app_user (user_id),
  CONSTRAINT account_email_lower_case CHECK (email = lower(email))
);
COMMENT ON TABLE spotter.account_email IS
  'Whose an address is. Keyed by address, because it answers before anybody is known; only '
  'spotter_identity reads it.';
CREATE INDEX account_email_user_idx ON spotter.account_email (user_id);
ALTER TABLE spotter.account_email ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.account_email FORCE ROW LEVEL SECURITY;
CREATE POLICY account_email_identity_select ON spotter.account_email FOR SELECT TO spotter_identity
  USING (true);
CREATE POLICY account_email_identity_insert ON spotter.account_email FOR INSERT TO spotter_identity
  WITH CHECK (true);
CREATE POLICY account_email_identity_update ON spotter.account_email FOR UPDATE TO spotter_identity
  USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON spotter.account_email TO spotter_identity;

CREATE TABLE spotter.login (
  user_id        uuid        NOT NULL,
  login_id       uuid        NOT NULL,
  generation     integer     NOT NULL DEFAULT 1,
  family_salt    bytea       NOT NULL,
  refresh_hash   bytea       NOT NULL,
  rotated_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at     timestamptz NOT NULL,
  last_used_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  revoked_at     timestamptz,
  revoked_reason text,
  user_agent     text        NOT NULL DEFAULT '',
  address        text        NOT NULL DEFAULT '',
  created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT login_pkey PRIMARY KEY (user_id, login_id),
  CONSTRAINT login_user_fkey FOREIGN KEY (user_id) REFERENCES spotter.app_user (user_id),
  CONSTRAINT login_generation_positive CHECK (generation > 0),
  CONSTRAINT login_revoked_with_reason CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL))
);
COMMENT ON TABLE spotter.login IS
  'Authenticated sessions of devices, each with its refresh-token family. expires_at is absolute.';
ALTER TABLE spotter.login ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.login FORCE ROW LEVEL SECURITY;
CREATE POLICY login_reader ON spotter.login FOR SELECT TO spotter_reader
  USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY login_writer ON spotter.login TO spotter_writer
  USING (user_id = ANY (
    (SELECT NULLIF(current_setting('app.user_ids', true), '')::uuid[])::uuid[]));
GRANT SELECT (user_id, login_id, generation, rotated_at, expires_at, last_used_at, revoked_at,
              revoked_reason, user_agent, address, created_at, updated_at)
  ON spotter.login TO spotter_reader;
GRANT SELECT, INSERT, UPDATE ON spotter.login TO spotter_writer;
CREATE POLICY login_identity_select ON spotter.login FOR SELECT TO spotter_identity USING (true);
CREATE POLICY login_identity_insert ON spotter.login FOR INSERT TO spotter_identity
  WITH CHECK (true);
CREATE POLICY login_identity_update ON spotter.login FOR UPDATE TO spotter_identity
  USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE ON spotter.login TO spotter_identity;
CREATE TRIGGER login_touch BEFORE UPDATE ON spotter.login FOR EACH ROW
  WHEN (NEW.updated_at = OLD.updated_at)
  EXECUTE FUNCTION spotter.touch_time();
