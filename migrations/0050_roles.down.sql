-- Who is a coach stays one: the constraint binds new rows only.
DROP FUNCTION spotter.set_role(text, text);
REVOKE USAGE ON SCHEMA spotter FROM spotter_migrator;
ALTER TABLE spotter.app_user DROP CONSTRAINT app_user_role_known;
ALTER TABLE spotter.app_user
  ADD CONSTRAINT app_user_role_known CHECK (role IN ('member', 'admin')) NOT VALID;
