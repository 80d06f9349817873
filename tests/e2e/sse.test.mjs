// The live stream as server-sent events.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import { Client } from "./client.mjs";
import { missing, Server } from "./server.mjs";
import { EventStream } from "./sse.mjs";

describe("server-sent events", { skip: missing }, () => {
  let server;
  let client;
  before(async () => (server = await Server.start()));
  after(() => server?.stop());
  beforeEach(async () => (client = await Client.register(server)));

  const open = (topic = "me", headers = {}) =>
    EventStream.open(server, `/v1/live/sse?topic=${topic}`, { authorization: `Bearer ${client.token}`, ...headers });

  const events = (stream) => stream.events.map(({ data }) => data).filter(({ type }) => type === "event");

  it("are the same stream as the WebSocket's", async () => {
    const stream = await open();
    assert.equal(stream.status, 200);
    assert.match(stream.headers["content-type"], /^text\/event-stream/);
    const first = await stream.wait(({ type }) => type === "subscribed", "subscribed");
    assert.deepEqual(first.data.snapshot.workouts, []);
    const { id } = await client.start_workout();
    const exercise_id = (await client.exercise()).id;
    await client.log_set(id, { exercise_id, reps: 5 });
    const log = await client.changes();
    await stream.event(log.length);
    assert.deepEqual(events(stream), log);
    stream.close();
  });

  it("resume after Last-Event-ID", async () => {
    const stream = await open();
    await stream.wait(({ type }) => type === "subscribed", "subscribed");
    const { id, version } = await client.start_workout();
    const last = await stream.event(version);
    assert.ok(last.id, "an event has an id");
    stream.close();
    await stream.ended;
    const exercise_id = (await client.exercise()).id;
    for (let reps = 1; reps <= 3; ++reps) await client.log_set(id, { exercise_id, reps });
    const again = await open("me", { "last-event-id": last.id });
    const missed = await client.changes(version);
    await again.event(missed.at(-1).position.seq);
    assert.deepEqual(events(again), missed);
    again.close();
  });

  it("resume from the id of the first answer, before any event came", async () => {
    const stream = await open();
    const first = await stream.wait(({ type }) => type === "subscribed", "subscribed");
    stream.close();
    const { version } = await client.start_workout();
    const again = await open("me", { "last-event-id": first.id });
    await again.event(version);
    assert.equal(events(again).length, 1);
    again.close();
  });

  it("follow one workout", async () => {
    const { id } = await client.start_workout();
    const stream = await open(`workout:${id}`);
    await stream.wait(({ type }) => type === "subscribed", "subscribed");
    await client.start_workout();
    const exercise_id = (await client.exercise()).id;
    const set = await client.log_set(id, { exercise_id, reps: 1 });
    await stream.event(set.version);
    assert.equal(events(stream)[0].event, "set.logged");
    stream.close();
  });

  it("need a token and a topic that exists", async () => {
    assert.equal((await client.get("/v1/live/sse?topic=everything")).status, 422);
    assert.equal((await new Client(server).get("/v1/live/sse?topic=me")).status, 401);
  });

  it("end at the logout", async () => {
    const stream = await open();
    await stream.wait(({ type }) => type === "subscribed", "subscribed");
    await client.post("/v1/auth/logout");
    await stream.ended;
  });
});
