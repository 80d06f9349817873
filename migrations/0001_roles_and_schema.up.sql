-- The ground that all tables stand on: who may use the schema, and the triggers that keep
-- updated_at and version truthful whoever writes.
DO $$
DECLARE
  missing text;
BEGIN
  SELECT string_agg(wanted.name, ', ' ORDER BY wanted.name) INTO missing
    FROM unnest(ARRAY['spotter_owner', 'spotter_migrator', 'spotter_reader', 'spotter_writer',
                      'spotter_identity', 'spotter_job_runner']) AS wanted(name)
   WHERE NOT EXISTS (SELECT FROM pg_roles r
                      WHERE r.rolname = wanted.name AND NOT r.rolsuper AND NOT r.rolbypassrls);
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION 'These roles are missing, or can bypass row-level security: %', missing
      USING HINT = 'Run migrations/bootstrap.sql as a superuser first.';
  END IF;
END
$$;

COMMENT ON SCHEMA spotter IS 'Everything of Spotter. Owned by spotter_owner.';

GRANT USAGE ON SCHEMA spotter TO spotter_reader, spotter_writer;
-- The two that own functions need CREATE to be given them; neither logs in.
GRANT USAGE, CREATE ON SCHEMA spotter TO spotter_identity, spotter_job_runner;

-- A SECURITY DEFINER function that all may call would be a hole in the wall: grant each by name.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

CREATE FUNCTION spotter.touch_version() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.updated_at = OLD.updated_at THEN
    NEW.updated_at := pg_catalog.clock_timestamp();
  END IF;
  IF NEW.version <= OLD.version THEN
    NEW.version := OLD.version + 1;
  END IF;
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION spotter.touch_version() IS
  'Before an update: a version that did not grow grows by one, an updated_at that stayed '
  'becomes now.';

CREATE FUNCTION spotter.touch_time() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := pg_catalog.clock_timestamp();
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION spotter.touch_time() IS
  'Before an update of a table without version: an updated_at that stayed becomes now.';
