// Every bad request has a problem answer that says what is wrong.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Client } from "./client.mjs";
import { status_of, statuses, talk } from "./raw.mjs";
import { missing, Server } from "./server.mjs";
import { uuid7 } from "./uuid.mjs";

const ORIGIN = "https://pages.example";

describe("problems", { skip: missing }, () => {
  let server;
  let client;
  let exercise_id;
  before(async () => {
    server = await Server.start({ env: { SPOTTER_LISTEN_ALLOWED_ORIGINS: ORIGIN } });
    client = await Client.register(server);
    exercise_id = (await client.exercise()).id;
  });
  after(() => server?.stop());

  function assert_problem(answer, status, code) {
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.headers["content-type"], /^application\/problem\+json/);
    for (const field of ["type", "title", "detail", "trace_id"]) assert.equal(typeof answer.json[field], "string", field);
    assert.equal(answer.json.status, status);
    if (code) assert.equal(answer.json.code, code);
    assert.match(answer.json.code, /^[a-z0-9_]+$/);
  }

  const pointers = ({ json }) => json.errors.map(({ pointer }) => pointer).sort();

  it("calls a body that is not JSON malformed", async () => {
    const bodies = ["{", '{"title": }', '{"title":"a"} x', "nul", "", "[1,2", '{"title":"\u0001"}', '{"a":1e999}'];
    for (const body of bodies) {
      const answer = await client.post("/v1/workouts", body);
      assert.ok([400, 422].includes(answer.status), `${body}: ${answer.text}`);
      if (!body.startsWith('{"a"')) assert_problem(answer, 400, "malformed_json");
    }
    const not_utf8 = Buffer.from([0x7b, 0x22, 0x74, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]);
    assert_problem(await client.post("/v1/workouts", not_utf8), 400, "malformed_json");
  });

  it("takes no other JSON than an object", async () => {
    for (const body of ["[]", '"text"', "12", "null"]) {
      const answer = await client.post("/v1/workouts", body);
      assert.ok([400, 422].includes(answer.status), `${body}: ${answer.text}`);
    }
  });

  it("refuses an unknown field and points at it", async () => {
    const answer = await client.post("/v1/workouts", { titel: "typo" });
    assert_problem(answer, 422, "invalid_content");
    assert.deepEqual(pointers(answer), ["/titel"]);
    assert.equal(answer.json.errors[0].code, "unknown_field");
    assert.ok(answer.json.errors[0].detail.length > 0);
  });

  it("names all that is wrong at once, nested fields too", async () => {
    const { id } = await client.start_workout();
    const answer = await client.post(`/v1/workouts/${id}/sets`, {
      exercise_id: "no uuid",
      reps: -1,
      weight: { value: "heavy", unit: "stone" },
      rpe: 11,
      kind: "easy",
      target: { repz: 1 },
      completed_at: "yesterday",
    });
    assert_problem(answer, 422, "invalid_content");
    assert.deepEqual(pointers(answer), [
      "/completed_at",
      "/exercise_id",
      "/kind",
      "/reps",
      "/rpe",
      "/target/repz",
      "/weight/unit",
      "/weight/value",
    ]);
  });

  it("says what is missing", async () => {
    const { id } = await client.start_workout();
    const answer = await client.post(`/v1/workouts/${id}/sets`, { reps: 5 });
    assert_problem(answer, 422, "invalid_content");
    assert.deepEqual(pointers(answer), ["/exercise_id"]);
  });

  it("escapes what a JSON pointer must escape", async () => {
    const answer = await client.post("/v1/workouts", { "a/b~c": 1 });
    assert.deepEqual(pointers(answer), ["/a~1b~0c"]);
  });

  it("bounds numbers and texts", async () => {
    const { id } = await client.start_workout();
    const set = (fields) => client.post(`/v1/workouts/${id}/sets`, { exercise_id, ...fields });
    for (const fields of [
      { reps: 10_001 },
      { reps: 1.5 },
      { reps: 2 ** 63 },
      { rpe: 7.3 },
      { rpe: 0.5 },
      { rir: 21 },
      { weight: { value: -1, unit: "kg" } },
      { weight: { value: 2001, unit: "kg" } },
      { weight: { value: 4500, unit: "lb" } },
      { duration_ms: -1 },
    ]) {
      assert_problem(await set(fields), 422, "invalid_content");
    }
    assert_problem(await client.post("/v1/workouts", { title: "x".repeat(201) }), 422, "invalid_content");
    assert_problem(await client.post("/v1/workouts", { time_zone: "Nowhere/Land" }), 422, "invalid_content");
  });

  it("survives deep nesting and long keys", async () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    assert.ok([400, 422].includes((await client.post("/v1/workouts", `{"title":${deep}}`)).status));
    const long = await client.post("/v1/workouts", { ["k".repeat(100_000)]: 1 });
    assert.equal(long.status, 422);
  });

  it("answers 404 for every resource of another user, never 403", async () => {
    const { id } = await client.start_workout();
    const set = await client.log_set(id, { exercise_id, reps: 5 });
    const own = (await client.post("/v1/exercises", { name: "Mine alone" })).json;
    const advice = await client.post("/v1/recommendations", { kind: "next_set", exercise_id });
    const stranger = await Client.register(server);
    const workout = `/v1/workouts/${id}`;
    const calls = [
      ["GET", workout],
      ["PATCH", workout, { title: "x" }],
      ["DELETE", workout],
      ["POST", `${workout}/restore`],
      ["POST", `${workout}/finish`, {}],
      ["GET", `${workout}/history`],
      ["POST", `${workout}/revert`, { version: 1 }],
      ["POST", `${workout}/sets`, { exercise_id, reps: 1 }],
      ["GET", `${workout}/sets/${set.id}`],
      ["PATCH", `${workout}/sets/${set.id}`, { reps: 1 }],
      ["DELETE", `${workout}/sets/${set.id}`],
      ["GET", `/v1/exercises/${own.id}`],
      ["PATCH", `/v1/exercises/${own.id}`, { name: "x" }],
      ["DELETE", `/v1/exercises/${own.id}`],
      ["GET", `/v1/recommendations/${advice.json.id}`],
      ["POST", `/v1/recommendations/${advice.json.id}/outcome`, { accepted: true }],
    ];
    for (const [method, path, body] of calls) {
      const theirs = await stranger.call(method, path, body);
      assert_problem(theirs, 404, "not_found");
      const nowhere = await stranger.call(method, path.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, uuid7()), body);
      assert_problem(nowhere, 404, "not_found");
      assert.equal(theirs.json.detail, nowhere.json.detail, "which one it is can't be told");
    }
    assert.equal((await client.get(`${workout}/sets/${set.id}`)).json.reps, 5, "and nothing was changed");
  });

  it("takes an id that is no UUID for one that is not there", async () => {
    for (const id of ["12", "x", "%00", "..%2f..", `${uuid7()}0`]) {
      assert_problem(await client.get(`/v1/workouts/${id}`), 404);
    }
  });

  it("says with Allow what a path can do", async () => {
    const answer = await client.call("PUT", "/v1/workouts", {});
    assert_problem(answer, 405, "method_not_allowed");
    const allowed = answer.headers.allow.split(/, */);
    for (const method of ["GET", "HEAD", "POST", "OPTIONS"]) assert.ok(allowed.includes(method), method);
    assert.ok(!allowed.includes("PUT"));
    const options = await client.call("OPTIONS", "/v1/workouts");
    assert.equal(options.status, 204);
    assert.equal(options.headers.allow, answer.headers.allow);
  });

  it("answers HEAD as GET without the body", async () => {
    const get = await client.get("/v1/me");
    const head = await client.call("HEAD", "/v1/me");
    assert.equal(head.status, 200);
    assert.equal(head.text, "");
    assert.equal(head.headers["content-length"], get.headers["content-length"]);
    assert.equal(head.headers.etag, get.headers.etag);
  });

  it("refuses a body that is not JSON by its media type", async () => {
    for (const type of ["text/plain", "application/xml", "application/x-www-form-urlencoded"]) {
      assert_problem(await client.post("/v1/workouts", "{}", { "content-type": type }), 415, "unsupported_media_type");
    }
    const charset = { "content-type": "application/json; charset=utf-8" };
    assert.equal((await client.post("/v1/workouts", "{}", charset)).status, 201);
  });

  it("knows no other version and no other path", async () => {
    for (const path of ["/v3/workouts", "/v0/me", "/v1", "/v1/nothing", "/v1/workouts/", "//v1/me", "/etc/passwd"]) {
      assert_problem(await client.get(path), 404, "not_found");
    }
  });

  it("refuses a body that is too large, before it has read it", async () => {
    const head = (length) =>
      `POST /v1/workouts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${client.token}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`;
    const text = await talk(server, head(50_000_000), (got) => /too_large/.test(got));
    assert.equal(status_of(text), 413);
    const chunked = head(0).replace("Content-Length: 0", "Transfer-Encoding: chunked");
    const megabyte = `100000\r\n${"x".repeat(0x100000)}\r\n`;
    const streamed = await talk(server, chunked + megabyte.repeat(3), (got) => /too_large/.test(got));
    assert.equal(status_of(streamed), 413);
  });

  it("refuses a header that is too large, and too many of them", async () => {
    const one = await talk(server, `GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: ${"x".repeat(40_000)}\r\n\r\n`);
    assert.equal(status_of(one), 431);
    const many = "X-Many: y\r\n".repeat(10_000);
    assert.equal(status_of(await talk(server, `GET /livez HTTP/1.1\r\nHost: x\r\n${many}\r\n`)), 431);
    assert.equal(status_of(await talk(server, `GET /${"x".repeat(10_000)} HTTP/1.1\r\nHost: x\r\n\r\n`)), 414);
  });

  it("closes on what is not HTTP, or can be read in two ways", async () => {
    const post = "POST /v1/workouts HTTP/1.1\r\nHost: x\r\n";
    for (const bytes of [
      "EHLO example.org\r\n\r\n",
      "GET / HTTP/9.9\r\nHost: x\r\n\r\n",
      `${post}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`,
      `${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      `${post}Content-Length: -5\r\n\r\n`,
      `${post}Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n`,
      "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ]) {
      const status = status_of(await talk(server, bytes));
      assert.ok(Number.isNaN(status) || [400, 401, 501, 505].includes(status), `${JSON.stringify(bytes)}: ${status}`);
    }
  });

  it("answers pipelined requests in their order", async () => {
    const get = (path, more = "") => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
    const bytes = get("/livez") + get("/v3") + get("/v1/me") + get("/livez", "Connection: close\r\n");
    assert.deepEqual(statuses(await talk(server, bytes)), [200, 404, 401, 200]);
  });

  it("keeps the connection after an ordinary error", async () => {
    const request = (path, more = "") =>
      `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${client.token}\r\n` +
      `Content-Type: application/json\r\nContent-Length: 1\r\n${more}\r\n{`;
    const bytes = request("/v1/workouts") + request("/v1/nothing") + request("/v1/workouts", "Connection: close\r\n");
    assert.deepEqual(statuses(await talk(server, bytes)), [400, 404, 400]);
  });

  it("ends a request whose head trickles in", async () => {
    const text = await talk(server, "GET /livez HTTP/1.1\r\nHost: ");
    assert.equal(status_of(text), 408);
  });

  it("names each request, and follows the caller's trace", async () => {
    const trace = "0af7651916cd43dd8448eb211c80319c";
    const answer = await client.get("/v1/nothing", { traceparent: `00-${trace}-b7ad6b7169203331-01` });
    assert.equal(answer.json.trace_id, trace);
    assert.ok(answer.headers["x-request-id"]);
    assert.match(answer.headers["server-timing"], /dur=/);
    const own = await client.get("/livez", { "x-request-id": "my-request.1" });
    assert.equal(own.headers["x-request-id"], "my-request.1");
    const evil = await client.get("/livez", { "x-request-id": "a b;c" });
    assert.notEqual(evil.headers["x-request-id"], "a b;c");
  });

  it("compresses large answers for those who want it", async () => {
    const plain = await client.get("/v1/exercises?limit=200");
    const packed = await client.get("/v1/exercises?limit=200", { "accept-encoding": "gzip" });
    assert.equal(packed.headers["content-encoding"], "gzip");
    assert.equal(packed.text, plain.text);
    assert.ok(packed.bytes.length < plain.bytes.length / 3);
  });

  it("lets pages of listed origins read its answers, and no others", async () => {
    const ask = (origin) => client.get("/v1/me", { origin });
    assert.equal((await ask(ORIGIN)).headers["access-control-allow-origin"], ORIGIN);
    const other = await ask("https://evil.example");
    assert.equal(other.headers["access-control-allow-origin"], undefined);
    assert.match(other.headers.vary, /Origin/);
    const preflight = { origin: ORIGIN, "access-control-request-method": "PATCH" };
    const { status, headers } = await client.call("OPTIONS", "/v1/me", undefined, preflight);
    assert.equal(status, 204);
    assert.match(headers["access-control-allow-methods"], /PATCH/);
    assert.match(headers["access-control-allow-headers"], /If-Match/i);
  });

  it("refuses a bad If-Match and a bad Idempotency-Key", async () => {
    const { id } = await client.start_workout();
    const bad = await client.patch(`/v1/workouts/${id}`, { title: "x" }, { "if-match": "banana" });
    assert.ok([400, 412, 422].includes(bad.status), bad.text);
    const long = await client.post("/v1/workouts", {}, { "idempotency-key": "k".repeat(300) });
    assert.ok([400, 422].includes(long.status), long.text);
  });
});
