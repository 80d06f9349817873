-- Back to the functions of 0071 and 0072.
CREATE OR REPLACE FUNCTION spotter.put_api_key(
  p_user_id uuid, p_login_id uuid, p_api_key_id uuid, p_name text, p_scopes text[],
  p_key_hash bytea, p_expires_at timestamptz)
RETURNS TABLE (outcome text, body json)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  made spotter.api_key;
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  IF NOT spotter.recently_authenticated(p_user_id, p_login_id) THEN
    RETURN QUERY SELECT 'reauthenticate', NULL::json;
    RETURN;
  END IF;
  IF (SELECT count(*) >= 50 FROM spotter.api_key k
       WHERE k.user_id = p_user_id AND k.revoked_at IS NULL
         AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())) THEN
    RETURN QUERY SELECT 'too_many', NULL::json;
    RETURN;
  END IF;
  INSERT INTO spotter.api_key (user_id, api_key_id, name, scopes, key_hash, expires_at)
  VALUES (p_user_id, p_api_key_id, p_name, p_scopes, p_key_hash, p_expires_at)
  ON CONFLICT (user_id, api_key_id) DO NOTHING
  RETURNING * INTO made;
  IF FOUND THEN
    PERFORM spotter.note_security_event(
      p_user_id, 'api_key_made', p_user_id, p_login_id, NULL, NULL, NULL, NULL,
      jsonb_build_object('api_key_id', p_api_key_id, 'name', p_name, 'scopes', p_scopes));
  ELSE
    SELECT * INTO made FROM spotter.api_key k
     WHERE k.user_id = p_user_id AND k.api_key_id = p_api_key_id;
  END IF;
  RETURN QUERY SELECT 'ok', spotter.api_key_json(made);
END
$$;
COMMENT ON FUNCTION spotter.put_api_key(uuid, uuid, uuid, text, text[], bytea, timestamptz) IS
  'Keeps a new key. outcome: ok (the same call again is, too), reauthenticate, or too_many.';

DROP FUNCTION spotter.list_api_keys(uuid, bigint, uuid, integer);
CREATE FUNCTION spotter.list_api_keys(p_user_id uuid, p_before uuid, p_limit integer)
RETURNS TABLE (id uuid, body json)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  RETURN QUERY
    SELECT k.api_key_id, spotter.api_key_json(k)
      FROM spotter.api_key k
     WHERE k.user_id = p_user_id AND k.revoked_at IS NULL
       AND (p_before IS NULL OR k.api_key_id < p_before)
     ORDER BY k.api_key_id DESC
     LIMIT p_limit;
END
$$;
COMMENT ON FUNCTION spotter.list_api_keys(uuid, uuid, integer) IS
  'The keys of a user that were not revoked, newest first, before p_before.';
GRANT EXECUTE ON FUNCTION spotter.list_api_keys(uuid, uuid, integer) TO spotter_writer;

DROP FUNCTION spotter.list_shares(uuid, text, bigint, uuid, integer);
CREATE FUNCTION spotter.list_shares(
  p_user_id uuid, p_direction text, p_before uuid, p_limit integer)
RETURNS TABLE (id uuid, body json)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.share_id, spotter.share_json(s, p_user_id)
    FROM (SELECT g.* FROM spotter.share g
           WHERE g.user_id = p_user_id AND p_direction <> 'received'
           UNION
          SELECT g.* FROM spotter.share g
           WHERE g.grantee_user_id = p_user_id AND g.ended_at IS NULL AND p_direction <> 'given'
           UNION
          SELECT g.* FROM spotter.share g
            JOIN spotter.account_email e ON e.email = g.grantee_email
           WHERE e.user_id = p_user_id AND g.accepted_at IS NULL AND g.ended_at IS NULL
             AND spotter.email_verified(p_user_id) AND p_direction <> 'given') s
   WHERE p_before IS NULL OR s.share_id < p_before
   ORDER BY s.share_id DESC
   LIMIT p_limit
$$;
COMMENT ON FUNCTION spotter.list_shares(uuid, text, uuid, integer) IS
  'The shares that a person gave, and those received that stand, newest first, before p_before. '
  'p_direction: given, received, or empty for both.';
GRANT EXECUTE ON FUNCTION spotter.list_shares(uuid, text, uuid, integer) TO spotter_writer;
ALTER FUNCTION spotter.list_shares(uuid, text, uuid, integer) OWNER TO spotter_identity;

DROP FUNCTION spotter.end_share(uuid, uuid, bigint);
CREATE FUNCTION spotter.end_share(p_user_id uuid, p_share_id uuid) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  it spotter.share;
BEGIN
  UPDATE spotter.share s SET ended_at = clock_timestamp(), version = s.version + 1
   WHERE s.share_id = p_share_id AND s.ended_at IS NULL AND spotter.is_side_of(s, p_user_id)
  RETURNING s.* INTO it;
  IF NOT FOUND THEN
    RETURN 'unknown';
  END IF;
  PERFORM spotter.note_security_event(
    it.user_id, 'share_ended', p_user_id, NULL, NULL, NULL, NULL, NULL,
    jsonb_build_object('share_id', p_share_id));
  RETURN 'ok';
END
$$;
COMMENT ON FUNCTION spotter.end_share(uuid, uuid) IS
  'Ends a share or an invitation, by the wish of either side. ok or unknown.';
GRANT EXECUTE ON FUNCTION spotter.end_share(uuid, uuid) TO spotter_writer;
ALTER FUNCTION spotter.end_share(uuid, uuid) OWNER TO spotter_identity;
