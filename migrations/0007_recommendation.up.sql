-- Advice given, with what it rested on and what became of it.
CREATE TABLE spotter.recommendation (
  user_id           uuid        NOT NULL,
  recommendation_id uuid        NOT NULL,
  kind              text        NOT NULL,
  engine            text        NOT NULL,
  variant           text        NOT NULL DEFAULT 'default',
  inputs            jsonb       NOT NULL,
  output            json        NOT NULL,
  accepted          boolean,
  outcome           jsonb,
  version           bigint      NOT NULL,
  created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT recommendation_pkey PRIMARY KEY (user_id, recommendation_id),
  CONSTRAINT recommendation_user_fkey FOREIGN KEY (user_id) REFERENCES spotter.app_user (user_id)
);
COMMENT ON TABLE spotter.recommendation IS
  'Recommendations by engine (name@version) and variant. output: the resource as clients see '
  'it, without version.';
ALTER TABLE spotter.recommendation ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.recommendation FORCE ROW LEVEL SECURITY;
CREATE POLICY recommendation_reader ON spotter.recommendation FOR SELECT TO spotter_reader
  USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY recommendation_writer ON spotter.recommendation TO spotter_writer
  USING (user_id = ANY (
    (SELECT NULLIF(current_setting('app.user_ids', true), '')::uuid[])::uuid[]));
GRANT SELECT ON spotter.recommendation TO spotter_reader;
GRANT SELECT, INSERT, UPDATE ON spotter.recommendation TO spotter_writer;
CREATE TRIGGER recommendation_touch BEFORE UPDATE ON spotter.recommendation FOR EACH ROW
  WHEN (NEW.updated_at = OLD.updated_at OR NEW.version <= OLD.version)
  EXECUTE FUNCTION spotter.touch_version();
