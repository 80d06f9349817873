// API keys: what they may do, and that they end at once.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Client, PASSWORD } from "./client.mjs";
import { Live } from "./live.mjs";
import { missing, Server } from "./server.mjs";
import { token_in } from "./smtp.mjs";
import { uuid7 } from "./uuid.mjs";
import { until } from "./waiting.mjs";

describe("api keys", { skip: missing }, () => {
  let server;
  let owner;
  before(async () => {
    server = await Server.start({ name: "tokens" });
    owner = await Client.register(server);
  });
  after(() => server?.stop());

  const make = (scopes, fields = {}) =>
    owner.expect(201, owner.post("/v1/me/tokens", { name: "script", scopes, ...fields }));
  const with_key = async (...scopes) => new Client(server, (await make(scopes)).token);

  it("are shown once", async () => {
    const made = await make(["read", "write"]);
    assert.match(made.token, /^spk_[\w-]{64}$/);
    const { items } = await owner.expect(200, owner.get("/v1/me/tokens"));
    const listed = items.find(({ id }) => id === made.id);
    assert.deepEqual(listed.scopes, ["read", "write"]);
    assert.equal(listed.token, undefined);
    assert.equal(listed.last_used_at, null);
    assert.equal((await new Client(server, made.token).get("/v1/me")).status, 200);
    const used = (await owner.expect(200, owner.get("/v1/me/tokens"))).items.find(({ id }) => id === made.id);
    assert.ok(used.last_used_at);
  });

  it("are made once, however often the request comes", async () => {
    const body = { id: uuid7(), name: "once", scopes: ["read"] };
    const first = await owner.post("/v1/me/tokens", body);
    assert.equal(first.status, 201, first.text);
    assert.equal(first.json.id, body.id);
    assert.equal(first.headers["idempotency-replayed"], undefined);
    const again = await owner.post("/v1/me/tokens", body);
    assert.equal(again.status, 201, again.text);
    assert.equal(again.headers["idempotency-replayed"], "true");
    assert.equal(again.json.id, body.id);
    assert.equal(again.json.token, undefined, "the secret is shown once");
    assert.equal((await new Client(server, first.json.token).get("/v1/me")).status, 200);
    const other = await owner.post("/v1/me/tokens", { ...body, scopes: ["write"] });
    assert.deepEqual([other.status, other.json.code], [409, "id_reused"]);

    const key = { "idempotency-key": uuid7() };
    const named = { name: "by key", scopes: ["read"] };
    const made = await owner.post("/v1/me/tokens", named, key);
    assert.match(made.json.token, /^spk_/);
    const repeated = await owner.post("/v1/me/tokens", named, key);
    assert.deepEqual([repeated.status, repeated.json.id], [201, made.json.id]);
    assert.equal(repeated.headers["idempotency-replayed"], "true");
    const misused = await owner.post("/v1/me/tokens", { ...named, name: "another" }, key);
    assert.equal(misused.status, 422, misused.text);
    assert.equal((await owner.post("/v1/me/tokens", named, { "idempotency-key": "a b" })).status, 422);
    const stranger = await Client.register(server);
    const theirs = await stranger.expect(201, stranger.post("/v1/me/tokens", named, key));
    assert.notEqual(theirs.id, made.json.id, "a key stands for nothing of anybody else");
    const { items } = await owner.expect(200, owner.get("/v1/me/tokens?limit=200"));
    assert.equal(items.filter(({ name }) => name === "once" || name === "by key").length, 2);
    assert.equal(items[0].id, made.json.id, "the newest is first, whatever its id");
  });

  it("say in their events from where they were used first, over sockets, too", async () => {
    const made = await make(["live"]);
    const live = await Live.open(server, { headers: { "user-agent": "a watch", "x-request-id": "first-use" } });
    assert.equal((await live.auth(made.token)).type, "ack");
    await live.close();
    const { items } = await owner.expect(200, owner.get("/v1/me/security-events?kind=api_key_first_used"));
    const [event] = items.filter(({ detail }) => detail.api_key_id === made.id);
    assert.deepEqual([event.address, event.user_agent, event.request_id], ["127.0.0.1", "a watch", "first-use"]);
    assert.ok(event.trace_id);
  });

  it("refuse what makes no sense", async () => {
    const status = async (body) => (await owner.post("/v1/me/tokens", body)).status;
    assert.equal(await status({ name: "x", scopes: [] }), 422);
    assert.equal(await status({ name: "x", scopes: ["admin"] }), 422);
    assert.equal(await status({ name: "x", scopes: ["read", "read"] }), 422);
    assert.equal(await status({ name: "", scopes: ["read"] }), 422);
    assert.equal(await status({ name: "x", scopes: ["read"], expires_at: "2020-01-01T00:00:00Z" }), 422);
    assert.equal(await status({ name: "x", scopes: ["read"], user_id: uuid7() }), 422);
  });

  it("do what their scopes say and nothing else", async () => {
    const workout = { id: uuid7(), title: "By key" };
    const reader = await with_key("read");
    const writer = await with_key("write");
    const importer = await with_key("import");
    const streamer = await with_key("live");
    const refused = async (answer) => {
      const { status, json } = await answer;
      assert.equal(status, 403);
      assert.equal(json.code, "forbidden");
    };
    await writer.expect(201, writer.post("/v1/workouts", workout));
    await reader.expect(200, reader.get(`/v1/workouts/${workout.id}`));
    await refused(reader.post("/v1/workouts", { id: uuid7() }));
    await refused(reader.delete(`/v1/workouts/${workout.id}`));
    await refused(writer.get("/v1/workouts"));
    await refused(streamer.get("/v1/changes"));
    await refused(importer.post("/v1/workouts", { id: uuid7() }));
    await refused(reader.get("/v1/live/sse"));
  });

  it("change neither accounts nor security", async () => {
    const key = await with_key("read", "write", "live", "import");
    const calls = [
      ["PATCH", "/v1/me", { display_name: "x" }],
      ["POST", "/v1/auth/logout"],
      ["GET", "/v1/me/tokens"],
      ["POST", "/v1/me/tokens", { name: "x", scopes: ["read"] }],
      ["POST", "/v1/me/mfa/totp"],
      ["POST", "/v1/me/reauth", { password: "x" }],
      ["GET", "/v1/me/security-events"],
      ["GET", "/v1/shares"],
      ["POST", "/v1/shares", { email: "a@example.org", scopes: ["live"] }],
      ["GET", "/v1/admin/audit"],
    ];
    for (const [method, path, body] of calls)
      assert.equal((await key.call(method, path, body)).status, 403, `${method} ${path}`);
  });

  it("open sockets with the scope for it, and send commands with another", async () => {
    const [reader, streamer, both] = [await with_key("read"), await with_key("live"), await with_key("live", "write")];
    await assert.rejects(Live.open(server, { token: reader.token }), ({ status }) => status === 403);
    const live = await Live.open(server);
    const answer = await live.auth(streamer.token);
    assert.equal(answer.type, "ack");
    assert.equal((await live.subscribe("me")).type, "subscribed");
    const refused = await live.command("workout.start", uuid7(), {});
    assert.equal(refused.problem.code, "forbidden");
    await live.close();
    const writing = await Live.open(server, { token: both.token });
    assert.equal((await writing.command("workout.start", uuid7(), {})).type, "ack");
    await writing.close();
  });

  it("end at once, with their sockets", async () => {
    const made = await make(["read", "live"]);
    const key = new Client(server, made.token);
    await key.expect(200, key.get("/v1/me"));
    const live = await Live.follow(server, made.token);
    assert.equal((await owner.delete(`/v1/me/tokens/${made.id}`)).status, 204);
    assert.equal((await live.end()).code, 4502);
    assert.equal((await key.get("/v1/me")).status, 401);
    assert.equal((await owner.delete(`/v1/me/tokens/${made.id}`)).status, 404);
  });

  it("are nobody's when they are made up, and not another's to end", async () => {
    for (const token of ["spk_", `spk_${"A".repeat(64)}`, "spk_x.y.z"])
      assert.equal((await new Client(server, token).get("/v1/me")).status, 401);
    const made = await make(["read"]);
    const stranger = await Client.register(server);
    assert.equal((await stranger.delete(`/v1/me/tokens/${made.id}`)).status, 404);
    assert.equal((await new Client(server, made.token).get("/v1/me")).status, 200);
    assert.deepEqual((await stranger.expect(200, stranger.get("/v1/me/tokens"))).items, []);
  });

  it("end with a recovery, and with the account, but not with a change of password", async () => {
    const client = await Client.register(server);
    const keys = async () => {
      const made = await client.expect(201, client.post("/v1/me/tokens", { name: "script", scopes: ["read", "live"] }));
      const key = new Client(server, made.token);
      await key.expect(200, key.get("/v1/me"));
      return key;
    };
    const first = await keys();
    const changed = { current_password: PASSWORD, password: "seven quiet marmots rowing" };
    await client.expect(204, client.post("/v1/me/password", changed));
    await first.expect(200, first.get("/v1/me"));
    const live = await Live.follow(server, first.token);
    await client.post("/v1/auth/recovery", { email: client.email });
    const letter = await until(15_000, "a letter", async () => {
      const { json } = await new Client(server).get("/outbox", { accept: "application/json" });
      return json.letters.find(({ to, subject }) => to === client.email && subject === "Set a new password");
    });
    const recovery = { token: token_in(letter), password: PASSWORD };
    await client.expect(204, new Client(server).post("/v1/auth/recovery/confirm", recovery));
    assert.equal((await live.end()).code, 4502);
    assert.equal((await first.get("/v1/me")).status, 401);
    client.adopt((await new Client(server).post("/v1/auth/login", { email: client.email, password: PASSWORD })).json);
    assert.deepEqual((await client.expect(200, client.get("/v1/me/tokens"))).items, []);
    const second = await keys();
    await client.expect(202, client.delete("/v1/me"));
    assert.equal((await second.get("/v1/me")).status, 401);
  });

  it("end by themselves", async () => {
    const made = await make(["read"], { expires_at: new Date(Date.now() + 1_500).toISOString() });
    const key = new Client(server, made.token);
    assert.equal((await key.get("/v1/me")).status, 200);
    const over = Date.parse(made.expires_at);
    while (Date.now() <= over) assert.notEqual((await key.get("/v1/me")).status, 500);
    assert.equal((await key.get("/v1/me")).status, 401);
  });
});
