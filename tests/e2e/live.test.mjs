// The live stream over WebSocket.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import { Client } from "./client.mjs";
import { Live } from "./live.mjs";
import { missing, Server } from "./server.mjs";
import { uuid7 } from "./uuid.mjs";

const ORIGIN = "https://spotter.example";

describe("the live stream", { skip: missing }, () => {
  let server;
  let client;
  let exercise_id;
  before(async () => (server = await Server.start({ env: { SPOTTER_LISTEN_ALLOWED_ORIGINS: ORIGIN } })));
  after(() => server?.stop());
  beforeEach(async () => {
    client = await Client.register(server);
    exercise_id = (await client.exercise()).id;
  });

  const follow = (topic, since) => Live.follow(server, client.token, topic, since);
  const login = async (who) => (await who.post("/v1/auth/login", { email: who.email, password: "eight sleepy plates" })).json;

  it("says hello first, with its limits", async () => {
    const live = await Live.open(server, { token: client.token });
    const hello = live.frames[0];
    assert.equal(hello.type, "hello");
    assert.ok(hello.node);
    assert.ok(hello.heartbeat_ms > 0);
    assert.equal(typeof hello.limits, "object");
    assert.equal(live.socket.protocol, "spotter.v1");
    await live.close();
  });

  it("takes the token as the first message or in the header", async () => {
    const by_message = await Live.open(server);
    assert.equal((await by_message.subscribe("me")).problem.status, 401);
    assert.equal((await by_message.auth(client.token)).type, "ack");
    assert.equal((await by_message.subscribe("me")).type, "subscribed");
    await by_message.close();
    const by_header = await Live.open(server, { token: client.token });
    assert.equal((await by_header.subscribe("me")).type, "subscribed");
    await by_header.close();
  });

  it("refuses a bad token: in the header with 401, in a message with a close that says don't come back", async () => {
    await assert.rejects(Live.open(server, { token: "nonsense" }), { status: 401 });
    const live = await Live.open(server);
    live.send({ id: 1, type: "auth", token: "nonsense" });
    const { code } = await live.end();
    assert.ok(code >= 4500 && code < 5000, `${code}`);
  });

  it("closes a socket that has not authenticated after 10 s", async () => {
    const live = await Live.open(server);
    const began = Date.now();
    const { code } = await live.end(20_000);
    const waited = Date.now() - began;
    assert.ok(code >= 4500 && code < 5000, `${code}`);
    assert.ok(waited > 8_000 && waited < 14_000, `${waited} ms`);
  });

  it("refuses an Origin outside the list, and takes one that is on it", async () => {
    await assert.rejects(Live.open(server, { token: client.token, headers: { origin: "https://evil.example" } }), {
      status: 403,
    });
    const listed = await Live.open(server, { token: client.token, headers: { origin: ORIGIN } });
    await listed.close();
    const own = await Live.open(server, { token: client.token, headers: { origin: server.url } });
    await own.close();
  });

  it("asks for an upgrade where none is asked for", async () => {
    const answer = await client.get("/v1/live");
    assert.equal(answer.status, 426);
  });

  it("shows every change once and in order, however it was made", async () => {
    const watcher = await follow("me");
    assert.equal(watcher.answer.recovered, false);
    assert.deepEqual(watcher.answer.snapshot.workouts, []);
    const phone = await Live.open(server, { token: client.token });
    const workout_id = uuid7();
    await phone.command("workout.start", uuid7(), { id: workout_id, title: "Both ways" });
    await client.log_set(workout_id, { exercise_id, reps: 1 });
    await phone.command("set.log", uuid7(), { workout_id, exercise_id, reps: 2 });
    const set = await client.log_set(workout_id, { exercise_id, reps: 3 });
    await phone.command("set.update", uuid7(), { workout_id, set_id: set.id, reps: 4 });
    await phone.command("set.delete", uuid7(), { workout_id, set_id: set.id });
    await client.patch(`/v1/workouts/${workout_id}`, { title: "Renamed" });
    await phone.command("workout.finish", uuid7(), { workout_id });
    const log = await client.changes();
    await watcher.event(log.length);
    assert.deepEqual(watcher.events(), log);
    assert.deepEqual(
      log.map(({ event }) => event).filter((event) => event !== "record.achieved"),
      [
        "workout.started",
        "set.logged",
        "set.logged",
        "set.logged",
        "set.updated",
        "set.deleted",
        "workout.updated",
        "workout.finished",
      ],
    );
    await Promise.all([watcher.close(), phone.close()]);
  });

  it("tells a new subscriber with a snapshot what is going on", async () => {
    const { id } = await client.start_workout({ title: "Running" });
    await client.log_set(id, { exercise_id, reps: 7 });
    const me = await follow("me");
    assert.equal(me.answer.recovered, false);
    assert.equal(me.answer.position.seq, (await client.changes()).length);
    const [running] = me.answer.snapshot.workouts;
    assert.equal(running.title, "Running");
    assert.equal(running.exercises[0].sets[0].reps, 7);
    const one = await follow(`workout:${id}`);
    assert.equal(one.answer.snapshot.workout.id, id);
    await Promise.all([me.close(), one.close()]);
  });

  it("shows in a workout's topic that workout's events only", async () => {
    const one = (await client.start_workout()).id;
    const other = (await client.start_workout()).id;
    const watcher = await follow(`workout:${one}`);
    await client.log_set(other, { exercise_id, reps: 1 });
    await client.log_set(one, { exercise_id, reps: 2 });
    await client.log_set(other, { exercise_id, reps: 3 });
    const last = await client.log_set(one, { exercise_id, reps: 4 });
    await watcher.event(last.version, `workout:${one}`);
    const logged = watcher.events(`workout:${one}`).filter(({ event }) => event === "set.logged");
    assert.deepEqual(logged.map(({ data }) => data.set.reps), [2, 4]);
    await watcher.close();
  });

  it("shows nothing of another user", async () => {
    const { id } = await client.start_workout();
    const stranger = await Client.register(server);
    const live = await Live.open(server, { token: stranger.token });
    const refused = await live.subscribe(`workout:${id}`);
    assert.equal(refused.problem.status, 404);
    assert.equal((await live.subscribe(`workout:${uuid7()}`)).problem.status, 404);
    assert.equal((await live.subscribe("everything")).problem.status, 422);
    await live.subscribe("me");
    await client.log_set(id, { exercise_id, reps: 1 });
    const own = await stranger.start_workout();
    await live.event(own.version);
    assert.equal(live.events().length, 1);
    await live.close();
  });

  it("acks a command with its position once it is in the log", async () => {
    const live = await Live.open(server, { token: client.token });
    const { id } = await client.start_workout();
    const ack = await live.command("set.log", uuid7(), { workout_id: id, exercise_id, reps: 5 });
    const log = await client.changes();
    assert.equal(ack.type, "ack");
    assert.equal(ack.data.reps, 5);
    assert.deepEqual(ack.position, log.at(-1).position);
    assert.ok(log.some(({ data }) => data.set?.id === ack.data.id));
    await live.close();
  });

  it("has one effect for one command id, over reconnects too", async () => {
    const { id } = await client.start_workout();
    const set = await client.log_set(id, { exercise_id, reps: 1 });
    const commands = [
      ["set.log", uuid7(), { workout_id: id, exercise_id, reps: 5 }],
      ["set.update", uuid7(), { workout_id: id, set_id: set.id, reps: 6 }],
      ["workout.start", uuid7(), { title: "Second" }],
    ];
    const first = await Live.open(server, { token: client.token });
    const acks = [];
    for (const command of commands) acks.push(await first.command(...command));
    const length = (await client.changes()).length;
    const twice = await first.command(...commands[0]);
    first.socket.terminate();
    const second = await Live.open(server, { token: client.token });
    for (const [i, command] of commands.entries()) {
      const again = await second.command(...command);
      assert.equal(again.type, "ack");
      assert.deepEqual(again.data, acks[i].data);
    }
    assert.deepEqual(twice.data, acks[0].data);
    assert.equal((await client.changes()).length, length);
    await second.close();
  });

  it("refuses a command id that was used for something else", async () => {
    const live = await Live.open(server, { token: client.token });
    const { id } = await client.start_workout();
    const command_id = uuid7();
    await live.command("set.log", command_id, { workout_id: id, exercise_id, reps: 5 });
    const other = await live.command("set.log", command_id, { workout_id: id, exercise_id, reps: 6 });
    assert.equal(other.type, "error");
    assert.ok([409, 422].includes(other.problem.status), JSON.stringify(other));
    await live.close();
  });

  it("says with pointers into the message what is wrong with a command", async () => {
    const live = await Live.open(server, { token: client.token });
    const { id } = await client.start_workout();
    const bad = await live.command("set.log", uuid7(), { workout_id: id, exercise_id: "x", repz: 1 });
    assert.equal(bad.problem.status, 422);
    assert.deepEqual(bad.problem.errors.map(({ pointer }) => pointer).sort(), ["/data/exercise_id", "/data/repz"]);
    assert.equal((await live.command("set.lift", uuid7(), {})).problem.status, 422);
    assert.equal((await live.ask({ type: "command", command: "set.log", data: {} })).problem.status, 422);
    assert.equal((await live.command("set.log", uuid7(), { workout_id: uuid7(), exercise_id })).problem.status, 404);
    await live.close();
  });

  it("answers a ping, and an unsubscribe ends the events", async () => {
    const live = await follow("me");
    assert.equal((await live.ask({ type: "ping" })).type, "pong");
    await live.ask({ type: "unsubscribe", topic: "me" });
    await client.start_workout();
    await live.ask({ type: "ping" });
    assert.deepEqual(live.events(), []);
    await live.close();
  });

  it("refuses frames over 64 KiB and takes those below", async () => {
    const live = await Live.open(server, { token: client.token });
    const { id } = await client.start_workout();
    const note = await live.command("workout.update", uuid7(), { workout_id: id, notes: "n".repeat(9_000) });
    assert.equal(note.type, "ack");
    live.send({ id: 99, type: "ping", padding: "x".repeat(64 * 1024) });
    assert.equal((await live.end()).code, 1009);
  });

  it("says that a message is not understood, and closes when that goes on", async () => {
    const live = await Live.open(server, { token: client.token });
    live.send("{nonsense");
    const error = await live.wait(({ type }) => type === "error", "an error");
    assert.equal(error.problem.status, 400);
    assert.equal((await live.ask({ type: "ping" })).type, "pong");
    for (let i = 0; i < 20; ++i) live.send("{nonsense");
    const { code } = await live.end();
    assert.ok(code >= 4500 && code < 5000, `${code}`);
  });

  it("refuses binary messages", async () => {
    const live = await Live.open(server, { token: client.token });
    live.socket.send(Buffer.from([1, 2, 3]));
    assert.equal((await live.end()).code, 1003);
  });

  it("renews the token in place, for the same user only", async () => {
    const live = await follow("me");
    const renewed = (await client.post("/v1/auth/refresh", { refresh_token: client.tokens.refresh_token })).json;
    assert.equal((await live.auth(renewed.access_token)).type, "ack");
    const stranger = await Client.register(server);
    assert.equal((await live.auth(stranger.token)).type, "error");
    const { version } = await client.start_workout();
    await live.event(version);
    await live.close();
  });

  it("closes a login's sockets at its logout, and not those of another login", async () => {
    const other = await login(client);
    const mine = await follow("me");
    const theirs = await Live.follow(server, other.access_token);
    await client.post("/v1/auth/logout");
    const { code } = await mine.end();
    assert.ok(code >= 4500 && code < 5000, `${code}`);
    assert.equal((await theirs.ask({ type: "ping" })).type, "pong");
    await theirs.close();
  });

  it("closes the sockets of a family whose spent token came back", async () => {
    const refresh = (refresh_token) => client.post("/v1/auth/refresh", { refresh_token });
    const first = (await refresh(client.tokens.refresh_token)).json;
    const second = (await refresh(first.refresh_token)).json;
    const live = await Live.follow(server, second.access_token);
    assert.equal((await refresh(client.tokens.refresh_token)).status, 401);
    const { code } = await live.end();
    assert.ok(code >= 4500 && code < 5000, `${code}`);
  });

  it("bounds what one socket may follow", async () => {
    const live = await Live.open(server, { token: client.token });
    const most = live.frames[0].limits.subscriptions;
    const { id } = await client.start_workout();
    assert.ok(most >= 2);
    // Asking for the same topic again is no second subscription.
    for (let i = 0; i < most + 2; ++i) assert.equal((await live.subscribe(`workout:${id}`)).type, "subscribed");
    await live.close();
  });

  it("serves many watchers the same story", async () => {
    const watchers = await Promise.all(Array.from({ length: 40 }, () => follow("me")));
    const { id } = await client.start_workout();
    for (let reps = 1; reps <= 20; ++reps) await client.log_set(id, { exercise_id, reps });
    const log = await client.changes();
    for (const watcher of watchers) {
      await watcher.event(log.length);
      assert.deepEqual(watcher.events(), log);
    }
    await Promise.all(watchers.map((watcher) => watcher.close()));
  });
});
