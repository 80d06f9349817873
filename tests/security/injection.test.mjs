// Texts that break programs, in every field, path and parameter of every route: no answer is the server's fault,
// what is stored comes back as it was sent, and nobody else's rows change.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";

import { Client, PASSWORD } from "../e2e/client.mjs";
import { psql } from "../e2e/database.mjs";
import { missing, Server } from "../e2e/server.mjs";
import { encoded, filled, operations_of, places, put, sample, texts_of } from "./contract.mjs";
import { field_of, ids_of, NO_LIMITS, person, rows_of, WORDS } from "./person.mjs";
import { in_url, NASTY, NOT_UTF8 } from "./texts.mjs";

// A password is looked for in all that the server writes, where the same text may stand for another reason: an
// import that can't be read names its columns. So passwords have something that nothing else has.
const as_sent = (text, path) => (/password$/.test(path.at(-1)) ? `${text}${PASSWORD_MARK}` : text);
const PASSWORD_MARK = ` ${randomBytes(8).toString("hex")}`;

// What HTTP itself may answer to a request line or a header that is no such thing.
const OF_HTTP = [400, 404, 414, 431];

describe("texts that break programs", { skip: missing }, () => {
  let server;
  let operations;
  let somebody;
  let bystander;
  let rows_before;
  let people_before;
  let registered = 0;
  const people = async () => Number((await psql(server, "SELECT count(*) FROM spotter.app_user"))[0]);

  before(async () => {
    server = await Server.start({ name: "injection", env: NO_LIMITS });
    operations = (await operations_of(server)).filter(({ streams }) => !streams);
    somebody = await person(server);
    bystander = await person(server);
    rows_before = await rows_of(server, bystander);
    people_before = await people();
  });
  after(() => server?.stop());

  const own_path = (operation) => filled(operation.path, (_, collection) => ids_of(somebody, collection)[0]);

  const sound = (what, operation, answer, also = []) => {
    const at = `${operation.name}: ${what}: ${answer.status}`;
    assert.ok(answer.status < 500, `${at} ${answer.text.slice(0, 500)}`);
    assert.ok([...operation.responses, ...also].includes(answer.status), `${at} is not documented: ${answer.text.slice(0, 500)}`);
    assert.doesNotThrow(() => new TextDecoder("utf-8", { fatal: true }).decode(answer.bytes), `${at}: the answer is no UTF-8`);
    assert.equal(answer.headers["set-cookie"], undefined, at);
    assert.ok(!/syntax error|pg_|SQLSTATE|libpqxx|relation "|column "/i.test(answer.status >= 400 ? answer.json?.detail ?? "" : ""), `${at} tells of the database: ${answer.text}`);
  };

  const send = (operation, path, body) => {
    const { bytes, type } = encoded(operation.body.type, body);
    return somebody.call(operation.method, path, bytes, { "content-type": type });
  };

  const base_body = (operation) => {
    const body = sample(operation.body.schema, {
      words: { ...WORDS, ...somebody.words },
      id_of: (name) => field_of(somebody, name, operation.path),
    });
    if (operation.id === "startWorkout") delete body.routine_id;
    return body;
  };

  /** What was made is taken away again, so that no bound on how many there are gets in the way. */
  const undo = async (operation, answer) => {
    if (operation.id === "register" && answer.status === 201) ++registered;
    const one = operations.find(({ method, path }) => method === "DELETE" && path.startsWith(`${operation.path}/{`) && places(path).length === places(operation.path).length + 1);
    if (answer.status !== 201 || !one || !answer.json?.id) return;
    const [place] = places(one.path).slice(-1);
    const path = filled(one.path, (name, collection) => (name === place.name ? answer.json.id : ids_of(somebody, collection)[0]));
    assert.ok([204, 404].includes((await somebody.delete(path)).status), `${one.name} of what was made`);
  };

  const at_path = (json, path) => path.reduce((inner, step) => inner?.[step], json);

  /** Where something is looked at that a route has made or changed. */
  const read_back = (operation, answer) => {
    const is_place = (path) => places(path).length === places(operation.path).length + 1 && path.startsWith(`${operation.path}/{`);
    const one = operations.find(({ method, path }) => method === "GET" && (operation.method === "PATCH" ? path === operation.path : is_place(path)));
    if (!one || (operation.method === "POST" && !answer.json?.id)) return null;
    const last = places(one.path).at(-1)?.name;
    return filled(one.path, (name, collection) => (operation.method === "POST" && name === last ? answer.json.id : ids_of(somebody, collection)[0]));
  };

  it("are text in the fields of bodies, or are refused", async () => {
    let sent = 0;
    let stored = 0;
    for (const operation of operations.filter(({ body }) => body))
      for (const { path, schema } of texts_of(operation.body.schema))
        for (const [what, nasty] of Object.entries(NASTY)) {
          const text = as_sent(nasty, path);
          const where = `${what} in ${path.join("/")}`;
          const answer = await send(operation, own_path(operation), put(base_body(operation), path, text));
          ++sent;
          sound(where, operation, answer);
          if (operation.id === "changePassword" && answer.status === 204) {
            somebody.words.current_password = path[0] === "password" ? text : WORDS.password;
            const login = { email: somebody.email, password: somebody.words.current_password };
            assert.equal((await new Client(server).post("/v1/auth/login", login)).status, 200, `${where}: it signs in`);
          }
          const free = !schema.format && !schema.enum && answer.status >= 200 && answer.status < 300;
          const shown = free ? at_path(answer.json?.user ?? answer.json, path) : undefined;
          // An empty text may stand for the default.
          if (typeof shown === "string" && text !== "") {
            assert.equal(shown, text, `${operation.name}: ${where} was changed`);
            const from = read_back(operation, answer);
            if (from) {
              ++stored;
              assert.equal(at_path(await somebody.expect(200, somebody.get(from)), path), text, `${operation.name}: ${where} was stored otherwise`);
            }
          }
          await undo(operation, answer);
        }
    assert.ok(sent > 1_000, `${sent} requests`);
    assert.ok(stored > 100, `${stored} texts came back`);
  });

  it("are refused where they are no text at all", async () => {
    for (const operation of operations.filter(({ body }) => body && body.type.includes("json")))
      for (const { path } of texts_of(operation.body.schema))
        for (const [what, hex] of Object.entries(NOT_UTF8)) {
          const [head, tail] = JSON.stringify(put(base_body(operation), path, "@@@@")).split("@@@@");
          const bytes = Buffer.concat([Buffer.from(head), Buffer.from(hex, "hex"), Buffer.from(tail)]);
          const answer = await somebody.call(operation.method, own_path(operation), bytes, { "content-type": operation.body.type });
          sound(`${what} in ${path.join("/")}`, operation, answer);
          assert.ok([400, 422].includes(answer.status), `${operation.name}: ${what} in ${path.join("/")}: ${answer.status}`);
        }
  });

  it("name nothing in paths", async () => {
    for (const operation of operations.filter(({ path }) => places(path).length > 0))
      for (const { name } of places(operation.path))
        for (const [what, text] of [...Object.entries(NASTY), ["bytes", null]]) {
          const stand_in = "0f0f0f0f-0f0f-7f0f-8f0f-0f0f0f0f0f0f";
          const path = filled(operation.path, (other, collection) => (other === name ? stand_in : ids_of(somebody, collection)[0]));
          const url = path.replace(stand_in, text === null ? "%ff%fe%c0%af" : in_url(text));
          const answer = operation.body ? await send(operation, url, base_body(operation)) : await somebody.call(operation.method, url);
          // With nothing there, it is another path.
          sound(`${what} as ${name}`, operation, answer, [...OF_HTTP, ...(text === "" ? [405, 415] : [])]);
          if (text !== "") assert.ok(answer.status >= 400, `${operation.name}: ${what} as ${name} found something: ${answer.status}`);
        }
  });

  it("change nothing in queries and headers", async () => {
    for (const operation of operations.filter(({ method }) => method === "GET"))
      for (const parameter of operation.parameters.filter((one) => one.in !== "path"))
        for (const [what, text] of [...Object.entries(NASTY), ["bytes", null]]) {
          const value = text === null ? "%ff%fe%c0%af" : in_url(text);
          const in_query = parameter.in === "query";
          const path = own_path(operation) + (in_query ? `?${parameter.name}=${value}` : "");
          const answer = await somebody.get(path, in_query ? {} : { [parameter.name]: value });
          sound(`${what} as ${parameter.name}`, operation, answer, [...OF_HTTP, 304]);
        }
    for (const operation of operations.filter(({ method, body }) => ["POST", "PATCH"].includes(method) && body?.type.includes("json")))
      for (const parameter of operation.parameters.filter((one) => one.in === "header"))
        for (const [what, text] of Object.entries(NASTY)) {
          const { bytes, type } = encoded(operation.body.type, base_body(operation));
          // Latin letters and blanks go as they are, all else as in a URL.
          const value = /^[\x20-\x7e\xa0-\xff]*$/.test(text) ? text : in_url(text);
          const answer = await somebody.call(operation.method, own_path(operation), bytes, { "content-type": type, [parameter.name]: value });
          sound(`${what} as ${parameter.name}`, operation, answer, OF_HTTP);
          await undo(operation, answer);
        }
  });

  it("have left the others, the schema and the machine alone", async () => {
    assert.deepEqual(await rows_of(server, bystander), rows_before);
    assert.equal(await people(), people_before + registered);
    assert.ok(!existsSync("/tmp/spotter-was-here"));
    assert.equal((await bystander.post("/v1/auth/login", { email: bystander.email, password: PASSWORD })).status, 200);
    assert.equal((await somebody.get("/v1/me")).status, 200);
    assert.ok(await server.is_ready());
  });
});
