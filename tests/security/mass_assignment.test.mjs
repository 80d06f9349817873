// Members that no body has, in every body and every object within one: refused by name, with nothing changed.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Client, PASSWORD, fresh_email } from "../e2e/client.mjs";
import { psql } from "../e2e/database.mjs";
import { missing, Server } from "../e2e/server.mjs";
import { encoded, filled, objects_of, operations_of, put, sample } from "./contract.mjs";
import { field_of, ids_of, NO_LIMITS, person, rows_of, WORDS } from "./person.mjs";

describe("members that no body has", { skip: missing }, () => {
  let server;
  let operations;
  let somebody;
  let other;
  let rows_before;
  let extras;

  before(async () => {
    server = await Server.start({ name: "mass", env: NO_LIMITS });
    operations = (await operations_of(server)).filter(({ body, streams }) => body && !streams);
    somebody = await person(server);
    other = await person(server);
    rows_before = await rows_of(server, somebody, ["job", "security_event"]);
    const now = new Date().toISOString();
    extras = {
      id: other.user.id, user_id: other.user.id, userId: other.user.id, USER_ID: other.user.id, owner: other.user.id, owner_id: other.user.id,
      athlete_id: other.user.id, grantee_user_id: somebody.user.id, role: "admin", roles: ["admin"], admin: true, is_admin: true,
      permissions: ["*"], scopes: ["read", "write", "live", "import"], seq: 1, version: 1, first_seq: 1, epoch: 99, position: 0,
      created_at: now, updated_at: now, deleted_at: now, revoked_at: null, accepted_at: now, ended_at: null, expires_at: null,
      email: "taken@example.org", email_verified: true, email_verified_at: now, password_hash: "", password_changed_at: now, state: "active",
      status: "finished", verified: true, own: true, source: { provider: "strava" }, user: { role: "admin" }, "user.role": "admin",
      "user[role]": "admin", "role\u0000": "admin", " role": "admin", "": "admin", __proto__x: {}, constructor: { prototype: { role: "admin" } },
      $where: "1", _id: other.user.id, session_id: other.user.id, login_id: other.user.id, second_factor: false, mfa_required: false,
    };
  });
  after(() => server?.stop());

  const path_of = (operation) => filled(operation.path, (_, collection) => ids_of(somebody, collection)[0]);

  const base_body = (operation, wanted) => {
    const body = sample(operation.body.schema, {
      words: { ...WORDS, ...somebody.words },
      id_of: (name) => field_of(somebody, name, operation.path),
      wanted: (name) => wanted.includes(name),
    });
    if (operation.id === "reauthenticate") body.password = "not the password";
    return body;
  };

  const send = (operation, body) => {
    const { bytes, type } = encoded(operation.body.type, body);
    return somebody.call(operation.method, path_of(operation), bytes, { "content-type": type });
  };

  const pointer_to = (path) => path.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

  it("are refused by name, each and all together", async () => {
    let asked = 0;
    for (const operation of operations)
      for (const { path, schema } of objects_of(operation.body.schema)) {
        // An object that is the client's own to fill takes everything.
        if (!schema.properties) continue;
        const base = base_body(operation, path.filter((step) => typeof step === "string"));
        const is_form = operation.body.type === "multipart/form-data";
        const can_be = (name) => !(name in schema.properties) && !(is_form && (name === "" || /["\u0000]/.test(name)));
        const foreign = Object.entries(extras).filter(([name]) => can_be(name));
        for (const [name, value] of foreign) {
          const answer = await send(operation, put(base, [...path, name], value));
          ++asked;
          const at = `${operation.name}: ${pointer_to([...path, name])}: ${answer.status} ${answer.text}`;
          assert.equal(answer.status, 422, at);
          assert.ok(answer.json.errors.some(({ pointer }) => pointer === pointer_to([...path, name])), at);
        }
        // A form has a bound on its parts, and says no more than that beyond it.
        const all = foreign.slice(0, is_form ? 3 : foreign.length).reduce((body, [name, value]) => put(body, [...path, name], value), base);
        const answer = await send(operation, all);
        assert.equal(answer.status, 422, `${operation.name}: all at once: ${answer.text}`);
      }
    assert.ok(asked > 1_000, `${asked} requests`);
    assert.deepEqual(await rows_of(server, somebody, ["job", "security_event"]), rows_before);
  });

  it("are refused where a member stands twice", async () => {
    for (const operation of operations.filter(({ body }) => body.type.includes("json"))) {
      const names = Object.keys(operation.body.schema.properties ?? {});
      const body = base_body(operation, names);
      for (const name of names.filter((one) => body[one] !== undefined)) {
        const member = `${JSON.stringify(name)}:${JSON.stringify(body[name])}`;
        const text = JSON.stringify(body);
        const twice = `${text.slice(0, -1)},${member}}`;
        const answer = await somebody.call(operation.method, path_of(operation), twice, { "content-type": operation.body.type });
        assert.ok([400, 422].includes(answer.status), `${operation.name}: ${name} twice: ${answer.status} ${answer.text}`);
      }
    }
    assert.deepEqual(await rows_of(server, somebody, ["job", "security_event"]), rows_before);
  });

  it("make nobody an administrator, nor proved, nor somebody else", async () => {
    const email = fresh_email();
    for (const extra of [{ role: "admin" }, { user: { role: "admin" } }, { email_verified: true }, { id: other.user.id }, { user_id: other.user.id }]) {
      const answer = await new Client(server).post("/v1/auth/register", { email, password: PASSWORD, ...extra });
      assert.equal(answer.status, 422);
      for (const type of ["application/json", "application/merge-patch+json"])
        assert.equal((await somebody.call("PATCH", "/v1/me", JSON.stringify({ display_name: "x", ...extra }), { "content-type": type })).status, 422);
    }
    assert.deepEqual(await psql(server, `SELECT email FROM spotter.account_email WHERE email = '${email}'`), []);
    const client = await Client.register(server, { email });
    assert.equal(client.user.role, "member");
    assert.equal(client.user.email_verified, false);
    const claims = JSON.parse(Buffer.from(client.token.split(".")[1], "base64url"));
    assert.equal(claims.role, "member");
    assert.deepEqual(await psql(server, "SELECT DISTINCT role FROM spotter.app_user"), ["member"]);
    assert.deepEqual(await rows_of(server, somebody, ["job", "security_event"]), rows_before);
  });
});
