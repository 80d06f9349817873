// Somebody with one of everything, all of it marked, and the ids of it.

import { randomBytes } from "node:crypto";

import { Client, PASSWORD } from "../e2e/client.mjs";
import { psql, verify_address } from "../e2e/database.mjs";
import { ended, hevy_file, upload } from "../e2e/importing.mjs";
import { until } from "../e2e/waiting.mjs";
import { uuid7 } from "../e2e/uuid.mjs";

/** Settings under which attacks are neither slowed down nor stopped by limits, which have tests of their own. */
export const NO_LIMITS = {
  SPOTTER_LIMITS_REGISTRATIONS_PER_MINUTE: "0",
  SPOTTER_LIMITS_READS_PER_MINUTE: "0",
  SPOTTER_LIMITS_WRITES_PER_MINUTE: "0",
  SPOTTER_LIMITS_IMPORTS_PER_MINUTE: "0",
  SPOTTER_LIMITS_FAILED_LOGINS: "0",
  SPOTTER_IDENTITY_SIGN_INS_PER_MINUTE: "0",
  SPOTTER_IDENTITY_PASSWORD_PASSES: "1",
  SPOTTER_IDENTITY_PASSWORD_MEMORY_MIB: "8",
};

/** What the members of bodies mean, for who has to fill them in. */
export const WORDS = {
  email: "nobody.at.all@example.org",
  password: "quiet marmots row uphill", // not the one that people here sign in with
  current_password: PASSWORD,
  time_zone: "Europe/Berlin",
  token: "A".repeat(43),
  mfa_token: `spm_${"A".repeat(43)}`,
  refresh_token: "A".repeat(60),
  code: "000000",
  primary_muscles: ["chest"],
  secondary_muscles: ["triceps"],
  equipment: "none",
  rep_max: 12,
  rep_min: 8,
  rpe: 8,
  ends_at: new Date(Date.now() + 86_400_000).toISOString(),
  expires_at: new Date(Date.now() + 86_400_000).toISOString(),
  finished_at: new Date().toISOString(),
};

/**
 * A client with `mark` in every text that it has, `name_mark` in its name. `ids` are lists by collection, the
 * first of each belonging together; `fields` are the ids that bodies and queries name.
 */
export async function person(server, { with_training = true } = {}) {
  const mark = `m${randomBytes(8).toString("hex")}`;
  const name_mark = `n${randomBytes(8).toString("hex")}`;
  const client = await Client.register(server, { email: `${mark}@example.org`, display_name: name_mark });
  Object.assign(client, { mark, name_mark });
  await verify_address(server, client);
  if (with_training) await train(server, client);
  return client;
}

async function train(server, client) {
  const { mark } = client;
  const exercise = await client.expect(201, client.post("/v1/exercises", { id: uuid7(), name: `Exercise ${mark}` }));
  const workouts = [];
  for (const state of ["finished", "live", "deleted"]) {
    const workout = await client.start_workout({ title: `Title ${mark}`, notes: `Notes ${mark} of ${state}` });
    const set = await client.log_set(workout.id, { exercise_id: exercise.id, reps: 5, weight: { value: 100, unit: "kg" } });
    if (state === "finished") await client.expect(200, client.post(`/v1/workouts/${workout.id}/finish`, {}));
    if (state === "deleted") await client.expect(204, client.delete(`/v1/workouts/${workout.id}`));
    workouts.push({ id: workout.id, version: workout.version, set });
  }
  const imports = [];
  for (const content of [hevy_file(1, { exercise: `Press ${mark}` }), `neither,of\n"${mark},"\n`]) {
    const answer = await upload(client, content, { name: `${mark}.csv` });
    if (answer.status === 202) imports.push((await ended(client, answer.json.id)).id);
  }
  const advice = { kind: "next_set", exercise_id: exercise.id };
  const recommendation = await client.expect(201, client.post("/v1/recommendations", advice));
  const key = await client.expect(201, client.post("/v1/me/tokens", { name: `Key ${mark}`, scopes: ["read"] }));
  const share = { id: uuid7(), email: `friend-of-${mark}@example.org`, scopes: ["live", "history", "notes"] };
  await client.expect(201, client.post("/v1/shares", share));
  const login = { email: client.email, password: PASSWORD };
  await client.expect(200, client.post("/v1/auth/login", login, { "user-agent": `Device ${mark}` }));
  const sessions = await client.expect(200, client.get("/v1/me/sessions"));
  client.ids = {
    "/v1/me/sessions": sessions.items.filter(({ current }) => !current).map(({ id }) => id),
    "/v1/exercises": [exercise.id],
    "/v1/workouts": workouts.map(({ id }) => id),
    "/v1/workouts/{id}/sets": workouts.map(({ set }) => set.id),
    "/v1/imports": imports,
    "/v1/recommendations": [recommendation.id],
    "/v1/me/tokens": [key.id],
    "/v1/shares": [share.id],
    "/v1/athletes": [client.user.id],
    "/v1/admin/users": [client.user.id],
    "/v1/athletes/{id}/workouts": workouts.map(({ id }) => id),
    "/v1/athletes/{id}/exercises": [exercise.id],
  };
  client.fields = {
    user_id: client.user.id,
    exercise_id: exercise.id,
    exercise_instance_id: workouts[0].set.exercise_instance_id,
    workout_id: workouts[0].id,
    set_id: workouts[0].set.id,
    routine_id: uuid7(), // there are no routines yet
  };
  client.words = { version: workouts[0].version };
  await quiet(server, client);
}

/** The ids that fill a collection's place in a path; a collection that nobody has put in here is an error. */
export function ids_of(client, collection) {
  const ids = client.ids[collection];
  if (!ids?.length) throw new Error(`no ids known of ${collection}: give people one of those in tests/security/person.mjs`);
  return ids;
}

/** The id that a member of a body names; `collection` is where the body goes to. */
export function field_of(client, name, collection) {
  const id = name === "id" ? ids_of(client, collection)[0] : client.fields[name];
  if (!id) throw new Error(`no id known for the member ${name}: give people one in tests/security/person.mjs`);
  return id;
}

/** Waits until the server has nothing more to do for somebody: no letter, no job. */
function quiet(server, { user }) {
  return until(30_000, "no work left", async () => {
    const [left] = await psql(server, `SELECT
      (SELECT count(*) FROM spotter.mail WHERE user_id = '${user.id}' AND state = 'queued') +
      (SELECT count(*) FROM spotter.job WHERE user_id = '${user.id}' AND state IN ('queued', 'running'))`);
    return left === "0";
  });
}

// Anybody may have a letter sent to an address (a recovery, a sign-in), and such attempts are written down.
const MOVED_BY_OTHERS = ["mail", "account_token", "job", "security_event"];

/** Every row that belongs to somebody, as text, but for when a thing was last used. */
export async function rows_of(server, { user }, but = MOVED_BY_OTHERS) {
  const tables = await psql(server, `SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'spotter'::regnamespace
    AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND EXISTS (SELECT FROM pg_attribute a
      WHERE a.attrelid = c.oid AND a.attname = 'user_id') ORDER BY 1`);
  const selects = tables.filter((name) => !but.includes(name)).map(
    (name) => `SELECT '${name} ' || (to_jsonb(t) - 'last_used_at' - 'noted_at')::text FROM spotter.${name} t WHERE user_id = '${user.id}'`,
  );
  return (await psql(server, selects.join(" UNION ALL "))).sort();
}
