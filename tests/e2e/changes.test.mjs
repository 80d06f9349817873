// The feed of a user's events.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Client } from "./client.mjs";
import { Live } from "./live.mjs";
import { missing, Server } from "./server.mjs";

describe("the feed of changes", { skip: missing }, () => {
  let server;
  before(async () => (server = await Server.start()));
  after(() => server?.stop());

  const changes = (client, query = "") => client.expect(200, client.get(`/v1/changes?${query}`));

  async function trained() {
    const client = await Client.register(server);
    const exercise_id = (await client.exercise()).id;
    const { id } = await client.start_workout();
    for (let reps = 1; reps <= 5; ++reps) await client.log_set(id, { exercise_id, reps });
    await client.expect(200, client.post(`/v1/workouts/${id}/finish`));
    return { client, id };
  }

  it("is empty for a fresh user and starts at seq 1", async () => {
    const client = await Client.register(server);
    const empty = await changes(client);
    assert.deepEqual(empty.items, []);
    assert.equal(empty.position.seq, 0);
    assert.equal(empty.reset, false);
    await client.start_workout();
    const { items, position } = await changes(client, "since=0");
    assert.equal(items[0].position.seq, 1);
    assert.equal(items[0].event, "workout.started");
    assert.equal(position.seq, 1);
  });

  it("has every change once, in order and without a gap", async () => {
    const { client, id } = await trained();
    const { items } = await changes(client, "since=0");
    assert.deepEqual(items.map(({ position }) => position.seq), items.map((_, i) => i + 1));
    const logged = items.filter(({ event }) => event === "set.logged");
    assert.deepEqual(logged.map(({ data }) => data.set.reps), [1, 2, 3, 4, 5]);
    assert.ok(logged.every(({ data }) => data.set.workout_id === id));
    assert.equal(items.at(-1).event, "workout.finished");
  });

  it("goes on from where a client stands", async () => {
    const { client } = await trained();
    const all = (await changes(client, "since=0")).items;
    const pieces = [];
    for (let since = 0; since < all.length; since = pieces.at(-1).position.seq) {
      pieces.push(...(await changes(client, `since=${since}&limit=3`)).items);
    }
    assert.deepEqual(pieces, all);
    const end = await changes(client, `since=${all.length}`);
    assert.deepEqual(end.items, []);
    assert.equal(end.position.seq, all.length);
  });

  it("has the very events of the live stream", async () => {
    const client = await Client.register(server);
    const live = await Live.follow(server, client.token);
    const { id } = await client.start_workout();
    const exercise_id = (await client.exercise()).id;
    await client.log_set(id, { exercise_id, reps: 5, weight: { value: 60.5, unit: "kg" } });
    const { items } = await changes(client, "since=0");
    await live.event(items.length);
    assert.deepEqual(live.events(), items);
    await live.close();
  });

  it("shows nobody else's changes", async () => {
    await trained();
    const stranger = await Client.register(server);
    assert.deepEqual((await changes(stranger, "since=0")).items, []);
  });

  it("tells a client that stands in the future to start anew", async () => {
    const { client } = await trained();
    const { reset } = await changes(client, "since=1000000");
    assert.equal(reset, true);
  });

  it("refuses a since that is no number", async () => {
    const { client } = await trained();
    for (const since of ["-1", "x", "1.5"]) {
      assert.equal((await client.get(`/v1/changes?since=${since}`)).status, 422, since);
    }
  });
});
