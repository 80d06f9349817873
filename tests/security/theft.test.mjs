// What thieves do with two nodes: a token spent on one and used on the other, a code used on both at once, a login
// that was ended on one while its socket is at the other.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Cluster } from "../chaos/cluster.mjs";
import { programs } from "../chaos/database.mjs";
import { administrator } from "../e2e/administrator.mjs";
import { code_of, turn_on } from "../e2e/authenticator.mjs";
import { Client, PASSWORD } from "../e2e/client.mjs";
import { Live } from "../e2e/live.mjs";
import { missing } from "../e2e/server.mjs";
import { MailServer, make_certificate, token_in } from "../e2e/smtp.mjs";
import { until } from "../e2e/waiting.mjs";
import { NO_LIMITS } from "./person.mjs";

const STRONG = "seven quiet marmots rowing";
// The promise is a second; a busy machine that builds something else gets more.
const AT_ONCE_MS = 5_000;

describe("thieves on two nodes", { skip: missing || (!programs && "PostgreSQL's programs are not there") }, () => {
  let cluster;
  let mail;
  let certificate;
  let one;
  let two;

  before(async () => {
    certificate = await make_certificate();
    mail = await MailServer.start({ certificate });
    const env = {
      ...NO_LIMITS,
      SPOTTER_IDENTITY_ACCESS_LIFETIME: "600",
      SPOTTER_MAIL_SERVER: mail.url,
      SPOTTER_MAIL_CA: certificate.ca,
      SPOTTER_MAIL_FROM: "spotter@example.org",
      SPOTTER_MAIL_PUBLIC_URL: "https://spotter.example",
    };
    cluster = await Cluster.start({ count: 2, binary: process.env.SPOTTERD, env });
    [one, two] = cluster.nodes.values();
  });
  after(async () => {
    await cluster?.stop();
    await mail?.stop();
    await certificate?.remove();
  });

  const call = (node, path, body) => new Client(node).post(path, body);
  const refresh = (node, refresh_token) => call(node, "/v1/auth/refresh", { refresh_token });
  const login = async (node, { email }, password = PASSWORD) => {
    const client = new Client(node);
    client.adopt(await client.expect(200, client.post("/v1/auth/login", { email, password })));
    return client;
  };
  const status = async (node, token) => (await new Client(node, token).get("/v1/me")).status;
  /** How long it took until both nodes refused an access token. */
  const refused_everywhere = async (token, began) => {
    for (const node of [one, two])
      await until(AT_ONCE_MS, `a refusal by ${node.name}`, async () => (await status(node, token)) === 401, 5);
    return Date.now() - began;
  };
  const closed = async (live, began) => {
    assert.equal((await live.end(AT_ONCE_MS)).code, 4502);
    return Date.now() - began;
  };
  const figures = (t, what, times) => t.diagnostic(`${what}: ${times.map((ms) => `${ms} ms`).join(", ")}`);

  it("give a lost answer again on the other node: the same successor", async () => {
    const { tokens } = await Client.register(one);
    const first = await refresh(one, tokens.refresh_token);
    const again = await refresh(two, tokens.refresh_token);
    assert.equal(again.status, 200, again.text);
    assert.equal(again.json.refresh_token, first.json.refresh_token);
    assert.equal((await refresh(two, first.json.refresh_token)).status, 200);
  });

  it("give one successor to who renews on both nodes at once", async () => {
    for (let i = 0; i < 5; ++i) {
      const { tokens } = await Client.register(one);
      const answers = await Promise.all([one, two, one, two].map((node) => refresh(node, tokens.refresh_token)));
      assert.deepEqual(answers.map((answer) => answer.status), [200, 200, 200, 200]);
      assert.equal(new Set(answers.map(({ json }) => json.refresh_token)).size, 1);
    }
  });

  it("end the family on both nodes when a token that was spent on one comes to the other", async (t) => {
    const times = [];
    for (let i = 0; i < 3; ++i) {
      const client = await Client.register(one);
      const stolen = client.tokens.refresh_token;
      await client.refresh();
      const lives = [await Live.follow(one, client.token), await Live.follow(two, client.token)];
      // The answer was not lost: that was too long ago.
      await cluster.database.sql(`UPDATE spotter.login SET rotated_at = rotated_at - interval '11 seconds' WHERE user_id = '${client.user.id}'`);
      const began = Date.now();
      const answer = await refresh(two, stolen);
      assert.equal(answer.status, 401);
      assert.equal(answer.json.code, "invalid_token");
      for (const live of lives) times.push(await closed(live, began));
      await refused_everywhere(client.token, began);
      for (const node of [one, two]) assert.equal((await refresh(node, client.tokens.refresh_token)).status, 401);
    }
    figures(t, "sockets closed after the theft", times);
  });

  it("lose their socket on one node when the login is ended on the other", async (t) => {
    const times = [];
    const client = await Client.register(one);
    for (let i = 0; i < 5; ++i) {
      const [ending, watching] = i % 2 ? [one, two] : [two, one];
      const thief = await login(watching, client);
      const live = await Live.follow(watching, thief.token);
      const owner = new Client(ending, client.token);
      const { items } = await owner.expect(200, owner.get("/v1/me/sessions"));
      const began = Date.now();
      await owner.expect(204, owner.delete(`/v1/me/sessions/${items.find(({ current }) => !current).id}`));
      times.push(await closed(live, began));
      await refused_everywhere(thief.token, began);
    }
    figures(t, "sockets on the other node closed", times);
  });

  it("lose everything on both nodes when an administrator ends all access on one", async (t) => {
    const give = (email) => cluster.database.sql(`UPDATE spotter.app_user SET role = 'admin' WHERE email = '${email}'`);
    const admin = await administrator(one, { give });
    const times = [];
    for (let i = 0; i < 3; ++i) {
      const client = await Client.register(i % 2 ? one : two);
      const thief = await login(two, client);
      const { token } = await client.expect(201, client.post("/v1/me/tokens", { name: "k", scopes: ["read", "live"] }));
      const tokens = [client.token, thief.token, token];
      const lives = [];
      for (const [n, one_token] of tokens.entries()) lives.push(await Live.follow(n % 2 ? one : two, one_token));
      const began = Date.now();
      await admin.expect(204, admin.delete(`/v1/admin/users/${client.user.id}/sessions`));
      for (const live of lives) times.push(await closed(live, began));
      for (const one_token of tokens) await refused_everywhere(one_token, began);
    }
    figures(t, "sockets of three logins closed by an administrator", times);
  });

  it("lose their access token on both nodes by a logout on one", async (t) => {
    const times = [];
    for (let i = 0; i < 4; ++i) {
      const client = await Client.register(i % 2 ? one : two);
      assert.deepEqual([await status(one, client.token), await status(two, client.token)], [200, 200]);
      const began = Date.now();
      await client.expect(204, client.post("/v1/auth/logout"));
      times.push(await refused_everywhere(client.token, began));
    }
    figures(t, "refused by both nodes", times);
  });

  it("lose an API key on both nodes when it is ended on one", async () => {
    const client = await Client.register(one);
    const made = await client.expect(201, client.post("/v1/me/tokens", { name: "k", scopes: ["read", "live"] }));
    const live = await Live.follow(two, made.token);
    assert.equal(await status(two, made.token), 200);
    const began = Date.now();
    await client.expect(204, client.delete(`/v1/me/tokens/${made.id}`));
    await closed(live, began);
    await refused_everywhere(made.token, began);
  });

  it("get in once by a code that is used on both nodes at once", async () => {
    for (let i = 0; i < 4; ++i) {
      const client = await Client.register(one);
      const { secret, recovery_codes } = await turn_on(client);
      const begin = async (node) => (await call(node, "/v1/auth/login", { email: client.email, password: PASSWORD })).json.mfa_token;
      for (const code of [code_of(secret, 0), recovery_codes[i]]) {
        const nodes = [one, two, one, two];
        const tokens = [];
        for (const node of nodes) tokens.push(await begin(node));
        const answers = await Promise.all(nodes.map((node, n) => call(node, "/v1/auth/login/mfa", { mfa_token: tokens[n], code })));
        assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 401, 401, 401]);
        assert.equal((await call(two, "/v1/auth/login/mfa", { mfa_token: await begin(two), code })).status, 401, "nor later");
      }
    }
  });

  it("get in once by the token of one sign-in that is used on both nodes at once", async () => {
    const client = await Client.register(one);
    const { recovery_codes } = await turn_on(client);
    const { json } = await call(one, "/v1/auth/login", { email: client.email, password: PASSWORD });
    const answers = await Promise.all([one, two].map((node, n) => call(node, "/v1/auth/login/mfa", { mfa_token: json.mfa_token, code: recovery_codes[n] })));
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 401]);
  });

  const letter = ({ email }, seen) =>
    mail.wait((message) => message.to.includes(email) && /Set a new password/.test(message.headers.subject ?? "") && !seen.includes(message), `a letter to ${email}`);

  it("set a password once by a mailed token that is used on both nodes at once", async () => {
    const client = await Client.register(one);
    await call(two, "/v1/auth/recovery", { email: client.email });
    const token = token_in(await letter(client, []));
    const passwords = [STRONG, `${STRONG} again`];
    const answers = await Promise.all([one, two].map((node, n) => call(node, "/v1/auth/recovery/confirm", { token, password: passwords[n] })));
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [204, 422]);
    const [winner] = passwords.filter((_, n) => answers[n].status === 204);
    await login(two, client, winner);
  });

  it("do not get past a second factor by a recovery", async () => {
    const client = await Client.register(one);
    const { secret } = await turn_on(client);
    const live = await Live.follow(one, client.token);
    await call(one, "/v1/auth/recovery", { email: client.email });
    const token = token_in(await letter(client, []));
    const began = Date.now();
    const done = await call(two, "/v1/auth/recovery/confirm", { token, password: STRONG });
    assert.equal(done.status, 204);
    assert.equal(done.text, "", "it signs nobody in");
    await closed(live, began);
    await refused_everywhere(client.token, began);
    for (const node of [one, two]) {
      const half = await call(node, "/v1/auth/login", { email: client.email, password: STRONG });
      assert.deepEqual(Object.keys(half.json).sort(), ["mfa_required", "mfa_token"]);
      assert.equal(await status(node, half.json.mfa_token), 401);
      assert.equal((await call(node, "/v1/auth/login/mfa", { mfa_token: half.json.mfa_token, code: "000000" })).status, 401);
    }
    const half = await call(two, "/v1/auth/login", { email: client.email, password: STRONG });
    assert.equal((await call(one, "/v1/auth/login/mfa", { mfa_token: half.json.mfa_token, code: code_of(secret) })).status, 200);
  });

  it("find an ended login ended on a node that was away meanwhile", async () => {
    const client = await Client.register(two);
    assert.equal(await status(one, client.token), 200);
    await one.stop_gracefully();
    await client.expect(204, client.post("/v1/auth/logout"));
    await one.launch();
    assert.equal(await status(one, client.token), 401);
    assert.equal(await status(two, client.token), 401);
    await cluster.settled();
  });
});
