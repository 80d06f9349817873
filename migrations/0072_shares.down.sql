-- Removes shares, with every one of them: nobody follows anybody. The role stays.
REVOKE EXECUTE ON FUNCTION
  spotter.read_workouts(uuid, smallint, timestamptz, timestamptz, timestamptz, uuid, integer),
  spotter.read_workout(uuid, uuid)
  FROM spotter_follower;
DROP POLICY own_exercise_follower ON spotter.own_exercise;
DROP POLICY personal_record_follower ON spotter.personal_record;
DROP POLICY workout_set_follower ON spotter.workout_set;
DROP POLICY exercise_instance_follower ON spotter.exercise_instance;
DROP POLICY workout_follower ON spotter.workout;
REVOKE SELECT ON spotter.workout, spotter.exercise_instance, spotter.workout_set,
  spotter.personal_record, spotter.own_exercise FROM spotter_follower;
DROP TABLE spotter.provider_terms;
REVOKE SELECT ON spotter.taxonomy, spotter.muscle, spotter.muscle_parent, spotter.exercise,
  spotter.exercise_muscle, spotter.exercise_alias FROM spotter_follower;
REVOKE USAGE ON SCHEMA spotter FROM spotter_follower;
DROP FUNCTION spotter.followed_user(text);
DROP FUNCTION spotter.use_share(uuid, uuid, text);
DROP FUNCTION spotter.end_share(uuid, uuid);
DROP FUNCTION spotter.update_share(uuid, uuid, text[], boolean, timestamptz, bigint);
DROP FUNCTION spotter.accept_share(uuid, uuid);
DROP FUNCTION spotter.find_share(uuid, uuid);
DROP FUNCTION spotter.list_shares(uuid, text, uuid, integer);
DROP FUNCTION spotter.offer_share(uuid, uuid, text, text[], timestamptz);
DROP FUNCTION spotter.is_side_of(spotter.share, uuid);
DROP FUNCTION spotter.share_json(spotter.share, uuid);
DROP TRIGGER account_email_drop_invitations ON spotter.account_email;
DROP FUNCTION spotter.drop_invitations();
DROP TABLE spotter.share;
