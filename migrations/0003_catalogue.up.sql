-- What all athletes share: the versioned muscle graph and the exercise catalogue. No user data, so
-- no row-level security; only the owner writes them, from the files in catalogue/.
CREATE TABLE spotter.taxonomy (
  taxonomy_version integer     NOT NULL,
  name             text        NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT taxonomy_pkey PRIMARY KEY (taxonomy_version),
  CONSTRAINT taxonomy_version_positive CHECK (taxonomy_version > 0)
);
COMMENT ON TABLE spotter.taxonomy IS
  'Versions of the muscle graph. A version never changes its meaning.';

CREATE TABLE spotter.muscle (
  taxonomy_version integer NOT NULL,
  slug             text    NOT NULL,
  name             text    NOT NULL,
  region           boolean NOT NULL DEFAULT false,
  position         integer NOT NULL DEFAULT 0,
  CONSTRAINT muscle_pkey PRIMARY KEY (taxonomy_version, slug),
  CONSTRAINT muscle_taxonomy_fkey FOREIGN KEY (taxonomy_version)
    REFERENCES spotter.taxonomy (taxonomy_version)
);
COMMENT ON TABLE spotter.muscle IS
  'Nodes of the muscle graph: muscles, or regions that group some. position: parents before '
  'children.';

CREATE TABLE spotter.muscle_parent (
  taxonomy_version integer NOT NULL,
  slug             text    NOT NULL,
  parent_slug      text    NOT NULL,
  CONSTRAINT muscle_parent_pkey PRIMARY KEY (taxonomy_version, slug, parent_slug),
  CONSTRAINT muscle_parent_child_fkey FOREIGN KEY (taxonomy_version, slug)
    REFERENCES spotter.muscle (taxonomy_version, slug),
  CONSTRAINT muscle_parent_parent_fkey FOREIGN KEY (taxonomy_version, parent_slug)
    REFERENCES spotter.muscle (taxonomy_version, slug),
  CONSTRAINT muscle_parent_not_itself CHECK (slug <> parent_slug)
);
COMMENT ON TABLE spotter.muscle_parent IS 'Edges of the muscle graph, which has no cycles.';

CREATE TABLE spotter.exercise (
  exercise_id uuid        NOT NULL,
  slug        text        NOT NULL,
  name        text        NOT NULL,
  equipment   text        NOT NULL,
  mechanic    text,
  force       text,
  category    text        NOT NULL,
  search      text        NOT NULL,
  version     bigint      NOT NULL DEFAULT 1,
  created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  CONSTRAINT exercise_pkey PRIMARY KEY (exercise_id),
  CONSTRAINT exercise_slug_key UNIQUE (slug)
);
COMMENT ON TABLE spotter.exercise IS
  'The shared catalogue. search: lower-cased name and aliases, one a line. mechanic, force: '
  'null where they make no sense.';
CREATE TRIGGER exercise_touch BEFORE UPDATE ON spotter.exercise FOR EACH ROW
  WHEN (NEW.updated_at = OLD.updated_at OR NEW.version <= OLD.version)
  EXECUTE FUNCTION spotter.touch_version();

CREATE TABLE spotter.exercise_muscle (
  exercise_id      uuid     NOT NULL,
  taxonomy_version integer  NOT NULL,
  muscle_slug      text     NOT NULL,
  role             smallint NOT NULL,
  position         integer  NOT NULL DEFAULT 0,
  CONSTRAINT exercise_muscle_pkey PRIMARY KEY (exercise_id, taxonomy_version, muscle_slug),
  CONSTRAINT exercise_muscle_exercise_fkey FOREIGN KEY (exercise_id)
    REFERENCES spotter.exercise (exercise_id),
  CONSTRAINT exercise_muscle_muscle_fkey FOREIGN KEY (taxonomy_version, muscle_slug)
    REFERENCES spotter.muscle (taxonomy_version, slug),
  CONSTRAINT exercise_muscle_role_known CHECK (role IN (1, 2))
);
COMMENT ON TABLE spotter.exercise_muscle IS
  'Which muscles an exercise trains. role: 1 primary, 2 secondary; position: as the catalogue '
  'lists them.';

CREATE TABLE spotter.exercise_alias (
  exercise_id uuid NOT NULL,
  alias       text NOT NULL,
  CONSTRAINT exercise_alias_pkey PRIMARY KEY (exercise_id, alias),
  CONSTRAINT exercise_alias_exercise_fkey FOREIGN KEY (exercise_id)
    REFERENCES spotter.exercise (exercise_id)
);
COMMENT ON TABLE spotter.exercise_alias IS 'Other names of catalogue exercises.';

GRANT SELECT ON spotter.taxonomy, spotter.muscle, spotter.muscle_parent, spotter.exercise,
  spotter.exercise_muscle, spotter.exercise_alias TO spotter_reader, spotter_writer;
