// SIGTERM: nobody is cut off in the middle of a sentence.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import { Client } from "./client.mjs";
import { Live } from "./live.mjs";
import { alive, missing, Server } from "./server.mjs";
import { uuid7 } from "./uuid.mjs";

describe("a graceful stop", { skip: missing }, () => {
  let server;
  beforeEach(async () => (server = await Server.start()));
  afterEach(() => server?.stop());

  it("tells sockets to come back, and ends with 0 within 30 s", async () => {
    const client = await Client.register(server);
    const live = await Live.follow(server, client.token);
    const silent = await Live.open(server);
    const database = server.postmaster();
    const stopping = server.stop_gracefully();
    const drain = await live.wait(({ type }) => type === "drain", "drain");
    assert.ok(drain.reconnect_after_ms > 0);
    const { code } = await live.end();
    assert.ok(code >= 4000 && code < 4500, `${code} says to come back`);
    await silent.end();
    const { code: status, signal, ms } = await stopping;
    assert.equal(status, 0, `${signal}: ${server.said}`);
    assert.ok(ms < 30_000);
    assert.ok(!alive(database), "the database has stopped, too");
  });

  it("ends idle connections, and is quick about it", async () => {
    const clients = await Promise.all(Array.from({ length: 5 }, () => Client.register(server)));
    await Promise.all(clients.map((client) => client.get("/v1/me")));
    const { code, ms } = await server.stop_gracefully();
    assert.equal(code, 0);
    assert.ok(ms < 10_000, `${ms} ms`);
  });

  it("loses nothing that was acknowledged while it stopped", async () => {
    const client = await Client.register(server);
    client.agent.maxSockets = 32;
    const exercise_id = (await client.exercise()).id;
    const { id } = await client.start_workout();
    const acked = [];
    let go_on = true;
    const log = async () => {
      for (let n = 0; go_on; ++n) {
        const set = uuid7();
        const answer = await client.post(`/v1/workouts/${id}/sets`, { id: set, exercise_id, reps: 1 }).catch(() => null);
        if (answer?.status === 201) acked.push(set);
        else if (!answer || answer.status === 503) return;
        else if (answer.status !== 409) assert.fail(`${answer.status} ${answer.text}`);
      }
    };
    const load = Promise.all(Array.from({ length: 8 }, log));
    const watcher = await Live.follow(server, client.token);
    await watcher.event(20);
    const { code } = await server.stop_gracefully();
    go_on = false;
    await load;
    assert.equal(code, 0);
    await server.launch();
    const { exercises } = await client.expect(200, client.get(`/v1/workouts/${id}`));
    const stored = new Set(exercises.flatMap(({ sets }) => sets.map((set) => set.id)));
    assert.ok(acked.length > 10);
    assert.deepEqual(acked.filter((set) => !stored.has(set)), []);
  });

  it("starts again from a stop as if nothing had been", async () => {
    const client = await Client.register(server);
    const { id } = await client.start_workout({ title: "Still here" });
    const live = await Live.follow(server, client.token);
    await server.stop_gracefully();
    await server.launch();
    assert.equal((await client.get(`/v1/workouts/${id}`)).json.title, "Still here");
    const back = await Live.follow(server, client.token, "me", live.answer.position);
    assert.equal(back.answer.recovered, true);
    await back.close();
  });
});
