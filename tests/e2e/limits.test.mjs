// What is bounded, and how reaching a bound is answered.

import { webcrypto as crypto } from "node:crypto";
import { Agent } from "node:http";
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Client, PASSWORD, fresh_email } from "./client.mjs";
import { Live } from "./live.mjs";
import { missing, Server } from "./server.mjs";
import { until } from "./waiting.mjs";

const SLOW_CONSUMER = 4001;

describe("limits", { skip: missing }, () => {
  let server;
  before(async () => {
    const env = {
      SPOTTER_SESSIONS_QUEUED_COMMANDS: "4",
      SPOTTER_IDENTITY_PASSWORD_QUEUE: "2",
      SPOTTER_IDENTITY_SIGN_INS_PER_MINUTE: "60",
    };
    server = await Server.start({ env });
  });
  after(() => server?.stop());

  const all = (count, call) => Promise.all(Array.from({ length: count }, (_, i) => call(i)));

  it("shed commands of one account with 503 and Retry-After, and lose none that was taken", async () => {
    const client = await Client.register(server);
    client.agent.maxSockets = 64;
    const answers = await all(64, (i) => client.post("/v1/workouts", { title: `${i}` }));
    const made = answers.filter(({ status }) => status === 201);
    const shed = answers.filter(({ status }) => status === 503);
    assert.ok(made.length > 0);
    for (const { headers, json } of shed) {
      assert.ok(Number(headers["retry-after"]) >= 1);
      assert.equal(json.code, "overloaded");
    }
    // Ten workouts can be live; the rest is told so.
    assert.equal(made.length + shed.length + answers.filter(({ status }) => status === 409).length, 64);
    assert.equal((await client.pages("/v1/workouts", 200)).length, made.length);
  });

  it("let a storm of logins wait or go, and live traffic through", async () => {
    const client = await Client.register(server);
    const { id } = await client.start_workout();
    const exercise_id = (await client.exercise()).id;
    const stranger = new Client(server);
    stranger.agent.maxSockets = 64;
    const storm = all(20, () => stranger.post("/v1/auth/login", { email: fresh_email(), password: PASSWORD }));
    const began = Date.now();
    for (let reps = 1; reps <= 20; ++reps) await client.log_set(id, { exercise_id, reps });
    const took = Date.now() - began;
    const answers = await storm;
    assert.ok(answers.some(({ status }) => status === 401));
    const shed = answers.filter(({ status }) => status === 503);
    assert.ok(shed.length > 0, "the queue holds two");
    assert.ok(shed.every(({ headers }) => Number(headers["retry-after"]) >= 1));
    assert.ok(took < 5_000, `20 sets took ${took} ms`);
  });

  it("slow one address that tries many passwords down to 429", async () => {
    const stranger = new Client(server);
    let last;
    for (let i = 0; i < 70 && last?.status !== 429; ++i) {
      last = await stranger.post("/v1/auth/refresh", { refresh_token: "made up" });
      assert.match(last.headers["ratelimit-policy"], /q=60/);
      assert.ok(last.headers.ratelimit);
    }
    assert.equal(last.status, 429);
    assert.equal(last.json.code, "too_many_requests");
    assert.ok(Number(last.headers["retry-after"]) >= 1);
  });
});

describe("limits of one account", { skip: missing }, () => {
  let server;
  before(async () => {
    const env = {
      SPOTTER_LIMITS_WRITES_PER_MINUTE: "10",
      SPOTTER_LIMITS_READS_PER_MINUTE: "20",
      SPOTTER_LIMITS_IMPORTS_PER_MINUTE: "2",
      SPOTTER_LIMITS_REGISTRATIONS_PER_MINUTE: "5",
    };
    server = await Server.start({ env });
  });
  after(() => server?.stop());

  /** Calls until the answer is 429; how often it was not. */
  async function use_up(policy, call) {
    for (let taken = 0; taken < 100; ++taken) {
      const { status, headers, json } = await call();
      assert.match(headers["ratelimit-policy"], policy);
      assert.match(headers.ratelimit, /^"[a-z-]+";r=\d+;t=\d+$/);
      if (status !== 429) continue;
      assert.equal(json.code, "too_many_requests");
      assert.ok(Number(headers["retry-after"]) >= 1);
      assert.match(headers.ratelimit, /;r=0;/);
      return taken;
    }
    throw new Error("never refused");
  }

  it("are told with each answer and refused with 429, each kind by itself", async () => {
    const client = await Client.register(server);
    const other = await Client.register(server);
    const writes = await use_up(/^"write";q=10;w=60$/, () => client.patch("/v1/me", { display_name: "x" }));
    assert.ok(writes >= 10 && writes <= 12, `${writes}`);
    const reads = await use_up(/^"read";q=20;w=60$/, () => client.get("/v1/workouts"));
    assert.ok(reads >= 20 && reads <= 22, `${reads}`);
    assert.equal((await other.patch("/v1/me", { display_name: "y" })).status, 200);
    const imports = await use_up(/^"import";q=2;w=60$/, () => other.post("/v1/imports", "--x--\r\n", { "content-type": "multipart/form-data; boundary=x" }));
    assert.equal(imports, 2);
  });

  it("hold on sockets, too", async () => {
    const client = await Client.register(server);
    const live = await Live.open(server, { token: client.token });
    let last;
    for (let n = 0; n < 20 && last?.type !== "error"; ++n)
      last = await live.command("workout.start", crypto.randomUUID(), { title: `${n}` });
    assert.equal(last.problem.code, "too_many_requests");
    assert.ok(last.problem.retry_after_ms > 0);
    await live.close();
  });

  it("bound the accounts that one address makes", async () => {
    const stranger = new Client(server);
    stranger.agent = new Agent({ keepAlive: true, localAddress: "127.0.0.2" });
    const made = await use_up(/^"registration";q=5;w=60$/, () =>
      stranger.post("/v1/auth/register", { email: fresh_email(), password: PASSWORD }));
    assert.equal(made, 5);
  });
});

describe("failed sign-ins", { skip: missing }, () => {
  let server;
  before(async () => (server = await Server.start({ env: { SPOTTER_LIMITS_FAILED_LOGINS_FREE: "3" } })));
  after(() => server?.stop());

  const at = (address) => {
    const client = new Client(server);
    client.agent = new Agent({ keepAlive: true, localAddress: address });
    return client;
  };
  const guess = (from, email) => from.post("/v1/auth/login", { email, password: "a wild guess" });

  it("make a stranger wait and not the owner, and tell nothing of who has an account", async () => {
    const owner = await Client.register(server);
    const tries = async (from, email) => {
      const answers = [];
      for (let n = 0; n < 6; ++n) answers.push(await guess(from, email));
      return answers.map(({ status, headers, json }) => [status, json.code, json.detail, headers["retry-after"]]);
    };
    const known = await tries(at("127.0.0.2"), owner.email);
    assert.deepEqual(await tries(at("127.0.0.3"), fresh_email()), known);
    assert.deepEqual(known.map(([status]) => status), [401, 401, 401, 401, 429, 429]);
    assert.equal(known[5][1], "too_many_requests");
    assert.ok(Number(known[5][3]) >= 1);
    // Strangers from everywhere: now unknown addresses wait, whoever comes.
    for (let n = 10; n < 30; ++n) await guess(at(`127.0.0.${n}`), owner.email);
    const away = await at("127.0.0.99").post("/v1/auth/login", { email: owner.email, password: PASSWORD });
    assert.equal(away.status, 429);
    const home = await owner.post("/v1/auth/login", { email: owner.email, password: PASSWORD });
    assert.equal(home.status, 200);
    await owner.refresh();
  });
});

describe("too many connections of one address", { skip: missing }, () => {
  let server;
  before(async () => (server = await Server.start({ env: { SPOTTER_LISTEN_CONNECTIONS_PER_ADDRESS: "10" } })));
  after(() => server?.stop());

  it("are turned away at once, and welcome again when others have left", async () => {
    const client = await Client.register(server);
    const sockets = [];
    let refused;
    while (!refused && sockets.length < 20) {
      await Live.open(server, { token: client.token }).then(
        (live) => sockets.push(live),
        (error) => (refused = error),
      );
    }
    assert.ok(refused, "the limit was never reached");
    assert.ok(refused.status === 503 || refused.code, `${refused}`);
    assert.ok(sockets.length >= 8 && sockets.length <= 10, `${sockets.length}`);
    await Promise.all(sockets.map((live) => live.close()));
    client.close();
    const again = await until(10_000, "a connection", () => Live.open(server, { token: client.token }).catch(() => null));
    await again.close();
  });
});

describe("a slow consumer", { skip: missing }, () => {
  let server;
  before(async () => (server = await Server.start()));
  after(() => server?.stop());

  it("is closed with a hint to resume, and misses nothing", async () => {
    const client = await Client.register(server);
    const { id } = await client.start_workout();
    const slow = await Live.follow(server, client.token);
    slow.socket.pause();
    const writer = await Live.open(server, { token: client.token });
    const closed = async () => /^spotter_\S*slow_consumers\S* [1-9]/m.test((await client.get("/metrics")).text);
    for (let n = 0; n < 4_000 && !(n % 50 === 0 && (await closed())); ++n) {
      await writer.command("workout.update", crypto.randomUUID(), { workout_id: id, notes: `${n}`.padEnd(9_990, "x") });
    }
    slow.socket.resume();
    assert.equal((await slow.end()).code, SLOW_CONSUMER);
    const seen = slow.events();
    const since = seen.at(-1)?.position ?? slow.answer.position;
    assert.deepEqual(seen.map(({ position }) => position.seq), seen.map((_, i) => slow.answer.position.seq + 1 + i));
    const back = await Live.follow(server, client.token, "me", since);
    const { version } = await client.patch(`/v1/workouts/${id}`, { title: "after" }).then(({ json }) => json);
    await back.event(version);
    if (back.answer.recovered) assert.equal(back.events()[0].position.seq, since.seq + 1);
    else assert.ok(back.answer.snapshot.workouts.length === 1);
    await Promise.all([back.close(), writer.close()]);
  });
});
