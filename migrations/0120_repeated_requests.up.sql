-- The same request again has one effect: a key is made once by its id. Ids may follow from a key of the
-- client's, so pages go by time and no longer by ids. And ending a share may ask for its version.
CREATE OR REPLACE FUNCTION spotter.put_api_key(
  p_user_id uuid, p_login_id uuid, p_api_key_id uuid, p_name text, p_scopes text[],
  p_key_hash bytea, p_expires_at timestamptz)
RETURNS TABLE (outcome text, body json)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  it spotter.api_key;
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  IF NOT spotter.recently_authenticated(p_user_id, p_login_id) THEN
    RETURN QUERY SELECT 'reauthenticate', NULL::json;
    RETURN;
  END IF;
  SELECT k.* INTO it FROM spotter.api_key k
   WHERE k.user_id = p_user_id AND k.api_key_id = p_api_key_id;
  IF NOT FOUND THEN
    IF (SELECT count(*) >= 50 FROM spotter.api_key k
         WHERE k.user_id = p_user_id AND k.revoked_at IS NULL
           AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp())) THEN
      RETURN QUERY SELECT 'too_many', NULL::json;
      RETURN;
    END IF;
    INSERT INTO spotter.api_key (user_id, api_key_id, name, scopes, key_hash, expires_at)
    VALUES (p_user_id, p_api_key_id, p_name, p_scopes, p_key_hash, p_expires_at)
    ON CONFLICT (user_id, api_key_id) DO NOTHING
    RETURNING * INTO it;
    IF FOUND THEN
      PERFORM spotter.note_security_event(
        p_user_id, 'api_key_made', p_user_id, p_login_id, NULL, NULL, NULL, NULL,
        jsonb_build_object('api_key_id', p_api_key_id, 'name', p_name, 'scopes', p_scopes));
    ELSE -- at the same moment
      SELECT k.* INTO it FROM spotter.api_key k
       WHERE k.user_id = p_user_id AND k.api_key_id = p_api_key_id;
    END IF;
  END IF;
  IF it.key_hash = p_key_hash THEN
    -- Also where the statement runs again because its answer was lost.
    RETURN QUERY SELECT 'made', spotter.api_key_json(it);
  ELSIF it.name = p_name AND it.scopes = p_scopes
        AND it.expires_at IS NOT DISTINCT FROM p_expires_at THEN
    RETURN QUERY SELECT 'ok', spotter.api_key_json(it);
  ELSE
    RETURN QUERY SELECT 'id_reused', NULL::json;
  END IF;
END
$$;
COMMENT ON FUNCTION spotter.put_api_key(uuid, uuid, uuid, text, text[], bytea, timestamptz) IS
  'Keeps a new key. outcome: made, ok where the same was made before with another hash, which then '
  'counts for nothing, id_reused, reauthenticate, or too_many.';

DROP FUNCTION spotter.list_api_keys(uuid, uuid, integer);
CREATE FUNCTION spotter.list_api_keys(
  p_user_id uuid, p_before_us bigint, p_before uuid, p_limit integer)
RETURNS TABLE (at_us bigint, id uuid, body json)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM set_config('app.user_ids', format('{%s}', p_user_id), true);
  RETURN QUERY
    SELECT made.us, k.api_key_id, spotter.api_key_json(k)
      FROM spotter.api_key k,
           LATERAL (SELECT (extract(epoch FROM k.created_at) * 1000000)::bigint AS us) made
     WHERE k.user_id = p_user_id AND k.revoked_at IS NULL
       AND (p_before IS NULL OR (made.us, k.api_key_id) < (p_before_us, p_before))
     ORDER BY made.us DESC, k.api_key_id DESC
     LIMIT p_limit;
END
$$;
COMMENT ON FUNCTION spotter.list_api_keys(uuid, bigint, uuid, integer) IS
  'The keys of a user that were not revoked, newest first, strictly before the one that was made at '
  'p_before_us (microseconds since 1970) with the id p_before.';
GRANT EXECUTE ON FUNCTION spotter.list_api_keys(uuid, bigint, uuid, integer) TO spotter_writer;

DROP FUNCTION spotter.list_shares(uuid, text, uuid, integer);
CREATE FUNCTION spotter.list_shares(
  p_user_id uuid, p_direction text, p_before_us bigint, p_before uuid, p_limit integer)
RETURNS TABLE (at_us bigint, id uuid, body json)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT made.us, s.share_id, spotter.share_json(s, p_user_id)
    FROM (SELECT g.* FROM spotter.share g
           WHERE g.user_id = p_user_id AND p_direction <> 'received'
           UNION
          SELECT g.* FROM spotter.share g
           WHERE g.grantee_user_id = p_user_id AND g.ended_at IS NULL AND p_direction <> 'given'
           UNION
          SELECT g.* FROM spotter.share g
            JOIN spotter.account_email e ON e.email = g.grantee_email
           WHERE e.user_id = p_user_id AND g.accepted_at IS NULL AND g.ended_at IS NULL
             AND spotter.email_verified(p_user_id) AND p_direction <> 'given') s,
         LATERAL (SELECT (extract(epoch FROM s.created_at) * 1000000)::bigint AS us) made
   WHERE p_before IS NULL OR (made.us, s.share_id) < (p_before_us, p_before)
   ORDER BY made.us DESC, s.share_id DESC
   LIMIT p_limit
$$;
COMMENT ON FUNCTION spotter.list_shares(uuid, text, bigint, uuid, integer) IS
  'The shares that a person gave, and those received that stand, newest first, strictly before the '
  'one that was made at p_before_us (microseconds since 1970) with the id p_before. p_direction: '
  'given, received, or empty for both.';
GRANT EXECUTE ON FUNCTION spotter.list_shares(uuid, text, bigint, uuid, integer)
  TO spotter_writer;
ALTER FUNCTION spotter.list_shares(uuid, text, bigint, uuid, integer) OWNER TO spotter_identity;

DROP FUNCTION spotter.end_share(uuid, uuid);
CREATE FUNCTION spotter.end_share(p_user_id uuid, p_share_id uuid, p_if_match bigint)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  it spotter.share;
BEGIN
  SELECT s.* INTO it FROM spotter.share s
   WHERE s.share_id = p_share_id AND s.ended_at IS NULL AND spotter.is_side_of(s, p_user_id)
     FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 'unknown';
  END IF;
  IF p_if_match <> it.version THEN
    RETURN 'version';
  END IF;
  UPDATE spotter.share s SET ended_at = clock_timestamp(), version = s.version + 1
   WHERE s.share_id = p_share_id;
  PERFORM spotter.note_security_event(
    it.user_id, 'share_ended', p_user_id, NULL, NULL, NULL, NULL, NULL,
    jsonb_build_object('share_id', p_share_id));
  RETURN 'ok';
END
$$;
COMMENT ON FUNCTION spotter.end_share(uuid, uuid, bigint) IS
  'Ends a share or an invitation, by the wish of either side. ok, unknown, or version where it is '
  'no longer at p_if_match (null: any).';
GRANT EXECUTE ON FUNCTION spotter.end_share(uuid, uuid, bigint) TO spotter_writer;
ALTER FUNCTION spotter.end_share(uuid, uuid, bigint) OWNER TO spotter_identity;
