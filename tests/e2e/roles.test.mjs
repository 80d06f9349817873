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

  it("are refused for an address that nobody has, and for words that are no role", async () => {
    await assert.rejects(give("nobody@example.org", "admin"), ({ stderr }) => /no account/.test(stderr));
    await assert.rejects(give("nobody@example.org", "boss"), ({ stderr }) => /member,coach,admin/.test(stderr));
  });
});
