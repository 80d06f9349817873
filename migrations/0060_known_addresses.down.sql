DROP FUNCTION spotter.login_addresses(text);
