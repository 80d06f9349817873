-- What athletes do: their own exercises, workouts, the exercises in them, sets and records.
-- Keys begin with user_id, so that the tables can be distributed by it.
CREATE TABLE spotter.own_exercise (
  user_id           uuid        NOT NULL,
  exercise_id       uuid        NOT NULL,
  name              text        NOT NULL,
  equipment         text        NOT NULL,
  primary_muscles   text[]      NOT NULL DEFAULT '{}',
  secondary_muscles text[]      NOT NULL DEFAULT '{}',
  version           bigint      NOT NULL DEFAULT 0,
  created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  deleted_at        timestamptz,
  CONSTRAINT own_exercise_pkey PRIMARY KEY (user_id, exercise_id),
  CONSTRAINT own_exercise_user_fkey FOREIGN KEY (user_id) REFERENCES spotter.app_user (user_id),
  CONSTRAINT own_exercise_name_not_empty CHECK (name <> '')
);
COMMENT ON TABLE spotter.own_exercise IS
  'Exercises that athletes made. Muscles are slugs of the taxonomy.';
CREATE INDEX own_exercise_name_idx ON spotter.own_exercise (user_id, lower(name), exercise_id)
  WHERE deleted_at IS NULL;
ALTER TABLE spotter.own_exercise ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.own_exercise FORCE ROW LEVEL SECURITY;
CREATE POLICY own_exercise_reader ON spotter.own_exercise FOR SELECT TO spotter_reader
  USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY own_exercise_writer ON spotter.own_exercise TO spotter_writer
  USING (user_id = ANY (
    (SELECT NULLIF(current_setting('app.user_ids', true), '')::uuid[])::uuid[]));
GRANT SELECT ON spotter.own_exercise TO spotter_reader;
GRANT SELECT, INSERT, UPDATE ON spotter.own_exercise TO spotter_writer;
CREATE TRIGGER own_exercise_touch BEFORE UPDATE ON spotter.own_exercise FOR EACH ROW
  WHEN (NEW.updated_at = OLD.updated_at OR NEW.version <= OLD.version)
  EXECUTE FUNCTION spotter.touch_version();

CREATE TABLE spotter.workout (
  user_id            uuid        NOT NULL,
  workout_id         uuid        NOT NULL,
  title              text        NOT NULL DEFAULT '',
  state              smallint    NOT NULL DEFAULT 1,
  started_at         timestamptz NOT NULL,
  finished_at        timestamptz,
  time_zone          text        NOT NULL,
  local_date         date        NOT NULL,
  notes              text        NOT NULL DEFAULT '',
  source_provider    text,
  source_external_id text,
  source_hash        text,
  first_seq          bigint      NOT NULL,
  version            bigint      NOT NULL,
  created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  deleted_at         timestamptz,
  CONSTRAINT workout_pkey PRIMARY KEY (user_id, workout_id),
  CONSTRAINT workout_user_fkey FOREIGN KEY (user_id) REFERENCES spotter.app_user (user_id),
  CONSTRAINT workout_state_known CHECK (state IN (1, 2)),
  CONSTRAINT workout_finished_has_time CHECK ((state = 2) = (finished_at IS NOT NULL)),
  CONSTRAINT workout_first_seq_positive CHECK (first_seq > 0),
  CONSTRAINT workout_version_not_before_first CHECK (version >= first_seq),
  CONSTRAINT workout_source_whole CHECK (
    (source_provider IS NULL) = (source_external_id IS NULL)
    AND (source_provider IS NULL) = (source_hash IS NULL))
);
COMMENT ON TABLE spotter.workout IS
  'Workouts. state: 1 live, 2 finished. first_seq, version: the events that created and last '
  'changed the row itself.';
CREATE UNIQUE INDEX workout_source_key
  ON spotter.workout (user_id, source_provider, source_external_id)
  WHERE source_provider IS NOT NULL;
CREATE INDEX workout_page_idx ON spotter.workout (user_id, started_at DESC, workout_id DESC)
  WHERE deleted_at IS NULL;
CREATE INDEX workout_live_idx ON spotter.workout (user_id)
  WHERE state = 1 AND deleted_at IS NULL;
ALTER TABLE spotter.workout ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.workout FORCE ROW LEVEL SECURITY;
CREATE POLICY workout_reader ON spotter.workout FOR SELECT TO spotter_reader
  USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY workout_writer ON spotter.workout TO spotter_writer
  USING (user_id = ANY (
    (SELECT NULLIF(current_setting('app.user_ids', true), '')::uuid[])::uuid[]));
GRANT SELECT ON spotter.workout TO spotter_reader;
GRANT SELECT, INSERT, UPDATE ON spotter.workout TO spotter_writer;
CREATE TRIGGER workout_touch BEFORE UPDATE ON spotter.workout FOR EACH ROW
  WHEN (NEW.updated_at = OLD.updated_at OR NEW.version <= OLD.version)
  EXECUTE FUNCTION spotter.touch_version();

CREATE TABLE spotter.exercise_instance (
  user_id              uuid        NOT NULL,
  exercise_instance_id uuid        NOT NULL,
  workout_id           uuid        NOT NULL,
  exercise_id          uuid,
  own_exercise_id      uuid,
  position             integer     NOT NULL,
  superset             integer,
  notes                text        NOT NULL DEFAULT '',
  version              bigint      NOT NULL,
  created_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
  deleted_at           timestamptz,
  CONSTRAINT exercise_instance_pkey PRIMARY KEY (user_id, exercise_instance_id),
  CONSTRAINT exercise_instance_workout_fkey FOREIGN KEY (user_id, workout_id)
    REFERENCES spotter.workout (user_id, workout_id),
  CONSTRAINT exercise_instance_exercise_fkey FOREIGN KEY (exercise_id)
    REFERENCES spotter.exercise (exercise_id),
  CONSTRAINT exercise_instance_own_exercise_fkey FOREIGN KEY (user_id, own_exercise_id)
    REFERENCES spotter.own_exercise (user_id, exercise_id),
  CONSTRAINT exercise_instance_one_exercise CHECK (num_nonnulls(exercise_id, own_exercise_id) = 1),
  CONSTRAINT exercise_instance_position_not_negative CHECK (position >= 0)
);
COMMENT ON TABLE spotter.exercise_instance IS
  'Exercises as done in a workout, in order. Either the catalogue''s exercise or the athlete''s '
  'own.';
CREATE INDEX exercise_instance_workout_idx ON spotter.exercise_instance (user_id, workout_id);
CREATE INDEX exercise_instance_history_idx
  ON spotter.exercise_instance (user_id, (COALESCE(exercise_id, own_exercise_id)));
ALTER TABLE spotter.exercise_instance ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.exercise_instance FORCE ROW LEVEL SECURITY;
CREATE POLICY exercise_instance_reader ON spotter.exercise_instance FOR SELECT TO spotter_reader
  USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY exercise_instance_writer ON spotter.exercise_instance TO spotter_writer
  USING (user_id = ANY (
    (SELECT NULLIF(current_setting('app.user_ids', true), '')::uuid[])::uuid[]));
GRANT SELECT ON spotter.exercise_instance TO spotter_reader;
GRANT SELECT, INSERT, UPDATE ON spotter.exercise_instance TO spotter_writer;
CREATE TRIGGER exercise_instance_touch BEFORE UPDATE ON spotter.exercise_instance FOR EACH ROW
  WHEN (NEW.updated_at = OLD.updated_at OR NEW.version <= OLD.version)
  EXECUTE FUNCTION spotter.touch_version();

CREATE TABLE spotter.workout_set (
  user_id              uuid             NOT NULL,
  workout_id           uuid             NOT NULL,
  set_id               uuid             NOT NULL,
  exercise_instance_id uuid             NOT NULL,
  position             integer          NOT NULL,
  kind                 smallint         NOT NULL DEFAULT 1,
  reps                 integer,
  weight_value         double precision,
  weight_unit          smallint,
  weight_g             bigint,
  rpe                  real,
  rir                  smallint,
  distance_m           double precision,
  duration_ms          bigint,
  rest_ms              bigint,
  target               jsonb,
  completed_at         timestamptz      NOT NULL,
  version              bigint           NOT NULL,
  created_at           timestamptz      NOT NULL DEFAULT clock_timestamp(),
  updated_at           timestamptz      NOT NULL DEFAULT clock_timestamp(),
  deleted_at           timestamptz,
  CONSTRAINT workout_set_pkey PRIMARY KEY (user_id, workout_id, set_id),
  CONSTRAINT workout_set_instance_fkey FOREIGN KEY (user_id, exercise_instance_id)
    REFERENCES spotter.exercise_instance (user_id, exercise_instance_id),
  CONSTRAINT workout_set_position_not_negative CHECK (position >= 0),
  CONSTRAINT workout_set_kind_known CHECK (kind BETWEEN 1 AND 4),
  CONSTRAINT workout_set_reps_in_range CHECK (reps BETWEEN 0 AND 10000),
  CONSTRAINT workout_set_weight_whole CHECK (
    num_nonnulls(weight_value, weight_unit, weight_g) IN (0, 3)),
  CONSTRAINT workout_set_weight_in_range CHECK (
    weight_value >= 0 AND weight_unit IN (1, 2) AND weight_g BETWEEN 0 AND 2000000),
  CONSTRAINT workout_set_rpe_in_range CHECK (rpe BETWEEN 1 AND 10 AND rpe * 2 = floor(rpe * 2)),
  CONSTRAINT workout_set_rir_in_range CHECK (rir BETWEEN 0 AND 20),
  CONSTRAINT workout_set_distance_in_range CHECK (distance_m BETWEEN 0 AND 1000000),
  CONSTRAINT workout_set_duration_in_range CHECK (duration_ms BETWEEN 0 AND 604800000),
  CONSTRAINT workout_set_rest_in_range CHECK (rest_ms BETWEEN 0 AND 86400000)
);
COMMENT ON TABLE spotter.workout_set IS
  'Sets: the hot path, so the primary key is the only index. kind: 1 normal, '
  '2 warmup, 3 dropset, 4 failure; weight_value and weight_unit as entered, weight_g canonical; '
  'null means not measured.';
ALTER TABLE spotter.workout_set ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.workout_set FORCE ROW LEVEL SECURITY;
CREATE POLICY workout_set_reader ON spotter.workout_set FOR SELECT TO spotter_reader
  USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY workout_set_writer ON spotter.workout_set TO spotter_writer
  USING (user_id = ANY (
    (SELECT NULLIF(current_setting('app.user_ids', true), '')::uuid[])::uuid[]));
GRANT SELECT ON spotter.workout_set TO spotter_reader;
GRANT SELECT, INSERT, UPDATE ON spotter.workout_set TO spotter_writer;
CREATE TRIGGER workout_set_touch BEFORE UPDATE ON spotter.workout_set FOR EACH ROW
  WHEN (NEW.updated_at = OLD.updated_at OR NEW.version <= OLD.version)
  EXECUTE FUNCTION spotter.touch_version();

CREATE TABLE spotter.personal_record (
  user_id     uuid             NOT NULL,
  exercise_id uuid             NOT NULL,
  kind        smallint         NOT NULL,
  value       double precision NOT NULL,
  set_id      uuid             NOT NULL,
  achieved_at timestamptz      NOT NULL,
  updated_at  timestamptz      NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT personal_record_pkey PRIMARY KEY (user_id, exercise_id, kind),
  CONSTRAINT personal_record_user_fkey FOREIGN KEY (user_id) REFERENCES spotter.app_user (user_id),
  CONSTRAINT personal_record_kind_known CHECK (kind BETWEEN 1 AND 3)
);
COMMENT ON TABLE spotter.personal_record IS
  'The best of each athlete by exercise and measure, derived from sets. kind: 1 weight (kg), 2 '
  'e1rm (kg), 3 reps.';
ALTER TABLE spotter.personal_record ENABLE ROW LEVEL SECURITY;
ALTER TABLE spotter.personal_record FORCE ROW LEVEL SECURITY;
CREATE POLICY personal_record_reader ON spotter.personal_record FOR SELECT TO spotter_reader
  USING (user_id = (SELECT NULLIF(current_setting('app.user_id', true), '')::uuid));
CREATE POLICY personal_record_writer ON spotter.personal_record TO spotter_writer
  USING (user_id = ANY (
    (SELECT NULLIF(current_setting('app.user_ids', true), '')::uuid[])::uuid[]));
GRANT SELECT ON spotter.personal_record TO spotter_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON spotter.personal_record TO spotter_writer;
CREATE TRIGGER personal_record_touch BEFORE UPDATE ON spotter.personal_record FOR EACH ROW
  WHEN (NEW.updated_at = OLD.updated_at)
  EXECUTE FUNCTION spotter.touch_time();
