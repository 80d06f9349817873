// Shares: who may follow whom, what is shown, and that it ends at once.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Client } from "./client.mjs";
import { psql, verify_address } from "./database.mjs";
import { Live } from "./live.mjs";
import { missing, Server } from "./server.mjs";
import { EventStream } from "./sse.mjs";
import { uuid7 } from "./uuid.mjs";

describe("shares", { skip: missing }, () => {
  let server;
  let athlete;
  let coach;
  let stranger;
  before(async () => {
    server = await Server.start({ name: "shares" });
    for (const name of ["athlete", "coach", "stranger"]) {
      const client = await Client.register(server, { display_name: name });
      await verify_address(server, client);
      if (name === "athlete") athlete = client;
      else if (name === "coach") coach = client;
      else stranger = client;
    }
  });
  after(() => server?.stop());

  const offer = (scopes, fields = {}) =>
    athlete.expect(201, athlete.post("/v1/shares", { email: coach.email, scopes, ...fields }));
  const follow = async (scopes, fields) => {
    const { id } = await offer(scopes, fields);
    const share = await coach.expect(200, coach.post(`/v1/shares/${id}/accept`));
    assert.equal(share.state, "active");
    return share;
  };
  const end = (share, by = athlete) => by.expect(204, by.delete(`/v1/shares/${share.id}`));
  const train = (fields = {}) =>
    athlete.expect(201, athlete.post("/v1/workouts", { id: uuid7(), title: "Legs", notes: "knee hurts", ...fields }));
  const theirs = (path) => `/v1/athletes/${athlete.user.id}${path}`;
  const topic = () => `athlete:${athlete.user.id}`;

  it("need the consent of both sides", async () => {
    const workout = await train();
    const share = await offer(["history"], { id: uuid7() });
    assert.equal(share.state, "pending");
    assert.equal(share.direction, "given");
    assert.equal(share.follower, null);
    assert.equal((await coach.get(theirs("/workouts"))).status, 404);
    assert.equal((await stranger.post(`/v1/shares/${share.id}/accept`)).status, 404);
    assert.equal((await athlete.post(`/v1/shares/${share.id}/accept`)).status, 409);
    const { items } = await coach.expect(200, coach.get("/v1/shares?direction=received"));
    assert.equal(items[0].id, share.id);
    assert.equal(items[0].athlete.display_name, "athlete");
    await coach.expect(200, coach.post(`/v1/shares/${share.id}/accept`));
    const page = await coach.expect(200, coach.get(theirs("/workouts")));
    assert.ok(page.items.some(({ id }) => id === workout.id));
    await end(share, coach);
    assert.equal((await coach.get(theirs("/workouts"))).status, 404);
  });

  it("show notes only where these are shared", async () => {
    const workout = await train();
    const plain = await follow(["history"]);
    const path = theirs(`/workouts/${workout.id}`);
    assert.equal((await coach.expect(200, coach.get(path))).notes, null);
    const listed = await coach.expect(200, coach.get(theirs("/workouts")));
    assert.ok(listed.items.every(({ notes }) => notes === null));
    await athlete.expect(200, athlete.patch(`/v1/shares/${plain.id}`, { scopes: ["history", "notes"] }));
    assert.equal((await coach.expect(200, coach.get(path))).notes, "knee hurts");
    assert.equal((await coach.patch(`/v1/shares/${plain.id}`, { scopes: ["live"] })).status, 403);
    await end(plain);
  });

  it("show nothing to anybody else, on no route", async () => {
    const workout = await train();
    const share = await follow(["history"]);
    const paths = ["/workouts", `/workouts/${workout.id}`, "/records", `/exercises/${uuid7()}`];
    for (const path of paths) {
      assert.equal((await stranger.get(theirs(path))).status, 404, path);
      assert.equal((await new Client(server).get(theirs(path))).status, 401, path);
    }
    assert.equal((await athlete.get(`/v1/athletes/${coach.user.id}/workouts`)).status, 404, "it goes one way");
    assert.equal((await coach.get(`/v1/workouts/${workout.id}`)).status, 404, "and one path");
    for (const call of [
      stranger.get(`/v1/shares/${share.id}`),
      stranger.patch(`/v1/shares/${share.id}`, { scopes: ["live"] }),
      stranger.delete(`/v1/shares/${share.id}`),
    ])
      assert.equal((await call).status, 404);
    assert.equal((await coach.get(theirs("/workouts"))).status, 200);
    await end(share);
  });

  it("honour versions", async () => {
    const share = await offer(["history"]);
    const stale = await athlete.patch(`/v1/shares/${share.id}`, { scopes: ["live"] }, { "if-match": '"99"' });
    assert.equal(stale.status, 412);
    const changed = await athlete.patch(`/v1/shares/${share.id}`, { scopes: ["live"] }, { "if-match": `"${share.version}"` });
    assert.equal(changed.status, 200);
    assert.equal(changed.headers.etag, `"${changed.json.version}"`);
    const late = await athlete.delete(`/v1/shares/${share.id}`, { "if-match": `"${share.version}"` });
    assert.equal(late.status, 412);
    const ended = await athlete.delete(`/v1/shares/${share.id}`, { "if-match": changed.headers.etag });
    assert.equal(ended.status, 204);
  });

  it("are offered once, however often the request comes", async () => {
    const key = { "idempotency-key": uuid7() };
    const body = { email: coach.email, scopes: ["history"] };
    const first = await athlete.expect(201, athlete.post("/v1/shares", body, key));
    const again = await athlete.post("/v1/shares", body, key);
    assert.deepEqual([again.status, again.json.id], [201, first.id]);
    assert.equal(again.headers["idempotency-replayed"], "true");
    assert.equal((await athlete.post("/v1/shares", { ...body, scopes: ["live"] }, key)).status, 422);
    await end(first);
  });

  it("tell who looked from where, in history and live apart", async () => {
    const share = await follow(["history", "live"]);
    const live = await Live.open(server, { token: coach.token, headers: { "user-agent": "the gym's wall", "x-request-id": "wall" } });
    assert.equal((await live.subscribe(topic())).type, "subscribed");
    await coach.expect(200, coach.get(theirs("/workouts"), { "x-request-id": "desk" }));
    await live.close();
    const page = await athlete.expect(200, athlete.get("/v1/me/security-events?kind=shared_data_read"));
    const looks = page.items.filter(({ detail }) => detail.share_id === share.id).reverse();
    assert.deepEqual(looks.map(({ detail, request_id, address }) => [detail.scope, request_id, address]),
      [["live", "wall", null], ["history", "desk", null]], "who and when, but not from where");
    assert.ok(looks.every(({ trace_id, user_agent }) => trace_id && !user_agent));
    const kept = await psql(server, `SELECT address || ' ' || user_agent FROM spotter.security_event
      WHERE kind = 'shared_data_read' AND request_id = 'wall'`);
    assert.deepEqual(kept, ["127.0.0.1 the gym's wall"], "which the audit has");
    await end(share);
  });

  it("let a coach watch live, and are cut at once by either side", async () => {
    const share = await follow(["live"]);
    const live = await Live.follow(server, coach.token, topic());
    assert.equal(live.answer.type, "subscribed");
    const workout = await train();
    const event = await live.wait(({ type, event: name }) => type === "event" && name === "workout.started");
    assert.equal(event.topic, topic());
    assert.equal(event.data.workout.id, workout.id);
    assert.equal(event.data.workout.notes, null);
    assert.equal((await live.subscribe(`${topic()}/workout:${workout.id}`)).problem.code, "not_found", "that is history");
    const stream = await EventStream.open(server, `/v1/live/sse?topic=${topic()}`, {
      authorization: `Bearer ${coach.token}`,
    });
    assert.equal(stream.status, 200);
    const own = await live.subscribe("me");
    assert.equal(own.type, "subscribed");
    await end(share);
    const cut = await live.wait(({ type }) => type === "unsubscribed", "the end of the stream");
    assert.equal(cut.topic, topic());
    assert.equal(cut.reason, "share_ended");
    await stream.ended;
    const seen = live.frames.length;
    await train();
    await coach.expect(201, coach.post("/v1/workouts", { id: uuid7() }));
    await live.wait(({ type, topic: name }) => type === "event" && name === "me", "one's own stream goes on", { seen });
    assert.equal(live.frames.slice(seen).filter(({ topic: name }) => name === topic()).length, 0);
    assert.equal((await live.subscribe(topic())).problem.code, "not_found");
    await live.close();
  });

  it("follow one workout, with its notes, where history is shared", async () => {
    const workout = await train();
    const share = await follow(["live", "history", "notes"]);
    const name = `${topic()}/workout:${workout.id}`;
    const live = await Live.follow(server, coach.token, name);
    assert.equal(live.answer.snapshot.workout.notes, "knee hurts");
    await athlete.expect(200, athlete.patch(`/v1/workouts/${workout.id}`, { notes: "better" }));
    const event = await live.wait(({ type, event: what }) => type === "event" && what === "workout.updated");
    assert.equal(event.data.workout.notes, "better");
    await athlete.expect(200, athlete.patch(`/v1/shares/${share.id}`, { scopes: ["live", "history"] }));
    await live.wait(({ type }) => type === "unsubscribed", "the change of the share");
    const again = await live.subscribe(name);
    assert.equal(again.snapshot.workout.notes, null);
    await end(share);
    await live.close();
  });

  it("end by themselves, streams too", async () => {
    const share = await follow(["live", "history"], { ends_at: new Date(Date.now() + 3_000).toISOString() });
    const live = await Live.follow(server, coach.token, topic());
    await live.wait(({ type }) => type === "unsubscribed", "the end of the share");
    assert.ok(Date.now() >= Date.parse(share.ends_at));
    assert.equal((await coach.get(theirs("/workouts"))).status, 404);
    await live.close();
  });

  it("refuse streams of who shares nothing", async () => {
    const live = await Live.follow(server, stranger.token, topic());
    assert.equal(live.answer.problem.code, "not_found");
    assert.match(live.answer.problem.trace_id, /^[0-9a-f]{32}$/);
    assert.equal((await live.subscribe(`athlete:${uuid7()}`)).problem.code, "not_found");
    await live.close();
  });

  it("tell the athlete who looked, once in a while", async () => {
    const share = await follow(["history"]);
    for (let i = 0; i < 3; ++i) await coach.expect(200, coach.get(theirs("/workouts")));
    const page = await athlete.expect(200, athlete.get("/v1/me/security-events?kind=shared_data_read"));
    const looks = page.items.filter(({ detail }) => detail.share_id === share.id);
    assert.equal(looks.length, 1);
    assert.equal(looks[0].actor_id, coach.user.id);
    await end(share);
  });
});
