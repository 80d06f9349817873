// Every route, asked by everybody for what is somebody else's. Routes come from the OpenAPI document: one whose
// path, body or query names a thing that people here do not have fails the test until they have one.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";

import { administrator, give_role, sign_in_with_code } from "../e2e/administrator.mjs";
import { code_of, turn_on } from "../e2e/authenticator.mjs";
import { Client, PASSWORD } from "../e2e/client.mjs";
import { Live } from "../e2e/live.mjs";
import { missing, Server } from "../e2e/server.mjs";
import { EventStream } from "../e2e/sse.mjs";
import { uuid7 } from "../e2e/uuid.mjs";
import { encoded, filled, operations_of, places, sample, types_of } from "./contract.mjs";
import { field_of, ids_of, NO_LIMITS, person, rows_of, WORDS } from "./person.mjs";

const SCOPES = ["read", "write", "live", "import"];

describe("what is another's", { skip: missing }, () => {
  let server;
  let operations;
  let victim;
  let before_all;
  const roles = [];

  before(async () => {
    server = await Server.start({ name: "idor", env: NO_LIMITS });
    operations = await operations_of(server);
    victim = await person(server);
    const follower = async (...scopes) => {
      const coach = await person(server, { with_training: false });
      const share = await victim.expect(201, victim.post("/v1/shares", { email: coach.email, scopes }));
      await coach.expect(200, coach.post(`/v1/shares/${share.id}/accept`));
      return coach;
    };
    const coach = await person(server, { with_training: false });
    await give_role(server, coach.email, "coach");
    await coach.refresh();
    const key_of = async (owner, scopes) =>
      new Client(server, (await owner.expect(201, owner.post("/v1/me/tokens", { name: "key", scopes }))).token);
    const add = (name, client, more = {}) => roles.push({ name, client, ...more });
    const member = await person(server);
    add("nobody", new Client(server), { nobody: true });
    add("a member", member);
    add("a coach without a share", coach);
    add("a follower who may watch", await follower("live"), { follows: true });
    add("a follower who may look back", await follower("history"), { follows: true, sees_history: true });
    // The role is asked for, too, and not only the factor.
    add("a member with a second factor", await new_member_with_factor(), { renew: new_member_with_factor });
    add("an administrator", await new_administrator(), { admin: true, renew: new_administrator });
    const programmer = await person(server, { with_training: false });
    add("a member's key", await key_of(programmer, SCOPES), { scopes: SCOPES });
    for (const scope of SCOPES) add(`the owner's key to ${scope}`, await key_of(victim, [scope]), { scopes: [scope], owner: true });
    before_all = await rows_of(server, victim);
  });
  after(() => server?.stop());

  const new_member_with_factor = async () => {
    const client = await person(server, { with_training: false });
    const { secret } = await turn_on(client);
    return sign_in_with_code(client, code_of(secret));
  };
  const new_administrator = async () => administrator(server, { client: await person(server, { with_training: false }) });

  /** Each way to fill a path with the ids of somebody. */
  const paths_to = (operation, owner) => {
    const most = Math.max(1, ...places(operation.path).map(({ collection }) => ids_of(owner, collection).length));
    const all = Array.from({ length: most }, (_, n) =>
      filled(operation.path, (_, collection) => ids_of(owner, collection)[Math.min(n, ids_of(owner, collection).length - 1)]));
    return [...new Set(all)];
  };

  const is_id = (schema) => types_of(schema).includes("string") && schema.format === "uuid";

  /** The query parameters that name somebody's things. */
  const query_of = (operation, owner) => {
    const named = operation.parameters.filter((one) => one.in === "query" && is_id(one.schema));
    return named.map(({ name }) => `${name}=${field_of(owner, name, operation.path)}`).join("&");
  };

  const call = (client, operation, path, owner, { ids = true, words = {}, headers = {} } = {}) => {
    const query = query_of(operation, owner);
    const url = path + (query ? `?${query}` : "");
    if (!operation.body) return client.call(operation.method, url, undefined, headers);
    const body = sample(operation.body.schema, {
      words: { ...WORDS, ...owner.words, ...words },
      id_of: (name) => field_of(owner, name, operation.path),
      wanted: (name) => operation.method === "PATCH" || (ids && /(^|_)id$/.test(name)),
    });
    if (operation.id === "startWorkout") delete body.routine_id;
    if (operation.id === "reauthenticate") body.password = PASSWORD; // one of two members: nothing is required
    const { bytes, type } = encoded(operation.body.type, body);
    return client.call(operation.method, url, bytes, { "content-type": type, ...headers });
  };

  const of_somebody = () => operations.filter(({ path, streams }) => places(path).length > 0 && !streams);
  const of_oneself = () => operations.filter(({ path, streams }) => places(path).length === 0 && !streams);

  /** What nobody but the victim may see; a follower knows a name, and who looks back sees titles. */
  const shows_nothing = (role, operation, answer) => {
    const at = `${role.name}: ${operation.name}: ${answer.status}`;
    const shared = role.sees_history && operation.path.startsWith("/v1/athletes/");
    const audit = role.admin && operation.path.startsWith("/v1/admin/");
    const outbox = operation.path === "/outbox"; // everybody's letters, for who runs a server without mail
    if (audit || outbox) return;
    const seen = shared ? answer.text.replaceAll(`Title ${victim.mark}`, "").replaceAll(`Exercise ${victim.mark}`, "") : answer.text;
    assert.ok(!seen.includes(victim.mark), `${at} shows ${answer.text}`);
    if (!role.follows) assert.ok(!answer.text.includes(victim.name_mark), `${at} shows the name: ${answer.text}`);
    assert.ok(!JSON.stringify(answer.headers).includes(victim.mark), at);
  };

  const documented = (role, operation, answer) => {
    const { status } = answer;
    assert.ok(operation.responses.includes(status), `${role.name}: ${operation.name}: ${status} is not documented: ${answer.text}`);
  };

  const untouched = async () => assert.deepEqual(await rows_of(server, victim), before_all);

  /** The refusal that a role has to get for an id of the victim's; null where it is no refusal. */
  const refusal = (role, operation) => {
    if (role.nobody) return operation.open ? null : 401;
    if (role.scopes && !role.scopes.includes(operation.scope)) return 403;
    if (role.owner) return null;
    if (operation.path.startsWith("/v1/admin/")) return role.admin ? null : 403;
    if (role.sees_history && operation.path.startsWith("/v1/athletes/")) return null;
    return 404;
  };

  it("is refused on every route that names it", async () => {
    let asked = 0;
    for (const role of roles)
      for (const operation of of_somebody()) {
        const wanted = refusal(role, operation);
        // What an owner's key may do is not an attack, nor what an administrator may change.
        if ((role.owner || (role.admin && operation.method !== "GET")) && wanted === null) continue;
        for (const path of paths_to(operation, victim)) {
          const answer = await call(role.client, operation, path, victim);
          if (wanted !== null)
            assert.equal(answer.status, wanted, `${role.name}: ${operation.method} ${path}: ${answer.text}`);
          documented(role, operation, answer);
          shows_nothing(role, operation, answer);
          ++asked;
        }
      }
    assert.ok(asked > 300, `${asked} requests`);
    await untouched();
  });

  it("is refused in a body that goes to a thing of one's own", async () => {
    const role = roles.find(({ name }) => name === "a member");
    const own = role.client;
    for (const operation of of_somebody().filter(({ body }) => body))
      for (const name of Object.keys(operation.body.schema.properties ?? {}).filter((key) => /(^|_)id$/.test(key)))
        for (const path of paths_to(operation, own)) {
          const body = sample(operation.body.schema, { words: WORDS, id_of: (id) => field_of(own, id, operation.path) });
          body[name] = field_of(victim, name, operation.path);
          const answer = await own.call(operation.method, path, JSON.stringify(body), { "content-type": operation.body.type });
          documented(role, operation, answer);
          shows_nothing(role, operation, answer);
          // Ids that clients make are each person's own, whoever else has the same.
          if (!["id", "exercise_instance_id"].includes(name)) assert.ok(answer.status >= 400, `${operation.name} took another's ${name}: ${answer.text}`);
        }
    await untouched();
  });

  it("is not opened by an idempotency key, a cursor or a version of its owner's", async () => {
    const role = roles.find(({ name }) => name === "a member");
    const key = randomBytes(12).toString("hex");
    const body = { title: `Title ${victim.mark}` };
    const mine = await victim.post("/v1/workouts", body, { "idempotency-key": key });
    const theirs = await role.client.post("/v1/workouts", body, { "idempotency-key": key });
    assert.equal(theirs.status, 201);
    assert.equal(theirs.headers["idempotency-replayed"], undefined);
    assert.notEqual(theirs.json.id, mine.json.id);
    before_all = await rows_of(server, victim);
    await role.client.expect(204, role.client.delete(`/v1/workouts/${theirs.json.id}`));
    let cursors = 0;
    for (const operation of operations.filter(({ method, parameters }) => method === "GET" && parameters.some(({ name }) => name === "cursor"))) {
      if (operation.path.startsWith("/v1/admin/") || operation.path.startsWith("/v1/athletes/")) continue;
      const [path] = paths_to(operation, victim);
      const page = await victim.expect(200, victim.get(`${path}?limit=1`));
      if (!page.next_cursor) continue;
      ++cursors;
      const [own] = paths_to(operation, role.client);
      const answer = await role.client.get(`${own}?limit=200&cursor=${encodeURIComponent(page.next_cursor)}`);
      documented(role, operation, answer);
      shows_nothing(role, operation, answer);
    }
    assert.ok(cursors >= 4, `${cursors} cursors`);
    await untouched();
  });

  it("is refused as a stream", async () => {
    assert.deepEqual(operations.filter(({ streams }) => streams).map(({ path }) => path), ["/v1/live", "/v1/live/sse"]);
    const me = victim.user.id;
    const workouts = ids_of(victim, "/v1/workouts");
    for (const role of roles.filter(({ nobody, owner }) => !nobody && !owner)) {
      const live = await Live.open(server, { token: role.client.token });
      assert.equal((await live.subscribe("me")).type, "subscribed");
      const topics = workouts.map((id) => `workout:${id}`);
      if (!role.follows) topics.push(`athlete:${me}`, ...workouts.map((id) => `athlete:${me}/workout:${id}`));
      if (role.follows && !role.sees_history) topics.push(...workouts.map((id) => `athlete:${me}/workout:${id}`));
      if (role.sees_history) topics.push(`athlete:${me}`); // live was not shared
      for (const topic of topics)
        for (const since of [undefined, { epoch: 1, seq: 1 }]) {
          const answer = await live.subscribe(topic, since);
          assert.equal(answer.type, "error", `${role.name}: ${topic}: ${JSON.stringify(answer)}`);
          assert.ok(["not_found", "forbidden"].includes(answer.problem.code), `${role.name}: ${topic}: ${answer.problem.code}`);
          const stream = await EventStream.open(server, `/v1/live/sse?topic=${encodeURIComponent(topic)}`, {
            authorization: `Bearer ${role.client.token}`,
            ...(since ? { "last-event-id": `${since.epoch}-${since.seq}` } : {}),
          });
          if (stream.status === 200) await stream.ended;
          assert.ok(!JSON.stringify(stream.events).includes(victim.mark));
          stream.close();
        }
      const commands = {
        "set.log": { exercise_id: victim.fields.exercise_id, reps: 1 },
        "set.update": { set_id: victim.fields.set_id, reps: 99 },
        "set.delete": { set_id: victim.fields.set_id },
        "workout.update": { title: "Taken over" },
        "workout.finish": {},
        "workout.delete": {},
        "workout.restore": {},
        "workout.revert": { version: 1 },
      };
      for (const [command, data] of Object.entries(commands))
        for (const workout_id of workouts) {
          const answer = await live.command(command, uuid7(), { workout_id, ...data });
          assert.equal(answer.problem?.code, "not_found", `${role.name}: ${command}: ${JSON.stringify(answer)}`);
        }
      assert.ok(!JSON.stringify(live.frames).includes(victim.mark), role.name);
      await live.close();
    }
    await untouched();
  });

  it("is not streamed to who follows something else while it changes", async () => {
    const lives = [];
    for (const role of roles.filter(({ nobody, owner, follows }) => !nobody && !owner && !follows))
      lives.push(await Live.follow(server, role.client.token));
    const own = await Live.follow(server, victim.token);
    const { id, version } = await victim.start_workout({ title: `Title ${victim.mark}` });
    await own.event(version);
    await victim.expect(204, victim.delete(`/v1/workouts/${id}`));
    for (const live of lives) {
      await live.ask({ type: "ping" });
      assert.ok(!JSON.stringify(live.frames).includes(victim.mark));
      await live.close();
    }
    await own.close();
    before_all = await rows_of(server, victim);
  });

  it("is on no route that names nobody, with its ids and address in the body", async () => {
    const words = { email: victim.email };
    for (const role of roles.filter(({ owner }) => !owner))
      for (const operation of of_oneself()) {
        // A follower that goes takes the share along, as it should.
        if (role.follows && operation.id === "eraseMe") continue;
        const answer = await call(role.client, operation, operation.path, victim, { words });
        documented(role, operation, answer);
        shows_nothing(role, operation, answer);
        assert.ok(answer.status < 500, `${role.name}: ${operation.name}: ${answer.text}`);
        if (role.nobody && !operation.open) assert.equal(answer.status, 401, operation.name);
        if (role.scopes && operation.scope === null && !operation.open) assert.equal(answer.status, 403, operation.name);
        if (!role.admin && operation.path.startsWith("/v1/admin/")) assert.ok([401, 403].includes(answer.status), operation.name);
        await revive(role);
      }
    await untouched();
    assert.equal((await new Client(server).post("/v1/auth/login", { email: victim.email, password: PASSWORD })).status, 200);
  });

  /** Whoever has ended their own login by one of those calls signs in again; who has left is somebody new. */
  async function revive(role) {
    if (role.nobody || role.scopes || (await role.client.get("/v1/me")).status === 200) return;
    if (role.renew) {
      role.client = await role.renew();
      return;
    }
    for (const password of [PASSWORD, WORDS.password]) {
      const answer = await new Client(server).post("/v1/auth/login", { email: role.client.email, password });
      if (answer.status === 200) return role.client.adopt(answer.json);
    }
    role.client = await person(server, { with_training: false });
  }

  it("would have been given to its owner by these very requests", async () => {
    const owner = await person(server);
    const admin = await new_administrator();
    // What takes something away comes last, what is within another before the other, and all access at the very end.
    const order = ({ method, path }) => (method === "DELETE" ? (path.startsWith("/v1/admin/") ? 200 : 100) - path.length / 1000 : 0);
    const ordered = of_somebody().sort((one, other) => order(one) - order(other));
    const coach = await person(server, { with_training: false });
    const share = await owner.expect(201, owner.post("/v1/shares", { email: coach.email, scopes: ["history", "notes"] }));
    await coach.expect(200, coach.post(`/v1/shares/${share.id}/accept`));
    for (const operation of ordered) {
      const client = operation.path.startsWith("/v1/athletes/") ? coach : operation.path.startsWith("/v1/admin/") ? admin : owner;
      const answers = [];
      for (const path of paths_to(operation, owner)) answers.push(await call(client, operation, path, owner, { ids: operation.id !== "logSet" }));
      const good = ({ status }) => (status >= 200 && status < 300) || status === 409;
      assert.ok(answers.some(good), `${operation.name}: ${answers.map(({ status, text }) => `${status} ${text}`)}`);
    }
  });
});
