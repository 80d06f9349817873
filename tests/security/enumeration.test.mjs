// Nobody learns who has an account: answers about addresses that are known and unknown, on every route that takes
// one. How long they take is measured by `./spotter bench enumeration`.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { turn_on } from "../e2e/authenticator.mjs";
import { Client, PASSWORD, fresh_email } from "../e2e/client.mjs";
import { verify_address } from "../e2e/database.mjs";
import { missing, Server } from "../e2e/server.mjs";
import { encoded, filled, operations_of, places, sample } from "./contract.mjs";
import { field_of, ids_of, NO_LIMITS, person, WORDS } from "./person.mjs";
import { uuid7 } from "../e2e/uuid.mjs";

// A registration signs in at once, so it cannot answer alike for an address that is taken; it is limited by address.
const TELLS = ["register"];

// What differs between any two answers.
const OF_ITS_OWN = ["date", "x-request-id", "server-timing", "ratelimit", "etag", "content-length", "location"];

describe("who has an account", { skip: missing }, () => {
  let server;
  let operations;
  let somebody;
  const known = {};

  before(async () => {
    server = await Server.start({ name: "enumeration", env: NO_LIMITS });
    operations = await operations_of(server);
    somebody = await person(server);
    known.proved = await Client.register(server);
    await verify_address(server, known.proved);
    known["not proved"] = await Client.register(server);
    known["with a second factor"] = await Client.register(server);
    await turn_on(known["with a second factor"]);
    const gone = await Client.register(server);
    await gone.expect(202, gone.delete("/v1/me"));
    known.erased = gone;
    known["in capitals"] = { email: known.proved.email.toUpperCase() };
  });
  after(() => server?.stop());

  /** An answer without what is never the same twice; values of its own are kept by their kind. */
  const shape = ({ status, headers, json, text }, email) => {
    const kind = (value, key) => {
      if (value === null || typeof value === "boolean") return value;
      if (Array.isArray(value)) return value.map((one) => kind(one, key));
      if (typeof value === "object") return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, kind(inner, name)]));
      if (/(^|_)id$|_at$/.test(key) || typeof value === "number") return typeof value;
      return String(value).toLowerCase() === email.toLowerCase() ? "the address" : value;
    };
    const kept = Object.entries(headers).map(([name, value]) => [name, OF_ITS_OWN.includes(name) ? "…" : value]);
    return { status, headers: Object.fromEntries(kept.sort()), body: json === undefined ? text : kind(json, "") };
  };

  const ask = (operation, email, client) => {
    const body = sample(operation.body.schema, { words: { ...WORDS, email }, id_of: (name) => (name === "id" ? uuid7() : field_of(somebody, name, operation.path)) });
    const { bytes, type } = encoded(operation.body.type, body);
    const path = filled(operation.path, (_, collection) => ids_of(somebody, collection)[0]);
    return client.call(operation.method, path, bytes, { "content-type": type });
  };

  const taking_addresses = () => operations.filter(({ body }) => body?.schema.properties?.email);

  it("is not told by any route that takes an address", async () => {
    assert.ok(taking_addresses().length >= 5, "login, register, resend, recovery, change, share");
    for (const operation of taking_addresses()) {
      for (const [what, { email }] of Object.entries(known)) {
        // Some count how often somebody asks.
        const client = operation.open ? new Client(server) : await person(server, { with_training: false });
        if (TELLS.includes(operation.id)) {
          // An erased address is free again, and has to stay erased here.
          if (what !== "erased") assert.equal((await ask(operation, email, client)).status, 409);
          continue;
        }
        const unknown = fresh_email();
        const about = shape(await ask(operation, email, client), email);
        const none = shape(await ask(operation, unknown, client), unknown);
        assert.deepEqual(about, none, `${operation.name}: an account that is ${what}`);
      }
    }
  });

  it("nor by the time of an answer, which comes on a step of 50 ms", async () => {
    for (const operation of taking_addresses().filter(({ id }) => !TELLS.includes(id)))
      for (const email of [known.proved.email, fresh_email()]) {
        const client = operation.open ? new Client(server) : await person(server, { with_training: false });
        const began = performance.now();
        await ask(operation, email, client);
        const took = performance.now() - began;
        assert.ok(took >= 50, `${operation.name} answered after ${took} ms`);
      }
  });

  it("is not told by a wrong password, however often", async () => {
    const unknown = fresh_email();
    const login = (email) => new Client(server).post("/v1/auth/login", { email, password: "not the password at all" });
    for (let i = 0; i < 15; ++i)
      for (const { email } of Object.values(known)) assert.deepEqual(shape(await login(email), email), shape(await login(unknown), unknown));
  });

  it("nor is what there is, by ids", async () => {
    const client = await Client.register(server);
    for (const operation of operations.filter(({ path, streams }) => places(path).length > 0 && !streams)) {
      const call = (path) => {
        if (!operation.body) return client.call(operation.method, path);
        const wanted = () => operation.method === "PATCH";
        const body = sample(operation.body.schema, { words: WORDS, wanted, id_of: (name) => field_of(somebody, name, operation.path) });
        const { bytes, type } = encoded(operation.body.type, body);
        return client.call(operation.method, path, bytes, { "content-type": type });
      };
      const theirs = await call(filled(operation.path, (_, collection) => ids_of(somebody, collection)[0]));
      const none = await call(filled(operation.path, () => uuid7()));
      const words = ({ json }) => ({ ...json, trace_id: "" });
      assert.equal(theirs.status, none.status, operation.name);
      assert.deepEqual(words(theirs), words(none), operation.name);
    }
  });

  it("is not told to who has only the password's half, nor by mailed tokens", async () => {
    const half = await new Client(server).post("/v1/auth/login", { email: known["with a second factor"].email, password: PASSWORD });
    assert.deepEqual(Object.keys(half.json).sort(), ["mfa_required", "mfa_token"]);
    const spent = await new Client(server).post("/v1/auth/recovery/confirm", { token: WORDS.token, password: WORDS.password });
    const other = await new Client(server).post("/v1/auth/recovery/confirm", { token: "B".repeat(43), password: WORDS.password });
    assert.deepEqual({ ...spent.json, trace_id: "" }, { ...other.json, trace_id: "" });
  });
});
