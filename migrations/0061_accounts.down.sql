DROP TRIGGER login_notice ON spotter.login;
DROP FUNCTION spotter.prune_mail(interval, integer), spotter.end_login(uuid, uuid, uuid),
  spotter.list_logins(uuid, uuid, integer), spotter.ask_for_address(uuid, uuid, text),
  spotter.renew_password_hash(uuid, text, text), spotter.change_password(uuid, uuid, text, text),
  spotter.load_credentials(uuid, uuid), spotter.recover_password(bytea, text),
  spotter.end_logins(uuid, uuid, text), spotter.find_recovery(bytea),
  spotter.verify_address(bytea), spotter.finish_mail(uuid, uuid, text, text),
  spotter.prepare_mail(uuid, uuid, bytea), spotter.sort_mail_requests(integer),
  spotter.ask_for_mail(text, text, text, text, text), spotter.notice_login(),
  spotter.network_of(text), spotter.queue_mail(uuid, text, text, jsonb);
REVOKE DELETE ON spotter.account_email FROM spotter_identity;
DROP POLICY account_email_identity_delete ON spotter.account_email;
REVOKE DELETE ON spotter.job FROM spotter_job_runner;
DROP POLICY job_prune_delete ON spotter.job;
REVOKE INSERT ON spotter.job FROM spotter_identity;
DROP POLICY job_identity_insert ON spotter.job;
DROP TABLE spotter.mail_request, spotter.mail, spotter.account_token;
DROP FUNCTION spotter.email_verified(uuid), spotter.recently_authenticated(uuid, uuid);
ALTER TABLE spotter.login DROP COLUMN reauthenticated_at;
ALTER TABLE spotter.app_user DROP COLUMN email_verified_at, DROP COLUMN password_changed_at;
DROP TRIGGER app_user_touch ON spotter.app_user;
CREATE TRIGGER app_user_touch BEFORE UPDATE ON spotter.app_user FOR EACH ROW
  WHEN (NEW.updated_at = OLD.updated_at OR NEW.version <= OLD.version)
  EXECUTE FUNCTION spotter.touch_version();
