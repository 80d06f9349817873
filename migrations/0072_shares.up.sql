-- A coach or a friend may follow an athlete, with the consent of both, for named things, until
-- either ends it. The second wall knows shares: followers read as a role of their own, whose
-- policies look for one, so the policies of people's own reads stay as they are.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles r
                  WHERE r.rolname = 'spotter_follower' AND NOT r.rolsuper AND NOT r.rolbypassrls
                    AND NOT r.rolcanlogin)
     OR NOT pg_has_role('spotter_reader', 'spotter_follower', 'MEMBER') THEN
    RAISE EXCEPTION 'The role spotter_follower is missing, or spotter_reader can''t become it'
      USING HINT = 'Run migrations/bootstrap.sql as a superuser once more.';
  END IF;
END
$$;

CREATE TABLE spotter.share (
  user_id         uuid        NOT NULL,
  share_id        uuid        NOT NULL,
  grantee_email   text        NOT NULL,
  grantee_user_id uuid,
  scopes          text[]      NOT NULL,
  accepted_at     timestamptz,
  ends_at         timestamptz,
  ended_at        timestamptz,
  last_used_at    timestamptz,
  version         bigint      NOT NULL DEFAULT 1,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT share_pkey PRIMARY KEY (user_id, share_id),
  CONSTRAINT share_user_fkey FOREIGN KEY (user_id) REFERENCES spotter.app_user (user_id),
  CONSTRAINT share_not_with_oneself CHECK (grantee_user_id <> user_id),
  CONSTRAINT share_accepted_by_somebody CHECK ((accepted_at IS NULL) = (grantee_user_id IS NULL)),
  CONSTRAINT share_email_lower_case CHECK (grantee_email = lower(grantee_email)),
  CONSTRAINT share_scopes_known CHECK (
    cardinality(scopes) > 0 AND scopes <@ '{live,history,notes}'::text[])
);
COMMENT ON TABLE spotter.share IS
  'Who may follow whom. user_id: the athlete. Pending until the owner of grantee_email accepts, '
  'which sets grantee_user_id; over after ends_at or once ended. last_used_at: exact to ten '
  'minutes.';
CREATE UNIQUE INDEX share_id_key ON spotter.share (share_id);
CREATE INDEX share_grantee_idx ON spotter.share (grantee_user_id, user_id)
  WHERE ended_at IS NULL;
CREATE INDEX share_pending_idx ON spotter.share (grantee_email)
  WHERE accepted_at IS NULL AND ended_at IS NULL;
ALTER TABLE spotter.share ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.share FORCE ROW LEVEL SECURITY;
CREATE POLICY share_reader ON spotter.share FOR SELECT TO spotter_reader
  USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY share_writer ON spotter.share FOR SELECT TO spotter_writer
  USING (user_id = ANY (
    (SELECT NULLIF(current_setting('app.user_ids', true), '')::uuid[])::uuid[]));
CREATE POLICY share_identity ON spotter.share TO spotter_identity USING (true) WITH CHECK (true);
GRANT SELECT ON spotter.share TO spotter_reader, spotter_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON spotter.share TO spotter_identity;
CREATE TRIGGER share_touch BEFORE UPDATE ON spotter.share FOR EACH ROW
  WHEN (NEW.updated_at = OLD.updated_at AND NEW.version <> OLD.version)
  EXECUTE FUNCTION spotter.touch_time();
SELECT spotter.let_erase('share', ARRAY['grantee_user_id']);

-- An address that nobody has any more is not kept in others' invitations.
CREATE FUNCTION spotter.drop_invitations() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM spotter.share s WHERE s.grantee_email = OLD.email AND s.accepted_at IS NULL;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION spotter.drop_invitations() IS
  'After an address was given up: the invitations that were sent to it.';
CREATE TRIGGER account_email_drop_invitations AFTER DELETE ON spotter.account_email
  FOR EACH ROW EXECUTE FUNCTION spotter.drop_invitations();
ALTER FUNCTION spotter.drop_invitations() OWNER TO spotter_identity;

-- All functions on shares concern two people, so they are spotter_identity's; each names the person
-- it acts for and touches no share that this person is not a side of.
CREATE FUNCTION spotter.share_json(p_share spotter.share, p_viewer uuid) RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT json_build_object(
    'id', p_share.share_id,
    'direction', CASE WHEN p_share.user_id = p_viewer THEN 'given' ELSE 'received' END,
    'state', CASE WHEN p_share.ended_at IS NOT NULL OR p_share.ends_at <= clock_timestamp()
                    THEN 'ended'
                  WHEN p_share.accepted_at IS NULL THEN 'pending'
                  ELSE 'active' END,
    'athlete', json_build_object(
      'id', p_share.user_id,
      'display_name', (SELECT u.display_name FROM spotter.app_user u
                        WHERE u.user_id = p_share.user_id)),
    'email', p_share.grantee_email,
    'follower', CASE WHEN p_share.grantee_user_id IS NOT NULL THEN json_build_object(
      'id', p_share.grantee_user_id,
      'display_name', (SELECT u.display_name FROM spotter.app_user u
                        WHERE u.user_id = p_share.grantee_user_id)) END,
    'scopes', p_share.scopes,
    'ends_at', spotter.json_time(p_share.ends_at),
    'accepted_at', spotter.json_time(p_share.accepted_at),
    'ended_at', spotter.json_time(p_share.ended_at),
    'last_used_at', spotter.json_time(p_share.last_used_at),
    'version', p_share.version,
    'created_at', spotter.json_time(p_share.created_at),
    'updated_at', spotter.json_time(p_share.updated_at))
$$;
COMMENT ON FUNCTION spotter.share_json(spotter.share, uuid) IS
  'A share as one of its two sides sees it.';
ALTER FUNCTION spotter.share_json(spotter.share, uuid) OWNER TO spotter_identity;

CREATE FUNCTION spotter.is_side_of(p_share spotter.share, p_user_id uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT p_share.user_id = p_user_id OR p_share.grantee_user_id = p_user_id
      OR (p_share.accepted_at IS NULL AND p_share.ended_at IS NULL
          AND EXISTS (SELECT FROM spotter.account_email e
                       WHERE e.email = p_share.grantee_email AND e.user_id = p_user_id)
          AND spotter.email_verified(p_user_id))
$$;
COMMENT ON FUNCTION spotter.is_side_of(spotter.share, uuid) IS
  'Whether a share concerns a person: the athlete, the follower, or whoever has proved to own the '
  'address that was invited.';
ALTER FUNCTION spotter.is_side_of(spotter.share, uuid) OWNER TO spotter_identity;

CREATE FUNCTION spotter.offer_share(
  p_user_id uuid, p_share_id uuid, p_email text, p_scopes text[], p_ends_at timestamptz)
RETURNS TABLE (outcome text, version bigint, body json)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  it spotter.share;
BEGIN
  SELECT s.* INTO it FROM spotter.share s WHERE s.share_id = p_share_id;
  IF FOUND THEN
    IF it.user_id = p_user_id AND it.grantee_email = lower(p_email)
       AND (it.version > 1 OR (it.scopes = p_scopes
                               AND it.ends_at IS NOT DISTINCT FROM p_ends_at)) THEN
      RETURN QUERY SELECT 'ok', it.version, spotter.share_json(it, p_user_id);
    ELSE
      RETURN QUERY SELECT 'id_reused', 0::bigint, NULL::json;
    END IF;
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM spotter.account_email e
              WHERE e.email = lower(p_email) AND e.user_id = p_user_id) THEN
    RETURN QUERY SELECT 'self', 0::bigint, NULL::json;
    RETURN;
  END IF;
  -- One at a time for an athlete, so that the two limits below hold.
  PERFORM FROM spotter.app_user u WHERE u.user_id = p_user_id AND u.deleted_at IS NULL FOR UPDATE;
  IF NOT FOUND THEN
    RETURN QUERY SELECT 'unknown', 0::bigint, NULL::json;
    RETURN;
  END IF;
  IF EXISTS (SELECT FROM spotter.share s
              WHERE s.user_id = p_user_id AND s.grantee_email = lower(p_email)
                AND s.ended_at IS NULL
                AND (s.ends_at IS NULL OR s.ends_at > clock_timestamp())) THEN
    RETURN QUERY SELECT 'conflict', 0::bigint, NULL::json;
    RETURN;
  END IF;
  IF (SELECT count(*) >= 50 FROM spotter.share s
       WHERE s.user_id = p_user_id AND s.ended_at IS NULL
         AND (s.ends_at IS NULL OR s.ends_at > clock_timestamp())) THEN
    RETURN QUERY SELECT 'too_many', 0::bigint, NULL::json;
    RETURN;
  END IF;
  INSERT INTO spotter.share (user_id, share_id, grantee_email, scopes, ends_at)
  VALUES (p_user_id, p_share_id, lower(p_email), p_scopes, p_ends_at)
  RETURNING * INTO it;
  PERFORM spotter.note_security_event(
    p_user_id, 'share_offered', p_user_id, NULL, NULL, NULL, NULL, NULL,
    jsonb_build_object('share_id', p_share_id, 'scopes', p_scopes));
  RETURN QUERY SELECT 'made', it.version, spotter.share_json(it, p_user_id);
END
$$;
COMMENT ON FUNCTION spotter.offer_share(uuid, uuid, text, text[], timestamptz) IS
  'Invites whoever has an address, which may be nobody. outcome: made, ok where the same was made '
  'before, id_reused, self, conflict where such an offer stands, too_many, or unknown.';
GRANT EXECUTE ON FUNCTION spotter.offer_share(uuid, uuid, text, text[], timestamptz)
  TO spotter_writer;
ALTER FUNCTION spotter.offer_share(uuid, uuid, text, text[], timestamptz) OWNER TO spotter_identity;

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

CREATE FUNCTION spotter.find_share(p_user_id uuid, p_share_id uuid)
RETURNS TABLE (outcome text, version bigint, body json)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT 'ok', s.version, spotter.share_json(s, p_user_id)
    FROM spotter.share s
   WHERE s.share_id = p_share_id AND spotter.is_side_of(s, p_user_id)
$$;
COMMENT ON FUNCTION spotter.find_share(uuid, uuid) IS 'A share that concerns a person, or no row.';
GRANT EXECUTE ON FUNCTION spotter.find_share(uuid, uuid) TO spotter_writer;
ALTER FUNCTION spotter.find_share(uuid, uuid) OWNER TO spotter_identity;

CREATE FUNCTION spotter.accept_share(p_user_id uuid, p_share_id uuid)
RETURNS TABLE (outcome text, version bigint, body json)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  it spotter.share;
BEGIN
  SELECT s.* INTO it FROM spotter.share s
   WHERE s.share_id = p_share_id AND spotter.is_side_of(s, p_user_id) FOR UPDATE;
  IF NOT FOUND THEN
    RETURN; -- nobody's, or somebody else's
  END IF;
  IF it.grantee_user_id = p_user_id AND it.ended_at IS NULL THEN
    RETURN QUERY SELECT 'ok', it.version, spotter.share_json(it, p_user_id);
    RETURN;
  END IF;
  IF it.user_id = p_user_id OR it.accepted_at IS NOT NULL OR it.ended_at IS NOT NULL
     OR it.ends_at <= clock_timestamp() THEN
    RETURN QUERY SELECT 'conflict', 0::bigint, NULL::json;
    RETURN;
  END IF;
  UPDATE spotter.share s
     SET grantee_user_id = p_user_id, accepted_at = clock_timestamp(), version = s.version + 1
   WHERE s.share_id = p_share_id
  RETURNING s.* INTO it;
  PERFORM spotter.note_security_event(
    it.user_id, 'share_accepted', p_user_id, NULL, NULL, NULL, NULL, NULL,
    jsonb_build_object('share_id', p_share_id, 'scopes', it.scopes));
  RETURN QUERY SELECT 'ok', it.version, spotter.share_json(it, p_user_id);
END
$$;
COMMENT ON FUNCTION spotter.accept_share(uuid, uuid) IS
  'The consent of the one who was invited. outcome: ok, also the second time, or conflict; no row '
  'where there is no such invitation for this person.';
GRANT EXECUTE ON FUNCTION spotter.accept_share(uuid, uuid) TO spotter_writer;
ALTER FUNCTION spotter.accept_share(uuid, uuid) OWNER TO spotter_identity;

CREATE FUNCTION spotter.update_share(
  p_user_id uuid, p_share_id uuid, p_scopes text[], p_sets_end boolean, p_ends_at timestamptz,
  p_if_match bigint)
RETURNS TABLE (outcome text, version bigint, body json)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  it spotter.share;
BEGIN
  SELECT s.* INTO it FROM spotter.share s
   WHERE s.share_id = p_share_id AND spotter.is_side_of(s, p_user_id) FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF it.user_id <> p_user_id THEN
    RETURN QUERY SELECT 'forbidden', 0::bigint, NULL::json;
  ELSIF p_if_match IS NOT NULL AND p_if_match <> it.version THEN
    RETURN QUERY SELECT 'version', 0::bigint, NULL::json;
  ELSIF it.ended_at IS NOT NULL OR it.ends_at <= clock_timestamp() THEN
    RETURN QUERY SELECT 'conflict', 0::bigint, NULL::json;
  ELSE
    UPDATE spotter.share s
       SET scopes = coalesce(p_scopes, s.scopes), version = s.version + 1,
           ends_at = CASE WHEN p_sets_end THEN p_ends_at ELSE s.ends_at END
     WHERE s.share_id = p_share_id
    RETURNING s.* INTO it;
    PERFORM spotter.note_security_event(
      p_user_id, 'share_changed', p_user_id, NULL, NULL, NULL, NULL, NULL,
      jsonb_build_object('share_id', p_share_id, 'scopes', it.scopes));
    RETURN QUERY SELECT 'ok', it.version, spotter.share_json(it, p_user_id);
  END IF;
END
$$;
COMMENT ON FUNCTION spotter.update_share(uuid, uuid, text[], boolean, timestamptz, bigint) IS
  'Changes what a share shows, for the athlete. outcome: ok, forbidden, version, or conflict where '
  'it is over; no row where there is none.';
GRANT EXECUTE ON FUNCTION spotter.update_share(uuid, uuid, text[], boolean, timestamptz, bigint)
  TO spotter_writer;
ALTER FUNCTION spotter.update_share(uuid, uuid, text[], boolean, timestamptz, bigint)
  OWNER TO spotter_identity;

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

CREATE FUNCTION spotter.use_share(p_athlete uuid, p_follower uuid, p_scope text)
RETURNS TABLE (share_id uuid, scopes text[], ends_at timestamptz)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  it spotter.share;
BEGIN
  SELECT s.* INTO it
    FROM spotter.share s
    JOIN spotter.app_user u ON u.user_id = s.user_id AND u.deleted_at IS NULL
   WHERE s.grantee_user_id = p_follower AND s.user_id = p_athlete AND s.ended_at IS NULL
     AND (s.ends_at IS NULL OR s.ends_at > clock_timestamp()) AND p_scope = ANY (s.scopes)
   ORDER BY s.share_id
   LIMIT 1;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  -- Each ten minutes of looking is one event; of two at once the second finds it noted.
  IF it.last_used_at IS NULL
     OR it.last_used_at < clock_timestamp() - interval '10 minutes' THEN
    UPDATE spotter.share s SET last_used_at = clock_timestamp()
     WHERE s.share_id = it.share_id AND s.last_used_at IS NOT DISTINCT FROM it.last_used_at;
    IF FOUND THEN
      PERFORM spotter.note_security_event(
        p_athlete, 'shared_data_read', p_follower, NULL, NULL, NULL, NULL, NULL,
        jsonb_build_object('share_id', it.share_id, 'scope', p_scope));
    END IF;
  END IF;
  RETURN QUERY SELECT it.share_id, it.scopes, it.ends_at;
END
$$;
COMMENT ON FUNCTION spotter.use_share(uuid, uuid, text) IS
  'The share by which a follower may see what a scope names of an athlete at this moment, or no '
  'row; keeps that it was used.';
GRANT EXECUTE ON FUNCTION spotter.use_share(uuid, uuid, text) TO spotter_writer;
ALTER FUNCTION spotter.use_share(uuid, uuid, text) OWNER TO spotter_identity;

-- The wall for followers. app.user_id names the athlete, app.actor_id who looks.
CREATE FUNCTION spotter.followed_user(p_scope text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT s.user_id
    FROM spotter.share s
   WHERE s.grantee_user_id = NULLIF(current_setting('app.actor_id', true), '')::uuid
     AND s.user_id = NULLIF(current_setting('app.user_id', true), '')::uuid
     AND s.ended_at IS NULL AND (s.ends_at IS NULL OR s.ends_at > clock_timestamp())
     AND p_scope = ANY (s.scopes)
   LIMIT 1
$$;
COMMENT ON FUNCTION spotter.followed_user(text) IS
  'The athlete whom the settings name, where the one who looks has a share of that scope now.';
GRANT EXECUTE ON FUNCTION spotter.followed_user(text) TO spotter_follower;
ALTER FUNCTION spotter.followed_user(text) OWNER TO spotter_identity;

CREATE TABLE spotter.provider_terms (
  provider     text    NOT NULL,
  may_share    boolean NOT NULL,
  may_fit      boolean NOT NULL,
  CONSTRAINT provider_terms_pkey PRIMARY KEY (provider)
);
COMMENT ON TABLE spotter.provider_terms IS
  'What the terms of providers allow with the rows that came from them: being shown to others '
  '(may_share), being used to fit models (may_fit). A provider without a row allows both.';
INSERT INTO spotter.provider_terms VALUES ('strava', false, false);

GRANT USAGE ON SCHEMA spotter TO spotter_follower;
GRANT SELECT ON spotter.taxonomy, spotter.muscle, spotter.muscle_parent, spotter.exercise,
  spotter.exercise_muscle, spotter.exercise_alias TO spotter_follower;
GRANT SELECT ON spotter.provider_terms TO spotter_reader, spotter_writer, spotter_follower;
GRANT SELECT ON spotter.workout, spotter.exercise_instance, spotter.workout_set,
  spotter.personal_record, spotter.own_exercise TO spotter_follower;

CREATE POLICY workout_follower ON spotter.workout FOR SELECT TO spotter_follower
  USING (user_id = (SELECT spotter.followed_user('history'))
         AND NOT EXISTS (SELECT FROM spotter.provider_terms p
                          WHERE p.provider = source_provider AND NOT p.may_share));
-- What hangs on a workout is seen where the workout is.
CREATE POLICY exercise_instance_follower ON spotter.exercise_instance FOR SELECT
  TO spotter_follower
  USING (user_id = (SELECT spotter.followed_user('history'))
         AND EXISTS (SELECT FROM spotter.workout w
                      WHERE w.user_id = exercise_instance.user_id
                        AND w.workout_id = exercise_instance.workout_id));
CREATE POLICY workout_set_follower ON spotter.workout_set FOR SELECT TO spotter_follower
  USING (user_id = (SELECT spotter.followed_user('history'))
         AND EXISTS (SELECT FROM spotter.workout w
                      WHERE w.user_id = workout_set.user_id
                        AND w.workout_id = workout_set.workout_id));
CREATE POLICY personal_record_follower ON spotter.personal_record FOR SELECT TO spotter_follower
  USING (user_id = (SELECT spotter.followed_user('history'))
         AND set_id IN (SELECT s.set_id FROM spotter.workout_set s
                         WHERE s.user_id = (SELECT spotter.followed_user('history'))));
CREATE POLICY own_exercise_follower ON spotter.own_exercise FOR SELECT TO spotter_follower
  USING (user_id = (SELECT spotter.followed_user('history')));

GRANT EXECUTE ON FUNCTION
  spotter.read_workouts(uuid, smallint, timestamptz, timestamptz, timestamptz, uuid, integer),
  spotter.read_workout(uuid, uuid)
  TO spotter_follower;
