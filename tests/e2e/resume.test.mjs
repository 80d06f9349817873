// Coming back to the live stream: all that was missed, or a snapshot, and never something between.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import { Client } from "./client.mjs";
import { Live } from "./live.mjs";
import { missing, Server } from "./server.mjs";
import { uuid7 } from "./uuid.mjs";

const seqs = (frames) => frames.map(({ position }) => position.seq);

describe("a resumed stream", { skip: missing }, () => {
  let server;
  let client;
  let exercise_id;
  before(async () => (server = await Server.start()));
  after(() => server?.stop());
  beforeEach(async () => {
    client = await Client.register(server);
    exercise_id = (await client.exercise()).id;
  });

  const follow = (topic, since) => Live.follow(server, client.token, topic, since);

  it("replays exactly what was missed, then goes on", async () => {
    const { id } = await client.start_workout();
    const first = await follow("me");
    await client.log_set(id, { exercise_id, reps: 1 });
    const log = await client.changes();
    const seen = await first.event(log.length);
    first.socket.terminate();
    for (let reps = 2; reps <= 6; ++reps) await client.log_set(id, { exercise_id, reps });
    const second = await follow("me", seen.position);
    assert.equal(second.answer.recovered, true);
    assert.equal(second.answer.snapshot, undefined);
    const after_wards = await client.log_set(id, { exercise_id, reps: 7 });
    await second.event(after_wards.version);
    const whole = await client.changes(seen.position.seq);
    assert.deepEqual(second.events(), whole);
    const tail = await follow(`workout:${id}`, seen.position);
    await tail.event(after_wards.version, `workout:${id}`);
    assert.deepEqual(seqs(tail.events(`workout:${id}`)), seqs(whole));
    await Promise.all([second.close(), tail.close()]);
  });

  it("resumes at the head without a replay, and from the very beginning", async () => {
    await client.start_workout();
    const log = await client.changes();
    const at_head = await follow("me", log.at(-1).position);
    assert.equal(at_head.answer.recovered, true);
    await at_head.ask({ type: "ping" });
    assert.deepEqual(at_head.events(), []);
    const from_start = await follow("me", { epoch: log[0].position.epoch, seq: 0 });
    assert.equal(from_start.answer.recovered, true);
    await from_start.event(log.length);
    assert.deepEqual(from_start.events(), log);
    await Promise.all([at_head.close(), from_start.close()]);
  });

  it("gives a snapshot to a position that it does not know", async () => {
    const { id } = await client.start_workout();
    await client.log_set(id, { exercise_id, reps: 1 });
    const { position } = (await client.changes()).at(-1);
    for (const since of [
      { epoch: position.epoch, seq: position.seq + 1000 },
      { epoch: position.epoch + 7, seq: position.seq },
      { epoch: position.epoch + 7, seq: 1 },
    ]) {
      const live = await follow("me", since);
      assert.equal(live.answer.recovered, false, JSON.stringify(since));
      assert.equal(live.answer.snapshot.workouts[0].id, id);
      assert.equal(live.answer.position.seq, position.seq);
      await live.close();
    }
  });

  it("gives a snapshot to one who is too far behind, and nothing in part", async () => {
    const { id } = await client.start_workout();
    const begin = (await client.changes())[0].position;
    const live = await Live.open(server, { token: client.token });
    const set = (await live.command("set.log", uuid7(), { workout_id: id, exercise_id, reps: 1 })).data;
    for (let n = 0; n < 1_100; n += 10) {
      const updates = Array.from({ length: 10 }, (_, i) =>
        live.command("set.update", uuid7(), { workout_id: id, set_id: set.id, duration_ms: n + i }),
      );
      for (const answer of await Promise.all(updates)) assert.equal(answer.type, "ack");
    }
    const late = await follow("me", begin);
    assert.equal(late.answer.recovered, false);
    assert.equal(late.answer.snapshot.workouts[0].exercises[0].sets[0].duration_ms, 1_099);
    const next = await client.log_set(id, { exercise_id, reps: 2 });
    await late.event(next.version);
    assert.equal(late.events()[0].position.seq, late.answer.position.seq + 1);
    await Promise.all([live.close(), late.close()]);
  });

  it("resumes over a restart of the server", async () => {
    const { id } = await client.start_workout();
    const watcher = await follow("me");
    await server.kill9();
    await watcher.end();
    await server.launch();
    const set = await client.log_set(id, { exercise_id, reps: 1 });
    const back = await follow("me", watcher.answer.position);
    assert.equal(back.answer.recovered, true);
    const event = await back.event(set.version);
    assert.ok(event.position.epoch > watcher.answer.position.epoch, "another epoch");
    assert.deepEqual(back.events(), await client.changes(watcher.answer.position.seq));
    await back.close();
  });
});
