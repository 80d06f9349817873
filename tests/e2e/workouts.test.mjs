// The life of a workout and its sets through REST.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import { Client } from "./client.mjs";
import { missing, Server } from "./server.mjs";
import { uuid7 } from "./uuid.mjs";

const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const kg = (value) => ({ value, unit: "kg" });

describe("workouts", { skip: missing }, () => {
  let server;
  let client;
  let bench;
  before(async () => (server = await Server.start()));
  after(() => server?.stop());
  beforeEach(async () => {
    client = await Client.register(server);
    bench = (await client.exercise("bench press")).id;
  });

  const sets_of = (workout) => workout.exercises.flatMap(({ sets }) => sets);
  const read = (id) => client.expect(200, client.get(`/v1/workouts/${id}`));

  it("starts one with an id made here or there", async () => {
    const made = await client.post("/v1/workouts", {});
    assert.equal(made.status, 201, made.text);
    assert.match(made.json.id, UUID7);
    assert.equal(made.json.state, "live");
    const id = uuid7();
    const own = await client.start_workout({ id, title: "Push", notes: "früh ☀", time_zone: "Asia/Tokyo" });
    assert.equal(own.id, id);
    assert.equal(own.title, "Push");
    assert.equal(own.notes, "früh ☀");
    assert.equal(own.time_zone, "Asia/Tokyo");
    assert.deepEqual(own.exercises, []);
  });

  it("keeps the athlete's own date", async () => {
    const started_at = "2026-03-01T23:30:00Z";
    const { local_date } = await client.start_workout({ started_at, time_zone: "Europe/Berlin" });
    assert.equal(local_date, "2026-03-02");
  });

  it("answers the same id and body again as the first time", async () => {
    const body = { id: uuid7(), title: "Twice" };
    const first = await client.post("/v1/workouts", body);
    const again = await client.post("/v1/workouts", body);
    assert.equal(again.status, 201);
    assert.deepEqual(again.json, first.json);
    assert.equal((await client.pages("/v1/workouts", 50)).length, 1);
  });

  it("refuses an id that stands for something else", async () => {
    const { id } = await client.start_workout({ title: "One" });
    const other = await client.post("/v1/workouts", { id, title: "Another" });
    assert.equal(other.status, 409);
    assert.equal(other.json.code, "id_reused");
  });

  it("lets two users have the same id, each with a workout of their own", async () => {
    const id = uuid7();
    const stranger = await Client.register(server);
    await client.start_workout({ id, title: "Mine" });
    await stranger.start_workout({ id, title: "Theirs" });
    assert.equal((await read(id)).title, "Mine");
  });

  it("logs sets into instances, in order, with the weight as it was entered", async () => {
    const squat = (await client.exercise("squat")).id;
    const { id } = await client.start_workout();
    const first = await client.log_set(id, { exercise_id: bench, reps: 5, weight: { value: 135, unit: "lb" } });
    await client.log_set(id, { exercise_id: squat, reps: 5, weight: kg(100), rpe: 8.5 });
    await client.log_set(id, { exercise_id: bench, reps: 0, weight: kg(0), kind: "failure", rir: 0 });
    const workout = await read(id);
    assert.deepEqual(workout.exercises.map(({ exercise_id, position }) => [exercise_id, position]), [
      [bench, 0],
      [squat, 1],
    ]);
    assert.deepEqual(first.weight, { value: 135, unit: "lb" });
    const [pair, [heavy]] = workout.exercises.map(({ sets }) => sets);
    assert.deepEqual(pair.map(({ position }) => position), [0, 1]);
    assert.equal(pair[1].reps, 0, "zero is a number, not a gap");
    assert.deepEqual(pair[1].weight, kg(0));
    assert.equal(pair[1].rir, 0);
    assert.equal(heavy.rpe, 8.5);
    assert.equal(heavy.workout_id, id);
  });

  it("keeps target and actual side by side", async () => {
    const { id } = await client.start_workout();
    const fields = { exercise_id: bench, reps: 4, weight: kg(100), target: { reps: 5, weight: kg(102.5), rpe: 8 } };
    const set = await client.log_set(id, fields);
    assert.equal(set.target.reps, 5);
    assert.deepEqual(set.target.weight, kg(102.5));
    assert.equal(set.reps, 4);
  });

  it("answers a set's id again as the first time, and keeps one set", async () => {
    const { id } = await client.start_workout();
    const body = { id: uuid7(), exercise_id: bench, reps: 5 };
    const first = await client.post(`/v1/workouts/${id}/sets`, body);
    const again = await client.post(`/v1/workouts/${id}/sets`, body);
    assert.equal(again.status, 201);
    assert.deepEqual(again.json, first.json);
    assert.equal(sets_of(await read(id)).length, 1);
    const other = await client.post(`/v1/workouts/${id}/sets`, { ...body, reps: 6 });
    assert.equal(other.status, 409);
    assert.equal(other.json.code, "id_reused");
  });

  it("changes a set by merge patch: absent stays, null clears", async () => {
    const { id } = await client.start_workout();
    const set = await client.log_set(id, { exercise_id: bench, reps: 5, weight: kg(80), rpe: 8 });
    const path = `/v1/workouts/${id}/sets/${set.id}`;
    const changed = await client.expect(200, client.patch(path, { reps: 6, rpe: null, kind: "dropset" }));
    assert.equal(changed.reps, 6);
    assert.deepEqual(changed.weight, kg(80));
    assert.ok(changed.rpe === undefined || changed.rpe === null);
    assert.equal(changed.kind, "dropset");
    assert.ok(changed.version > set.version);
    const got = await client.get(path);
    assert.deepEqual(got.json, changed);
    assert.equal(got.headers.etag, `"${changed.version}"`);
  });

  it("changes a workout's own fields", async () => {
    const { id } = await client.start_workout({ title: "A", notes: "b" });
    const changed = await client.expect(200, client.patch(`/v1/workouts/${id}`, { title: "C", notes: null }));
    assert.equal(changed.title, "C");
    assert.equal(changed.notes, "");
  });

  it("gives every change a higher version, and an ETag of it", async () => {
    const { id, version } = await client.start_workout();
    await client.log_set(id, { exercise_id: bench, reps: 5 });
    const { headers, json } = await client.get(`/v1/workouts/${id}`);
    assert.ok(json.version > version, "a set changes its workout's version");
    assert.equal(headers.etag, `"${json.version}"`);
    for (const field of ["id", "version", "created_at", "updated_at"]) assert.ok(field in json, field);
    const unchanged = await client.get(`/v1/workouts/${id}`, { "if-none-match": headers.etag });
    assert.equal(unchanged.status, 304);
  });

  it("refuses a change that rests on an older version", async () => {
    const { id } = await client.start_workout();
    const set = await client.log_set(id, { exercise_id: bench, reps: 5 });
    const path = `/v1/workouts/${id}/sets/${set.id}`;
    const match = { "if-match": `"${set.version}"` };
    assert.equal((await client.patch(path, { reps: 6 }, match)).status, 200);
    for (const stale of [await client.patch(path, { reps: 7 }, match), await client.delete(path, match)]) {
      assert.equal(stale.status, 412);
      assert.equal(stale.json.code, "version_conflict");
    }
    const workout = await read(id);
    const old = { "if-match": '"1"' };
    assert.equal((await client.patch(`/v1/workouts/${id}`, { title: "x" }, old)).status, 412);
    assert.equal((await client.delete(`/v1/workouts/${id}`, old)).status, 412);
    const now = { "if-match": `"${workout.version}"` };
    assert.equal((await client.patch(`/v1/workouts/${id}`, { title: "x" }, now)).status, 200);
  });

  it("deletes a set", async () => {
    const { id } = await client.start_workout();
    const set = await client.log_set(id, { exercise_id: bench, reps: 5 });
    assert.equal((await client.delete(`/v1/workouts/${id}/sets/${set.id}`)).status, 204);
    assert.equal((await client.get(`/v1/workouts/${id}/sets/${set.id}`)).status, 404);
    assert.deepEqual(sets_of(await read(id)), []);
    assert.equal((await client.delete(`/v1/workouts/${id}/sets/${set.id}`)).status, 404);
  });

  it("has one effect for one Idempotency-Key, and says that it replays", async () => {
    const key = { "idempotency-key": uuid7() };
    const first = await client.post("/v1/workouts", { title: "Keyed" }, key);
    const again = await client.post("/v1/workouts", { title: "Keyed" }, key);
    assert.equal(first.status, 201);
    assert.equal(first.headers["idempotency-replayed"], undefined);
    assert.equal(again.status, 201);
    assert.equal(again.headers["idempotency-replayed"], "true");
    assert.deepEqual(again.json, first.json);
    const other = await client.post("/v1/workouts", { title: "Other" }, key);
    assert.equal(other.status, 422);
    assert.equal(other.json.code, "idempotency_mismatch");
    assert.equal((await client.pages("/v1/workouts", 50)).length, 1);
  });

  it("keeps keys of different users apart", async () => {
    const key = { "idempotency-key": uuid7() };
    const stranger = await Client.register(server);
    const mine = await client.post("/v1/workouts", { title: "Same" }, key);
    const theirs = await stranger.post("/v1/workouts", { title: "Same" }, key);
    assert.notEqual(mine.json.id, theirs.json.id);
  });

  it("has one effect when the same key comes many times at once", async () => {
    const { id } = await client.start_workout();
    const key = { "idempotency-key": uuid7() };
    const send = () => client.post(`/v1/workouts/${id}/sets`, { exercise_id: bench, reps: 3 }, key);
    const answers = await Promise.all(Array.from({ length: 8 }, send));
    assert.ok(answers.every(({ status }) => status === 201 || status === 409));
    const ids = new Set(answers.filter(({ status }) => status === 201).map(({ json }) => json.id));
    assert.equal(ids.size, 1);
    assert.equal(sets_of(await read(id)).length, 1);
  });

  it("replays a deletion by its key instead of saying that nothing is there", async () => {
    const { id } = await client.start_workout();
    const key = { "idempotency-key": uuid7() };
    assert.equal((await client.delete(`/v1/workouts/${id}`, key)).status, 204);
    const again = await client.delete(`/v1/workouts/${id}`, key);
    assert.equal(again.status, 204);
    assert.equal(again.headers["idempotency-replayed"], "true");
  });

  it("hides a deleted workout and brings it back whole", async () => {
    const { id } = await client.start_workout({ title: "Gone" });
    await client.log_set(id, { exercise_id: bench, reps: 5 });
    assert.equal((await client.delete(`/v1/workouts/${id}`)).status, 204);
    assert.equal((await client.get(`/v1/workouts/${id}`)).status, 404);
    assert.deepEqual(await client.pages("/v1/workouts", 50), []);
    assert.equal((await client.post(`/v1/workouts/${id}/sets`, { exercise_id: bench, reps: 1 })).status, 404);
    const back = await client.expect(200, client.post(`/v1/workouts/${id}/restore`));
    assert.equal(back.title, "Gone");
    assert.equal(sets_of(back).length, 1);
    assert.deepEqual(await read(id), back);
  });

  it("finishes with a summary and the records that were set", async () => {
    const started_at = "2026-02-03T10:00:00Z";
    const { id } = await client.start_workout({ started_at });
    await client.log_set(id, { exercise_id: bench, reps: 10, weight: kg(40), kind: "warmup" });
    await client.log_set(id, { exercise_id: bench, reps: 5, weight: kg(80) });
    const heavy = await client.log_set(id, { exercise_id: bench, reps: 3, weight: kg(90) });
    const answer = await client.post(`/v1/workouts/${id}/finish`, { finished_at: "2026-02-03T11:00:00Z" });
    assert.equal(answer.status, 200, answer.text);
    const { state, summary, finished_at } = answer.json;
    assert.equal(state, "finished");
    assert.equal(Date.parse(finished_at), Date.parse("2026-02-03T11:00:00Z"));
    assert.equal(summary.sets, 2, "warm-ups do not count");
    assert.equal(summary.reps, 8);
    assert.equal(summary.volume_kg, 5 * 80 + 3 * 90);
    assert.equal(summary.duration_ms, 3_600_000);
    const weight = summary.records.find(({ kind }) => kind === "weight");
    assert.equal(weight.value, 90);
    assert.equal(weight.set_id, heavy.id);
    const again = await client.post(`/v1/workouts/${id}/finish`, { finished_at: "2026-02-03T11:00:00Z" });
    assert.equal(again.status, 200, "finishing again answers as the first time");
    assert.equal(again.json.version, answer.json.version);
  });

  it("takes records away again when the set that held them goes", async () => {
    const { id } = await client.start_workout();
    await client.log_set(id, { exercise_id: bench, reps: 1, weight: kg(80) });
    const best = await client.log_set(id, { exercise_id: bench, reps: 1, weight: kg(100) });
    const weight = async () =>
      (await client.pages("/v1/records", 50)).find(({ kind, exercise_id }) => kind === "weight" && exercise_id === bench);
    assert.equal((await weight()).value, 100);
    await client.delete(`/v1/workouts/${id}/sets/${best.id}`);
    assert.equal((await weight()).value, 80);
  });

  it("refuses a set after the finish, but lets one be corrected", async () => {
    const { id } = await client.start_workout();
    const set = await client.log_set(id, { exercise_id: bench, reps: 5 });
    await client.expect(200, client.post(`/v1/workouts/${id}/finish`));
    const late = await client.post(`/v1/workouts/${id}/sets`, { exercise_id: bench, reps: 5 });
    assert.equal(late.status, 409);
    assert.equal(late.json.code, "conflict");
    assert.equal((await client.patch(`/v1/workouts/${id}/sets/${set.id}`, { reps: 6 })).status, 200);
  });

  it("lists a finished workout with the sums of what it holds by now", async () => {
    const { id } = await client.start_workout({ started_at: "2001-01-01T10:00:00Z" });
    const listed = async () => (await client.expect(200, client.get("/v1/workouts?until=2001-01-02T00:00:00Z"))).items;
    await client.log_set(id, { exercise_id: bench, reps: 10, weight: kg(40), kind: "warmup" });
    const first = await client.log_set(id, { exercise_id: bench, reps: 5, weight: kg(80) });
    const second = await client.log_set(id, { exercise_id: bench, reps: 3, weight: kg(90) });
    const finished = await client.expect(200, client.post(`/v1/workouts/${id}/finish`));
    const sums = async () => {
      const [{ summary, version, updated_at }] = await listed();
      const full = await read(id);
      assert.deepEqual({ version, updated_at }, { version: full.version, updated_at: full.updated_at });
      return summary;
    };
    assert.deepEqual(await sums(), { sets: 2, reps: 8, volume_kg: 670, exercises: 1 });
    await client.patch(`/v1/workouts/${id}/sets/${first.id}`, { reps: 6, weight: kg(100) });
    assert.deepEqual(await sums(), { sets: 2, reps: 9, volume_kg: 870, exercises: 1 });
    await client.patch(`/v1/workouts/${id}`, { title: "Renamed" });
    await client.delete(`/v1/workouts/${id}/sets/${second.id}`);
    assert.deepEqual(await sums(), { sets: 1, reps: 6, volume_kg: 600, exercises: 1 });
    await client.delete(`/v1/workouts/${id}`);
    assert.deepEqual(await listed(), []);
    await client.expect(200, client.post(`/v1/workouts/${id}/restore`));
    assert.deepEqual(await sums(), { sets: 1, reps: 6, volume_kg: 600, exercises: 1 });
    await client.expect(200, client.post(`/v1/workouts/${id}/revert`, { version: finished.version }));
    assert.deepEqual(await sums(), { sets: 2, reps: 8, volume_kg: 670, exercises: 1 });
    await client.expect(200, client.post(`/v1/workouts/${id}/revert`, { version: second.version })); // live again
    await client.log_set(id, { exercise_id: bench, reps: 1, weight: kg(10) });
    assert.deepEqual(await sums(), { sets: 3, reps: 9, volume_kg: 680, exercises: 1 });
    await client.delete(`/v1/workouts/${id}`);
  });

  it("keeps every version, and reverts to one of them", async () => {
    const { id } = await client.start_workout({ title: "First" });
    const set = await client.log_set(id, { exercise_id: bench, reps: 5, weight: kg(60) });
    const good = (await read(id)).version;
    await client.patch(`/v1/workouts/${id}/sets/${set.id}`, { reps: 50 });
    await client.log_set(id, { exercise_id: bench, reps: 1 });
    await client.patch(`/v1/workouts/${id}`, { title: "Second" });
    const history = await client.pages(`/v1/workouts/${id}/history`, 2);
    assert.deepEqual(
      history.map(({ event }) => event).filter((event) => event !== "record.achieved"),
      ["workout.updated", "set.logged", "set.updated", "set.logged", "workout.started"],
    );
    const versions = history.map(({ version }) => version);
    assert.deepEqual(versions, [...versions].sort((a, b) => b - a));
    const reverted = await client.expect(200, client.post(`/v1/workouts/${id}/revert`, { version: good }));
    assert.equal(reverted.title, "First");
    assert.ok(reverted.version > versions[0], "a revert is a new version");
    const stored = await read(id);
    assert.deepEqual(sets_of(stored).map(({ id: which, reps }) => [which, reps]), [[set.id, 5]]);
    const beyond = await client.post(`/v1/workouts/${id}/revert`, { version: 100_000 });
    assert.equal(beyond.status, 422);
    assert.equal(beyond.json.errors[0].pointer, "/version");
  });

  it("refuses an exercise that does not exist and an instance of another one", async () => {
    const squat = (await client.exercise("squat")).id;
    const { id } = await client.start_workout();
    const set = await client.log_set(id, { exercise_id: bench, reps: 5 });
    const unknown = await client.post(`/v1/workouts/${id}/sets`, { exercise_id: uuid7(), reps: 5 });
    assert.equal(unknown.status, 422);
    assert.equal(unknown.json.errors[0].pointer, "/exercise_id");
    const fields = { exercise_id: squat, exercise_instance_id: set.exercise_instance_id, reps: 5 };
    const other = await client.post(`/v1/workouts/${id}/sets`, fields);
    assert.equal(other.status, 422);
    assert.equal(other.json.errors[0].pointer, "/exercise_instance_id");
  });

  it("refuses the instance of another workout, and leaves that one as it is", async () => {
    const squat = (await client.exercise("squat")).id;
    const before = await client.start_workout();
    const set = await client.log_set(before.id, { exercise_id: bench, reps: 5 });
    const { id } = await client.start_workout();
    const fields = { exercise_id: squat, exercise_instance_id: set.exercise_instance_id, reps: 8 };
    const taken = await client.post(`/v1/workouts/${id}/sets`, fields);
    assert.equal(taken.status, 422);
    assert.equal(taken.json.errors[0].pointer, "/exercise_instance_id");
    assert.deepEqual((await read(id)).exercises, []);
    const [instance] = (await read(before.id)).exercises;
    assert.equal(instance.exercise_id, bench);
    assert.deepEqual(instance.sets.map(({ id: which, reps }) => [which, reps]), [[set.id, 5]]);
  });

  it("takes the first moment of 1970 for a time, and refuses times that no four digits can name", async () => {
    await client.start_workout();
    const listed = async (query) => (await client.expect(200, client.get(`/v1/workouts${query}`))).items.length;
    assert.equal(await listed("?until=1970-01-01T00:00:00Z"), 0);
    const all = await listed("");
    assert.ok(all > 0);
    assert.equal(await listed("?until=1970-01-01T00:00:00Z"), 0);
    assert.equal(await listed("?since=1970-01-01T00:00:00Z&until=9999-12-31T23:59:59Z"), all);
    for (const when of ["9999-12-31T23:59:59-23:59", "1900-01-01T00:00:00%2B23:59"])
      assert.equal((await client.get(`/v1/workouts?until=${when}`)).status, 422);
    const { id } = await client.start_workout();
    const late = await client.post(`/v1/workouts/${id}/sets`, { exercise_id: bench, reps: 5, completed_at: "9999-12-31T23:59:59-23:59" });
    assert.equal(late.status, 422);
    assert.equal(late.json.errors[0].pointer, "/completed_at");
  });
});
