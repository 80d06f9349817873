// Who may do what: given by the operator's command, carried by the tokens, checked by the routes.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";

import { Client } from "./client.mjs";
import { Server, missing } from "./server.mjs";

const run = promisify(execFile);

describe("roles", { skip: missing }, () => {
  let server;
  let client;

  before(async () => {
    server = await Server.start({ name: "roles" });
    client = await Client.register(server);
  });

  after(() => server?.stop());

  const give = (email, role) =>
    run(server.binary, ["role", email, role], { env: { ...process.env, SPOTTER_DATA: server.data } });

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
    await give(other.email, "admin");
    await other.refresh();
    const page = await other.expect(200, other.get(`/v1/admin/audit?user_id=${other.user.id}&limit=1`));
    assert.equal(page.items[0].kind, "role_changed");
    assert.deepEqual(page.items[0].detail, { from: "member", to: "admin" });
    const next = await other.expect(200, other.get(`/v1/admin/audit?user_id=${other.user.id}&cursor=${page.next_cursor}`));
    assert.deepEqual(next.items.map(({ kind }) => kind), ["signed_in"]);
    const signed_in = await other.expect(200, other.get("/v1/admin/audit?kind=signed_in"));
    assert.ok(signed_in.items.every(({ kind }) => kind === "signed_in"));
    assert.equal((await other.get("/v1/admin/audit?user_id=me")).status, 422);
    await give(other.email, "coach");
    assert.equal((await other.get("/v1/admin/audit")).status, 403, "though the token still says admin");
  });

  it("are refused for an address that nobody has, and for words that are no role", async () => {
    await assert.rejects(give("nobody@example.org", "admin"), ({ stderr }) => /no account/.test(stderr));
    await assert.rejects(give("nobody@example.org", "boss"), ({ stderr }) => /member,coach,admin/.test(stderr));
  });
});
