// Who may do what: given by the operator's command, carried by the tokens, checked by the routes.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { administrator, give_role, sign_in_with_code } from "./administrator.mjs";
import { code_of, turn_on } from "./authenticator.mjs";
import { Client, PASSWORD } from "./client.mjs";
import { Live } from "./live.mjs";
import { Server, missing } from "./server.mjs";
import { uuid7 } from "./uuid.mjs";

describe("roles", { skip: missing }, () => {
  let server;
  let client;

  before(async () => {
    server = await Server.start({ name: "roles" });
    client = await Client.register(server);
  });

  after(() => server?.stop());

  const give = (email, role) => give_role(server, email, role);

  it("are given by the operator and counted from the next token on", async () => {
    const { email, role } = await client.expect(200, client.get("/v1/me"));
    assert.equal(role, "member");
    const { stdout } = await give(email, "admin");
    assert.match(stdout, /is admin now/);
    await client.refresh();
    assert.equal((await client.expect(200, client.get("/v1/me"))).role, "admin");
  });

  it("open the audit, for which the database is asked", async () => {
    const other = await Client.register(server);
    assert.equal((await other.get("/v1/admin/audit")).status, 403);
    await administrator(server, { client: other });
    const page = await other.expect(200, other.get(`/v1/admin/audit?user_id=${other.user.id}&limit=2`));
    assert.deepEqual(page.items.map(({ kind }) => kind), ["signed_in", "role_changed"]);
    assert.deepEqual(page.items[1].detail, { from: "member", to: "admin" });
    const next = await other.expect(200, other.get(`/v1/admin/audit?user_id=${other.user.id}&cursor=${page.next_cursor}`));
    assert.deepEqual(next.items.map(({ kind }) => kind), ["second_factor_added", "signed_in"]);
    const signed_in = await other.expect(200, other.get("/v1/admin/audit?kind=signed_in"));
    assert.ok(signed_in.items.every(({ kind }) => kind === "signed_in"));
    assert.equal((await other.get("/v1/admin/audit?user_id=me")).status, 422);
    await give(other.email, "coach");
    assert.equal((await other.get("/v1/admin/audit")).status, 403, "though the token still says admin");
  });

  it("show jobs and limits, and say who looked", async () => {
    const admin = await administrator(server);
    const page = await admin.expect(200, admin.get("/v1/admin/jobs?limit=1", { "x-request-id": "a-look" }));
    assert.equal(page.items.length, 1);
    const [job] = page.items;
    assert.deepEqual(Object.keys(job).sort(), ["attempt", "created_at", "id", "kind", "lease_until", "reason", "run_at",
      "runner_id", "state", "subject_id", "updated_at", "user_id"]);
    const next = await admin.expect(200, admin.get(`/v1/admin/jobs?limit=1&cursor=${page.next_cursor}`));
    assert.ok(next.items[0].created_at <= job.created_at && next.items[0].id !== job.id);
    for (const { kind, state } of (await admin.expect(200, admin.get("/v1/admin/jobs?kind=mail&state=finished"))).items)
      assert.deepEqual([kind, state], ["mail", "finished"]);
    assert.equal((await admin.get("/v1/admin/jobs?state=lost")).status, 422);
    const limits = await admin.expect(200, admin.get("/v1/admin/limits"));
    assert.deepEqual(limits.rates.map(({ name }) => name), ["sign-in", "registration", "read", "write", "import"]);
    assert.ok(limits.bounds.body_bytes > 1000);
    for (const kind of ["jobs_read", "audit_read"]) {
      const { items } = await admin.expect(200, admin.get(`/v1/admin/audit?kind=${kind}`));
      if (kind === "jobs_read") assert.ok(items.some((e) => e.actor_id === admin.user.id && e.request_id === "a-look"));
      else assert.ok(items.some((e) => e.actor_id === admin.user.id && e.detail.kind === "jobs_read"));
    }
    const member = await Client.register(server);
    for (const path of ["/v1/admin/jobs", "/v1/admin/limits"]) assert.equal((await member.get(path)).status, 403);
  });

  it("let administrators in only by a second factor, which no renewal and no further proof stands in for", async () => {
    const admin = await Client.register(server);
    await give(admin.email, "admin");
    const methods = () => JSON.parse(Buffer.from(admin.token.split(".")[1], "base64url")).amr;
    const needs_factor = async (what) => {
      for (const [method, path] of [["GET", "/v1/admin/audit"], ["GET", "/v1/admin/cluster"], ["DELETE", `/v1/admin/users/${uuid7()}/sessions`]]) {
        const answer = await admin.call(method, path);
        assert.equal(answer.status, 403, `${what}: ${path}: ${answer.text}`);
        assert.equal(answer.json.code, "second_factor_required", what);
        for (const step of ["/v1/me/mfa/totp", "/v1/me/mfa/totp/confirm", "sign in again"]) assert.ok(answer.json.detail.includes(step));
      }
    };
    await admin.refresh();
    assert.deepEqual(methods(), ["pwd"]);
    await needs_factor("by a password");
    const { secret, recovery_codes } = await turn_on(admin);
    await needs_factor("after the enrolment");
    await admin.refresh();
    await needs_factor("renewed after the enrolment");
    await admin.expect(204, admin.post("/v1/me/reauth", { code: code_of(secret) }));
    await needs_factor("after a proof by code");
    await admin.refresh();
    assert.deepEqual(methods(), ["pwd"]);
    await needs_factor("renewed after a proof by code");

    await sign_in_with_code(admin, recovery_codes[0]);
    assert.deepEqual(methods(), ["pwd", "otp"]);
    await admin.expect(200, admin.get("/v1/admin/audit"));
    await admin.refresh();
    assert.deepEqual(methods(), ["pwd", "otp"]);
    await admin.expect(200, admin.get("/v1/admin/audit"));

    await admin.expect(204, admin.delete("/v1/me/mfa/totp"));
    await admin.refresh();
    assert.deepEqual(methods(), ["pwd"]);
    await needs_factor("without the factor");
    await turn_on(admin);
    await admin.refresh();
    await needs_factor("with another factor than it was opened with");
  });

  it("let an administrator end all access of somebody, who finds the administrator in the events", async () => {
    const admin = await administrator(server);
    const path = ({ user }) => `/v1/admin/users/${user.id}/sessions`;
    const target = await Client.register(server);
    const second = new Client(server);
    second.adopt(await second.expect(200, second.post("/v1/auth/login", { email: target.email, password: PASSWORD })));
    const key = await target.expect(201, target.post("/v1/me/tokens", { name: "k", scopes: ["read", "live"] }));
    const bystander = await Client.register(server);
    const lives = [];
    for (const token of [target.token, second.token, key.token]) lives.push(await Live.follow(server, token));
    assert.equal((await bystander.delete(path(target))).status, 403);
    assert.equal((await new Client(server).delete(path(target))).status, 401);
    await admin.expect(204, admin.delete(path(target)));
    for (const live of lives) assert.equal((await live.end()).code, 4502);
    for (const token of [target.token, second.token, key.token])
      assert.equal((await new Client(server, token).get("/v1/me")).status, 401);
    for (const { tokens } of [target, second])
      assert.equal((await new Client(server).post("/v1/auth/refresh", { refresh_token: tokens.refresh_token })).status, 401);
    assert.equal((await bystander.get("/v1/me")).status, 200);
    target.adopt(await target.expect(200, target.post("/v1/auth/login", { email: target.email, password: PASSWORD })));
    const own = await target.expect(200, target.get("/v1/me/security-events"));
    const [ended] = own.items.filter(({ kind }) => kind === "access_ended");
    assert.equal(ended.actor_id, admin.user.id);
    assert.deepEqual(ended.detail, { ended: 3 });
    assert.equal(ended.address, null, "from where is for administrators");
    const sessions = own.items.filter(({ kind }) => kind === "session_revoked");
    assert.deepEqual(sessions.map(({ actor_id, detail }) => [actor_id, detail.reason]), [
      [admin.user.id, "administrator"],
      [admin.user.id, "administrator"],
    ]);
    const audit = await admin.expect(200, admin.get("/v1/admin/audit?kind=access_ended"));
    assert.deepEqual([audit.items[0].user_id, audit.items[0].actor_id], [target.user.id, admin.user.id]);
    const done = await admin.expect(200, admin.get("/v1/admin/audit?kind=ended_access"));
    assert.deepEqual([done.items[0].user_id, done.items[0].request_id], [admin.user.id, ended.request_id]);
    assert.ok(done.items[0].address);
    await admin.expect(204, admin.delete(path(bystander)));
    await admin.expect(204, admin.delete(path(bystander)), "nothing is alive any more");
    for (const id of [uuid7(), "me", "00000000-0000-0000-0000-000000000000"])
      assert.equal((await admin.delete(`/v1/admin/users/${id}/sessions`)).status, 404, id);
    await give_role(server, admin.email, "coach");
    assert.equal((await admin.delete(path(target))).status, 403, "though the token still says admin");
    assert.equal((await target.get("/v1/me")).status, 200);
  });

  it("are refused for an address that nobody has, and for words that are no role", async () => {
    await assert.rejects(give("nobody@example.org", "admin"), ({ stderr }) => /no account/.test(stderr));
    await assert.rejects(give("nobody@example.org", "boss"), ({ stderr }) => /member,coach,admin/.test(stderr));
  });
});
