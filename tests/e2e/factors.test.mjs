// Second factors: turning them on and off, signing in with them, and what they protect.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { code_of, turn_on } from "./authenticator.mjs";
import { Client, PASSWORD } from "./client.mjs";
import { psql } from "./database.mjs";
import { Live } from "./live.mjs";
import { missing, Server } from "./server.mjs";

describe("second factors", { skip: missing }, () => {
  let server;
  before(async () => (server = await Server.start({ name: "factors" })));
  after(() => server?.stop());

  const anonymous = () => new Client(server);
  const login = ({ email }, password = PASSWORD) => anonymous().post("/v1/auth/login", { email, password });
  const finish = (mfa_token, code) => anonymous().post("/v1/auth/login/mfa", { mfa_token, code });
  const begin = async (client) => {
    const answer = await login(client);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(Object.keys(answer.json).sort(), ["mfa_required", "mfa_token"]);
    assert.equal(answer.json.mfa_required, true);
    return answer.json.mfa_token;
  };
  const age = (client) =>
    psql(server, `UPDATE spotter.login SET reauthenticated_at = now() - interval '11 minutes' WHERE user_id = '${client.user.id}'`);

  it("are begun with a secret, as text and as a picture without style and script", async () => {
    const client = await Client.register(server);
    const { secret, otpauth_uri, qr_svg } = await client.expect(200, client.post("/v1/me/mfa/totp"));
    assert.match(secret, /^[A-Z2-7]{32}$/);
    assert.ok(otpauth_uri.startsWith("otpauth://totp/Spotter:") && otpauth_uri.includes(secret));
    assert.match(qr_svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    assert.doesNotMatch(qr_svg, /style|script|href/);
    assert.equal((await login(client)).json.mfa_required, undefined, "nothing counts before it is confirmed");
    const wrong = await client.post("/v1/me/mfa/totp/confirm", { code: "000000" });
    assert.equal(wrong.status, 422);
    assert.equal(wrong.json.errors[0].code, "wrong_code");
    const { recovery_codes } = await client.expect(200, client.post("/v1/me/mfa/totp/confirm", { code: code_of(secret) }));
    assert.equal(new Set(recovery_codes).size, 10);
    assert.equal((await client.post("/v1/me/mfa/totp")).status, 409);
  });

  it("take a code after the password, once", async () => {
    const client = await Client.register(server);
    const { secret } = await turn_on(client);
    const token = await begin(client);
    assert.equal((await finish(token, "000000")).json.code, "invalid_credentials");
    const code = code_of(secret);
    const answer = await finish(token, code);
    assert.equal(answer.status, 200, answer.text);
    assert.equal((await new Client(server, answer.json.access_token).get("/v1/me")).status, 200);
    assert.equal((await finish(token, code_of(secret, 1))).status, 401, "the token is used up");
    assert.equal((await finish(await begin(client), code)).json.code, "invalid_credentials", "and so is the code");
  });

  it("let one of many through that bring the same code at once", async () => {
    const client = await Client.register(server);
    const { secret } = await turn_on(client);
    const tokens = [];
    for (let i = 0; i < 4; ++i) tokens.push(await begin(client));
    const code = code_of(secret);
    const answers = await Promise.all(tokens.map((token) => finish(token, code)));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401, 401, 401]);
  });

  it("take each recovery code once", async () => {
    const client = await Client.register(server);
    const { recovery_codes } = await turn_on(client);
    assert.equal((await finish(await begin(client), recovery_codes[3].toUpperCase())).status, 200);
    assert.equal((await finish(await begin(client), recovery_codes[3])).status, 401);
    assert.equal((await finish(await begin(client), recovery_codes[4].replaceAll("-", ""))).status, 200);
  });

  it("refuse a token that is forged, of another kind, or had its attempts", async () => {
    const client = await Client.register(server);
    const { secret } = await turn_on(client);
    const token = await begin(client);
    for (const other of ["x", token.slice(0, -1), token.replace("spm_", "spk_"), client.token])
      assert.equal((await finish(other.slice(0, 256), code_of(secret))).json.code, "invalid_token");
    assert.equal((await new Client(server, token).get("/v1/me")).status, 401, "it is no access token");
    await psql(server, `UPDATE spotter.mfa_challenge SET attempts_left = 0 WHERE user_id = '${client.user.id}'`);
    assert.equal((await finish(token, code_of(secret))).json.code, "invalid_token");
  });

  it("can't be locked by who only knows the owner's id", async () => {
    const client = await Client.register(server);
    const { secret } = await turn_on(client);
    const stolen = Buffer.from((await begin(client)).slice(4), "base64url");
    for (let i = 0; i < 12; ++i) {
      stolen.fill(i, 16); // the id, and nothing else of the token
      const forged = await finish(`spm_${stolen.toString("base64url")}`, "000000");
      assert.equal(forged.json.code, "invalid_token", forged.text);
    }
    assert.equal((await finish(await begin(client), code_of(secret))).status, 200);
    // While who knows the password is made to wait, with one token or many.
    let last;
    for (let i = 0; i < 12 && last !== 429; ++i) last = (await finish(await begin(client), "000000")).status;
    assert.equal(last, 429);
  });

  it("end a sign-in that was begun with the password of before", async () => {
    const client = await Client.register(server);
    const { secret } = await turn_on(client);
    const token = await begin(client);
    const changed = await client.post("/v1/me/password", { current_password: PASSWORD, password: "seven quiet marmots rowing" });
    assert.equal(changed.status, 204, changed.text);
    assert.equal((await finish(token, code_of(secret))).json.code, "invalid_token");
    const again = await login(client, "seven quiet marmots rowing");
    assert.equal((await finish(again.json.mfa_token, code_of(secret))).status, 200);
  });

  it("end the other sessions when they change, with their sockets", async () => {
    const client = await Client.register(server);
    const other = anonymous();
    other.adopt((await login(client)).json);
    const live = await Live.follow(server, other.token);
    await turn_on(client);
    assert.equal((await live.end()).code, 4502);
    assert.equal((await other.get("/v1/me")).status, 401);
    assert.equal((await client.get("/v1/me")).status, 200);
  });

  it("are changed only by who has proved to be the owner a moment ago", async () => {
    const client = await Client.register(server);
    await age(client);
    const refused = await client.post("/v1/me/mfa/totp");
    assert.equal(refused.status, 403);
    assert.equal(refused.json.code, "reauthentication_required");
    assert.equal((await client.post("/v1/me/reauth", { password: "not the password" })).status, 401);
    assert.equal((await client.post("/v1/me/reauth", { password: PASSWORD })).status, 204);
    const { secret, recovery_codes } = await turn_on(client);
    await age(client);
    for (const path of ["/v1/me/mfa/recovery-codes"])
      assert.equal((await client.post(path)).json.code, "reauthentication_required");
    assert.equal((await client.delete("/v1/me/mfa/totp")).json.code, "reauthentication_required");
    assert.equal((await client.post("/v1/me/reauth", { password: PASSWORD })).status, 401, "a code is needed");
    assert.equal((await client.post("/v1/me/reauth", {})).status, 422);
    assert.equal((await client.post("/v1/me/reauth", { code: code_of(secret) })).status, 204);
    const fresh = await client.expect(200, client.post("/v1/me/mfa/recovery-codes"));
    assert.equal(fresh.recovery_codes.filter((code) => recovery_codes.includes(code)).length, 0);
    assert.equal((await finish(await begin(client), recovery_codes[0])).status, 401);
    assert.equal((await client.delete("/v1/me/mfa/totp")).status, 204);
    assert.equal((await login(client)).json.mfa_required, undefined);
    assert.equal((await client.delete("/v1/me/mfa/totp")).status, 404);
  });

  it("keep no secret in the database that could be read there", async () => {
    const client = await Client.register(server);
    const { secret, recovery_codes } = await turn_on(client);
    const rows = await psql(
      server,
      `SELECT encode(sealed_secret, 'escape') || string_agg(code_hash, ' ') FROM spotter.totp
       JOIN spotter.recovery_code USING (user_id) WHERE user_id = '${client.user.id}' GROUP BY sealed_secret`,
    );
    const dump = rows.join("\n");
    assert.ok(dump.includes("$argon2id$"));
    for (const text of [secret, ...recovery_codes, ...recovery_codes.map((code) => code.replaceAll("-", ""))])
      assert.ok(!dump.includes(text));
  });

  it("tell their owner what happened", async () => {
    const client = await Client.register(server);
    const { secret } = await turn_on(client);
    await finish(await begin(client), "000000");
    await finish(await begin(client), code_of(secret));
    await login(client, "not the password");
    const page = await client.expect(200, client.get("/v1/me/security-events?limit=50"));
    const kinds = page.items.map(({ kind }) => kind);
    for (const kind of ["signed_in", "second_factor_added", "second_factor_failed"])
      assert.ok(kinds.includes(kind), `${kind} in ${kinds}`);
    const one = page.items.find(({ kind }) => kind === "signed_in");
    assert.ok(one.address && one.request_id && one.trace_id && one.session_id);
    assert.equal((await client.get("/v1/admin/audit")).status, 403);
    const other = await Client.register(server);
    const theirs = await other.expect(200, other.get("/v1/me/security-events"));
    assert.ok(theirs.items.every(({ user_id }) => user_id === other.user.id));
  });
});
