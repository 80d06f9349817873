// Access tokens that live five seconds.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Client } from "./client.mjs";
import { Live } from "./live.mjs";
import { missing, Server } from "./server.mjs";

const TOKEN_EXPIRED = 4004;

describe("tokens that expire", { skip: missing, concurrency: true }, () => {
  let server;
  before(async () => (server = await Server.start({ env: { SPOTTER_IDENTITY_ACCESS_LIFETIME: "5" } })));
  after(() => server?.stop());

  it("close their socket with a code that says come back with a fresh one", async () => {
    const client = await Client.register(server);
    const live = await Live.follow(server, client.token);
    const began = Date.now();
    assert.equal((await live.end(20_000)).code, TOKEN_EXPIRED);
    assert.ok(Date.now() - began > 3_000);
    const answer = await client.get("/v1/me");
    assert.equal(answer.status, 401);
    assert.equal(answer.json.code, "invalid_token");
  });

  it("leave a socket open that was renewed in place", async () => {
    const client = await Client.register(server);
    const renewed = await Live.follow(server, client.token);
    const left_alone = await Live.follow(server, client.token);
    const renew = async () => {
      const { json } = await client.post("/v1/auth/refresh", { refresh_token: client.tokens.refresh_token });
      client.adopt(json);
      const { data } = await renewed.auth(client.token);
      assert.ok(Date.parse(data.expires_at) > Date.now());
    };
    // As clients do: well before the token's end.
    const timer = setInterval(() => renew().catch(() => {}), 2_000);
    assert.equal((await left_alone.end(20_000)).code, TOKEN_EXPIRED);
    clearInterval(timer);
    const { version } = await client.start_workout();
    await renewed.event(version);
    await renewed.close();
  });
});
