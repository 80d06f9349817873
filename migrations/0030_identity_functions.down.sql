-- Removes the functions of identity; its tables stay.
DROP FUNCTION spotter.revoke_login(uuid, uuid, text);
DROP FUNCTION spotter.rotate_login(uuid, uuid, integer, bytea, text, text);
DROP FUNCTION spotter.load_login(uuid, uuid);
DROP FUNCTION spotter.add_login(uuid, uuid, bytea, bytea, timestamptz, text, text);
DROP FUNCTION spotter.add_account(uuid, text, text, text, smallint, text, timestamptz, uuid, bytea,
                                  bytea, timestamptz, text, text);
DROP FUNCTION spotter.find_account(text);
