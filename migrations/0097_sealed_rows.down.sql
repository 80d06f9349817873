-- Removes the notes of which key sealed what. Rows stay under the keys that they are under.
DROP FUNCTION spotter.reseal_state();
DROP FUNCTION spotter.queue_reseal(bytea);
ALTER TABLE spotter.job ADD CONSTRAINT job_user_fkey
  FOREIGN KEY (user_id) REFERENCES spotter.app_user (user_id) NOT VALID;
COMMENT ON TABLE spotter.job IS
  'Durable work. lease counts the claims and fences off whoever held an earlier one; attempt '
  'counts tries.';
DROP FUNCTION spotter.known_sealing_keys();
DROP FUNCTION spotter.note_sealing_key(bytea);
DROP FUNCTION spotter.put_resealed_row(text, text, bytea, bytea);
DROP FUNCTION spotter.load_sealed_rows(text, bytea, text, integer);
DROP FUNCTION spotter.count_sealed_rows();
DROP POLICY totp_reseal ON spotter.totp;
REVOKE SELECT (sealed_secret), UPDATE (sealed_secret) ON spotter.totp FROM spotter_identity;
DROP FUNCTION spotter.sealed_by(bytea);
DROP TABLE spotter.sealing_key;
