-- From where an account has signed in, so that guesses of strangers slow down strangers only.

-- Like find_account it looks across users, because nobody has signed in yet.
CREATE FUNCTION spotter.login_addresses(p_email text)
RETURNS TABLE (address text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT l.address
    FROM spotter.account_email e
    JOIN spotter.login l ON l.user_id = e.user_id
   WHERE e.email = lower(p_email) AND l.address <> ''
     AND (l.revoked_reason IS NULL OR l.revoked_reason = 'logout')
   GROUP BY l.address
   ORDER BY max(l.last_used_at) DESC
   LIMIT 100
$$;
COMMENT ON FUNCTION spotter.login_addresses(text) IS
  'The addresses from which an account was used last, without those of logins that ended in '
  'suspicion; nothing where there is no account.';
GRANT EXECUTE ON FUNCTION spotter.login_addresses(text) TO spotter_writer;
ALTER FUNCTION spotter.login_addresses(text) OWNER TO spotter_identity;
