-- What only a superuser can do, before the first migration: the roles. Idempotent. The embedded
-- cluster runs it by itself; for a database of your own run it once with psql, give the three roles
-- that log in a way to do so, and create the database:
--   CREATE DATABASE spotter OWNER spotter_owner ENCODING 'UTF8' TEMPLATE template0;
--
-- None of these roles is a superuser, may create roles, or bypasses row-level security.
DO $$
DECLARE
  role record;
BEGIN
  FOR role IN
    SELECT * FROM (VALUES
      -- Owns every object. NOINHERIT: it may hand functions to the two roles below it without
      -- seeing what their policies let them see.
      ('spotter_owner', false),
      -- Runs migrations: logs in and becomes the owner.
      ('spotter_migrator', true),
      -- Serves reads, one user at a time.
      ('spotter_reader', true),
      -- Serves writes, the users of one batch at a time.
      ('spotter_writer', true),
      -- What the reader becomes to read what an athlete shares with somebody else.
      ('spotter_follower', false),
      -- Own the few SECURITY DEFINER functions that look across users.
      ('spotter_identity', false),
      ('spotter_job_runner', false)
    ) AS wanted(name, logs_in)
  LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role.name) THEN
      EXECUTE pg_catalog.format('CREATE ROLE %I', role.name);
    END IF;
    EXECUTE pg_catalog.format(
      'ALTER ROLE %I %s NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS',
      role.name, CASE WHEN role.logs_in THEN 'LOGIN' ELSE 'NOLOGIN' END);
  END LOOP;
END
$$;
-- What a connection through a pooler can't bring along itself; any other says its own.
ALTER ROLE spotter_reader SET statement_timeout = '10s';
ALTER ROLE spotter_writer SET statement_timeout = '10s';
ALTER ROLE spotter_writer SET idle_in_transaction_session_timeout = '2s';
GRANT spotter_owner TO spotter_migrator;
GRANT spotter_follower TO spotter_reader;
GRANT spotter_identity, spotter_job_runner TO spotter_owner;
