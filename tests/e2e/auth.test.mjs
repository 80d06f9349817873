// Accounts, logins and their tokens.

import { webcrypto as crypto } from "node:crypto";
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Client, PASSWORD, fresh_email } from "./client.mjs";
import { missing, Server } from "./server.mjs";

describe("accounts and logins", { skip: missing }, () => {
  let server;
  before(async () => (server = await Server.start()));
  after(() => server?.stop());

  const anonymous = () => new Client(server);
  const login = (email, password = PASSWORD) => anonymous().post("/v1/auth/login", { email, password });
  const refresh = (refresh_token) => anonymous().post("/v1/auth/refresh", { refresh_token });

  it("registers an account and is logged in at once", async () => {
    const email = fresh_email();
    const answer = await anonymous().post("/v1/auth/register", {
      email: email.toUpperCase(),
      password: PASSWORD,
      display_name: "Ada",
      time_zone: "Europe/Berlin",
    });
    assert.equal(answer.status, 201, answer.text);
    const { user, access_token, token_type, expires_in, refresh_token } = answer.json;
    assert.equal(user.email, email);
    assert.equal(user.display_name, "Ada");
    assert.equal(user.time_zone, "Europe/Berlin");
    assert.equal(token_type, "Bearer");
    assert.ok(expires_in > 0 && expires_in <= 600);
    assert.ok(refresh_token.length >= 22, "at least 128 bits");
    assert.match(answer.headers["cache-control"] ?? "", /no-store/);
    const me = await new Client(server, access_token).get("/v1/me");
    assert.equal(me.status, 200);
    assert.equal(me.json.id, user.id);
  });

  it("says every wrong field of a registration, not the first only", async () => {
    const answer = await anonymous().post("/v1/auth/register", { email: "nobody", password: "short" });
    assert.equal(answer.status, 422);
    assert.deepEqual(answer.json.errors.map(({ pointer }) => pointer).sort(), ["/email", "/password"]);
  });

  it("refuses an address that has an account", async () => {
    const { email } = await Client.register(server);
    const answer = await anonymous().post("/v1/auth/register", { email, password: PASSWORD });
    assert.equal(answer.status, 409);
    assert.equal(answer.json.code, "email_taken");
  });

  it("logs in", async () => {
    const { email, user } = await Client.register(server);
    const answer = await login(email);
    assert.equal(answer.status, 200, answer.text);
    const me = await new Client(server, answer.json.access_token).get("/v1/me");
    assert.equal(me.json.id, user.id);
  });

  it("answers an unknown address as it answers a wrong password", async () => {
    const { email } = await Client.register(server);
    const known = await login(email, "not the password");
    const unknown = await login(fresh_email(), "not the password");
    assert.equal(known.status, 401);
    assert.equal(unknown.status, 401);
    assert.equal(known.json.code, "invalid_credentials");
    const said = ({ trace_id, ...rest }) => rest;
    assert.deepEqual(said(unknown.json), said(known.json));
    assert.equal(unknown.headers["www-authenticate"], known.headers["www-authenticate"]);
  });

  it("takes as long for an unknown address as for a wrong password", async () => {
    const { email } = await Client.register(server);
    const time = async (address) => {
      const began = performance.now();
      await login(address, "not the password");
      return performance.now() - began;
    };
    const least = { known: Infinity, unknown: Infinity };
    for (let i = 0; i < 8; ++i) {
      least.known = Math.min(least.known, await time(email));
      least.unknown = Math.min(least.unknown, await time(fresh_email()));
    }
    const ratio = least.unknown / least.known;
    assert.ok(ratio > 0.5 && ratio < 2, `${least.unknown} ms against ${least.known} ms`);
  });

  it("renews the tokens and spends the old one", async () => {
    const { tokens } = await Client.register(server);
    const first = await refresh(tokens.refresh_token);
    assert.equal(first.status, 200, first.text);
    assert.notEqual(first.json.refresh_token, tokens.refresh_token);
    const second = await refresh(first.json.refresh_token);
    assert.equal(second.status, 200, second.text);
    assert.equal((await new Client(server, second.json.access_token).get("/v1/me")).status, 200);
  });

  it("gives a client whose answer was lost the same successor again", async () => {
    const { tokens } = await Client.register(server);
    const first = await refresh(tokens.refresh_token);
    const again = await refresh(tokens.refresh_token);
    assert.equal(again.status, 200, again.text);
    assert.equal(again.json.refresh_token, first.json.refresh_token);
  });

  it("ends the whole family when a long spent token comes back", async () => {
    const { tokens } = await Client.register(server);
    const first = await refresh(tokens.refresh_token);
    const second = await refresh(first.json.refresh_token);
    // The first token is two generations old: no lost answer explains it.
    const stolen = await refresh(tokens.refresh_token);
    assert.equal(stolen.status, 401);
    assert.equal(stolen.json.code, "invalid_token");
    assert.equal((await refresh(second.json.refresh_token)).status, 401);
  });

  it("refuses a made-up refresh token", async () => {
    const answer = await refresh("c".repeat(60));
    assert.equal(answer.status, 401);
    assert.equal(answer.json.code, "invalid_token");
  });

  it("logs out: 204, and the login's tokens can't be renewed", async () => {
    const client = await Client.register(server);
    assert.equal((await client.post("/v1/auth/logout")).status, 204);
    assert.equal((await refresh(client.tokens.refresh_token)).status, 401);
  });

  it("leaves other logins alone when one logs out", async () => {
    const client = await Client.register(server);
    const { json } = await login(client.email);
    await client.post("/v1/auth/logout");
    assert.equal((await refresh(json.refresh_token)).status, 200);
  });

  it("asks for a token, and says so in WWW-Authenticate", async () => {
    const none = await anonymous().get("/v1/me");
    assert.equal(none.status, 401);
    assert.match(none.headers["www-authenticate"], /^Bearer/);
    const [header, claims] = (await Client.register(server)).token.split(".");
    for (const token of ["nonsense", `${header}.${claims}.${"A".repeat(86)}`, `${header}.${claims}.`]) {
      const bad = await new Client(server, token).get("/v1/me");
      assert.equal(bad.status, 401, token);
      assert.match(bad.headers["www-authenticate"], /^Bearer.*invalid_token/);
    }
  });

  it("publishes the key that its tokens are signed with", async () => {
    const { token } = await Client.register(server);
    const { kid, alg } = JSON.parse(Buffer.from(token.split(".")[0], "base64url"));
    const { json } = await anonymous().get("/.well-known/jwks.json");
    const key = json.keys.find((one) => one.kid === kid);
    assert.equal(alg, "EdDSA");
    assert.equal(key.kty, "OKP");
    assert.equal(key.crv, "Ed25519");
    const [head, body, signature] = token.split(".");
    const imported = await crypto.subtle.importKey("jwk", key, { name: "Ed25519" }, false, ["verify"]);
    const bytes = new TextEncoder().encode(`${head}.${body}`);
    assert.ok(await crypto.subtle.verify("Ed25519", imported, Buffer.from(signature, "base64url"), bytes));
  });

  it("changes the profile by merge patch, and refuses a stale one", async () => {
    const client = await Client.register(server);
    const { version } = (await client.get("/v1/me")).json;
    const { etag } = (await client.get("/v1/me")).headers;
    assert.equal(etag, `"${version}"`, "a fresh profile, too, has a version to rest on");
    assert.equal((await client.patch("/v1/me", { unit: "lb" }, { "if-match": '"77"' })).status, 412);
    const changed = await client.patch("/v1/me", { display_name: "Grace", unit: "lb" }, { "if-match": etag });
    assert.equal(changed.status, 200, changed.text);
    assert.equal(changed.json.display_name, "Grace");
    assert.equal(changed.json.unit, "lb");
    const stale = await client.patch("/v1/me", { display_name: "Ada" }, { "if-match": `"${version}"` });
    assert.equal(stale.status, 412);
    const zone = await client.patch("/v1/me", { time_zone: "Mars/Olympus" });
    assert.equal(zone.status, 422);
    assert.equal(zone.json.errors[0].pointer, "/time_zone");
    assert.equal((await client.get("/v1/me")).json.display_name, "Grace");
  });
});
