// Advice for the next set.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import { Client } from "./client.mjs";
import { Live } from "./live.mjs";
import { missing, Server } from "./server.mjs";
import { uuid7 } from "./uuid.mjs";

describe("recommendations", { skip: missing }, () => {
  let server;
  let client;
  let exercise_id;
  before(async () => (server = await Server.start()));
  after(() => server?.stop());
  beforeEach(async () => {
    client = await Client.register(server);
    exercise_id = (await client.exercise("bench press")).id;
  });

  const ask = (fields = {}) => client.post("/v1/recommendations", { kind: "next_set", exercise_id, ...fields });

  async function train(sets) {
    const { id } = await client.start_workout();
    for (const reps of sets) await client.log_set(id, { exercise_id, reps, weight: { value: 80, unit: "kg" } });
    await client.expect(200, client.post(`/v1/workouts/${id}/finish`));
  }

  it("carry the engine and its version, the inputs and a readable explanation", async () => {
    await train([8, 8, 8]);
    const answer = await ask({ rep_min: 8, rep_max: 12 });
    assert.equal(answer.status, 201, answer.text);
    const { id, kind, engine, variant, explanation, suggestion, inputs } = answer.json;
    assert.equal(kind, "next_set");
    assert.equal(engine, "double_progression@1");
    assert.ok(variant);
    assert.match(explanation, /\w+ \w+/);
    assert.equal(inputs.workouts.length, 1);
    assert.equal(suggestion.weight.value, 80, "not all sets were at the top of the range");
    assert.ok(suggestion.reps >= 8 && suggestion.reps <= 12);
    const read = await client.expect(200, client.get(`/v1/recommendations/${id}`));
    assert.equal(read.explanation, explanation);
    assert.deepEqual(read.suggestion, suggestion);
  });

  it("are given once, however often the request comes", async () => {
    await train([8]);
    const count = async () =>
      (await client.changes()).filter(({ event }) => event === "recommendation.made").length;
    const id = uuid7();
    const first = await ask({ id });
    assert.deepEqual([first.status, first.json.id], [201, id]);
    const again = await ask({ id });
    assert.deepEqual([again.status, again.json], [201, first.json]);
    assert.equal(again.headers["idempotency-replayed"], "true");
    const other = await ask({ id, rep_max: 20 });
    assert.deepEqual([other.status, other.json.code], [409, "id_reused"]);
    assert.equal(await count(), 1);

    const key = { "idempotency-key": uuid7() };
    const body = { kind: "next_set", exercise_id };
    const made = await client.post("/v1/recommendations", body, key);
    await train([12]); // an engine would see this
    const repeated = await client.post("/v1/recommendations", body, key);
    assert.deepEqual([repeated.status, repeated.json], [201, made.json]);
    assert.equal(repeated.headers["idempotency-replayed"], "true");
    assert.equal((await client.post("/v1/recommendations", { ...body, rep_max: 20 }, key)).status, 422);
    assert.equal(await count(), 2);
    const at_once = uuid7();
    const answers = await Promise.all([1, 2, 3, 4].map(() => ask({ id: at_once })));
    for (const answer of answers) assert.deepEqual([answer.status, answer.json.id], [201, at_once], answer.text);
    assert.equal(await count(), 3);
  });

  it("raise the load once every set is at the top of the range", async () => {
    await train([12, 12, 12]);
    const { suggestion } = (await ask({ rep_min: 8, rep_max: 12 })).json;
    assert.ok(suggestion.weight.value > 80);
    assert.equal(suggestion.weight.unit, "kg");
    assert.equal(suggestion.reps, 8);
  });

  it("say something useful where there is no history", async () => {
    const answer = await ask();
    assert.equal(answer.status, 201, answer.text);
    assert.ok(answer.json.explanation.length > 10);
    assert.equal(answer.json.suggestion.weight, undefined, "a load is not made up");
  });

  it("are told on the live stream and remember what became of them", async () => {
    const live = await Live.follow(server, client.token);
    const { id } = (await ask()).json;
    const { data } = await live.wait(({ event }) => event === "recommendation.made", "recommendation.made");
    assert.equal(data.recommendation.id, id);
    const outcome = await client.post(`/v1/recommendations/${id}/outcome`, { accepted: true, detail: { reps: 9 } });
    assert.ok([200, 204].includes(outcome.status), outcome.text);
    const read = (await client.get(`/v1/recommendations/${id}`)).json;
    assert.equal(read.outcome?.accepted ?? read.accepted, true);
    for (const detail of [{ note: "a\u0000b" }, { "a\u0000b": 1 }]) {
      const refused = await client.post(`/v1/recommendations/${id}/outcome`, { accepted: true, detail });
      assert.equal(refused.status, 422, refused.text);
      assert.equal(refused.json.errors[0].pointer, "/detail");
    }
    const escaped = await client.post(`/v1/recommendations/${id}/outcome`, { accepted: true, detail: { note: "a\\u0000b" } });
    assert.ok([200, 204].includes(escaped.status), escaped.text);
    await live.close();
  });

  it("refuse a kind, an engine, an exercise or a range that makes no sense", async () => {
    for (const [fields, pointer] of [
      [{ kind: "horoscope" }, "/kind"],
      [{ engine: "guess@1" }, "/engine"],
      [{ exercise_id: uuid7() }, "/exercise_id"],
      [{ rep_min: 10, rep_max: 5 }, "/rep_max"],
      [{ rep_min: 0 }, "/rep_min"],
    ]) {
      const answer = await ask(fields);
      assert.equal(answer.status, 422, JSON.stringify(fields));
      assert.ok(answer.json.errors.some((error) => error.pointer === pointer), answer.text);
    }
    const nowhere = await client.post(`/v1/recommendations/${uuid7()}/outcome`, { accepted: true });
    assert.equal(nowhere.status, 404);
  });
});
