-- Removes the keys of access tokens: an older release signs with the key of its file, and others' tokens end.
DROP FUNCTION spotter.put_signing_key(text, bytea, bigint, bigint, bigint);
DROP FUNCTION spotter.load_signing_keys();
DROP TABLE spotter.signing_key;
