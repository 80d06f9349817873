-- Removes the security events, with every one of them, and what writes and reads them.
DROP FUNCTION spotter.erase_security_events(uuid);
REVOKE SELECT (user_id, deleted_at) ON spotter.app_user FROM spotter_job_runner;
DROP POLICY app_user_erase_select ON spotter.app_user;
DROP FUNCTION spotter.read_security_audit(uuid, uuid, text, timestamptz, timestamptz, timestamptz,
                                          bigint, integer);
DROP TRIGGER app_user_note_role ON spotter.app_user;
DROP FUNCTION spotter.note_role();
DROP TRIGGER login_note_ended ON spotter.login;
DROP TRIGGER login_note_opened ON spotter.login;
DROP FUNCTION spotter.note_login();
DROP FUNCTION spotter.note_security_event(uuid, text, uuid, uuid, text, text, text, text, jsonb);
DROP FUNCTION spotter.in_request(text, text, text, text);
DROP FUNCTION spotter.drop_security_event_partitions(interval);
DROP FUNCTION spotter.ensure_security_event_partitions(integer);
DROP TABLE spotter.security_event;
