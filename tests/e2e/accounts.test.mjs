// What people do with their accounts: addresses, passwords, recovery, the list of their logins.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";

import { Client, PASSWORD, fresh_email } from "./client.mjs";
import { psql } from "./database.mjs";
import { Live } from "./live.mjs";
import { status_of, talk } from "./raw.mjs";
import { missing, Server } from "./server.mjs";
import { token_in } from "./smtp.mjs";
import { until } from "./waiting.mjs";

const STRONG = "seven quiet marmots rowing";

describe("accounts", { skip: missing }, () => {
  let server;
  before(async () => (server = await Server.start({ name: "accounts" })));
  after(() => server?.stop());

  const anonymous = () => new Client(server);
  const outbox = async () => (await anonymous().get("/outbox", { accept: "application/json" })).json.letters;
  const letter = (email, subject) =>
    until(15_000, `the letter "${subject}" to ${email}`, async () =>
      (await outbox()).find((one) => one.to === email && one.subject === subject));
  const login = (email, password = PASSWORD, headers = {}) =>
    anonymous().post("/v1/auth/login", { email, password }, headers);
  /** Lets the login's proof of identity grow old. */
  const age = ({ user }) =>
    psql(server, `UPDATE spotter.login SET reauthenticated_at = now() - interval '11 minutes' WHERE user_id = '${user.id}'`);

  it("prove their address by the token of a mail, once", async () => {
    const client = await Client.register(server);
    assert.equal((await client.get("/v1/me")).json.email_verified, false);
    const live = await Live.follow(server, client.token);
    const token = token_in(await letter(client.email, "Confirm your address"));
    assert.equal((await anonymous().post("/v1/auth/verify", { token })).status, 204);
    assert.equal((await client.get("/v1/me")).json.email_verified, true);
    const told = await live.wait((frame) => frame.event === "profile.updated", "profile.updated");
    assert.equal(told.data.profile.email_verified, true);
    const changed = await client.patch("/v1/me", { display_name: "Ada" }, { "if-match": (await client.get("/v1/me")).headers.etag });
    assert.equal(changed.status, 200, changed.text);
    assert.equal(changed.json.email_verified, true);
    const again = await anonymous().post("/v1/auth/verify", { token });
    assert.equal(again.status, 422);
    assert.equal(again.json.errors[0].pointer, "/token");
    await live.close();
  });

  it("get another mail on demand, whose token replaces the first", async () => {
    const { email } = await Client.register(server);
    const first = token_in(await letter(email, "Confirm your address"));
    assert.equal((await anonymous().post("/v1/auth/verify/resend", { email })).status, 202);
    const second = await until(15_000, "a second letter", async () => {
      const tokens = (await outbox()).filter((one) => one.to === email).map(token_in);
      return tokens.find((one) => one !== first);
    });
    assert.equal((await anonymous().post("/v1/auth/verify", { token: first })).status, 422);
    assert.equal((await anonymous().post("/v1/auth/verify", { token: second })).status, 204);
  });

  it("answer alike for addresses that are known and unknown", async () => {
    const { email } = await Client.register(server);
    for (const path of ["/v1/auth/recovery", "/v1/auth/verify/resend"]) {
      const known = await anonymous().post(path, { email });
      const unknown = await anonymous().post(path, { email: fresh_email() });
      assert.equal(known.status, 202);
      assert.equal(unknown.status, 202);
      assert.equal(known.text, unknown.text);
    }
  });

  it("recover by a mailed token: all logins end, sockets too, and the token is spent", async () => {
    const client = await Client.register(server);
    const live = await Live.follow(server, client.token);
    await anonymous().post("/v1/auth/recovery", { email: client.email.toUpperCase() });
    const token = token_in(await letter(client.email, "Set a new password"));
    const weak = await anonymous().post("/v1/auth/recovery/confirm", { token, password: "password1" });
    assert.equal(weak.status, 422, "a weak password uses nothing up");
    const confirm = () => anonymous().post("/v1/auth/recovery/confirm", { token, password: STRONG });
    const done = await confirm();
    assert.equal(done.status, 204, done.text);
    await live.end();
    assert.equal((await client.get("/v1/me")).status, 401);
    const { refresh_token } = client.tokens;
    assert.equal((await anonymous().post("/v1/auth/refresh", { refresh_token })).status, 401);
    assert.equal((await login(client.email)).status, 401);
    assert.equal((await login(client.email, STRONG)).status, 200);
    assert.equal((await confirm()).status, 422);
    await letter(client.email, "Your password was changed");
  });

  it("recover within ten minutes or not at all", async () => {
    const { email, user } = await Client.register(server);
    await anonymous().post("/v1/auth/recovery", { email });
    const token = token_in(await letter(email, "Set a new password"));
    await psql(server, `UPDATE spotter.account_token SET expires_at = now() WHERE user_id = '${user.id}'`);
    const late = await anonymous().post("/v1/auth/recovery/confirm", { token, password: STRONG });
    assert.equal(late.status, 422);
    const stored = await psql(server, `SELECT encode(token_hash, 'escape') FROM spotter.account_token`);
    assert.ok(!stored.join().includes(token));
  });

  it("are not flooded: five mails of a kind within an hour", async () => {
    const { email } = await Client.register(server);
    for (let i = 0; i < 8; ++i) assert.equal((await anonymous().post("/v1/auth/recovery", { email })).status, 202);
    await until(10_000, "sorted wishes", async () => (await psql(server, "SELECT count(*) FROM spotter.mail_request"))[0] === "0");
    const [count] = await psql(server, `SELECT count(*) FROM spotter.mail WHERE recipient = '${email}' AND template = 'recovery'`);
    assert.equal(count, "5");
  });

  it("refuse passwords that are easy to guess, and say why", async () => {
    const cases = {
      qwertyuiop: /keyboard|common/,
      aaaaaaaaaaaa: /repeats/,
      "correct horse battery staple": /common/,
      "Passw0rd!": /common|letters replaced/,
      "maytheforcebewithyou99": /common/,
    };
    for (const [password, why] of Object.entries(cases)) {
      const answer = await anonymous().post("/v1/auth/register", { email: fresh_email(), password });
      assert.equal(answer.status, 422, password);
      assert.equal(answer.json.errors[0].pointer, "/password");
      assert.match(answer.json.errors[0].detail, why);
    }
    const own = await anonymous().post("/v1/auth/register", {
      email: "wilhelmina.oosterhout@example.org", password: "wilhelmina.oosterhout", display_name: "Wilhelmina Oosterhout",
    });
    assert.equal(own.status, 422);
    assert.match(own.json.errors[0].detail, /your name|your address/);
  });

  it("change their password with the current one: other logins end, this one stays", async () => {
    const client = await Client.register(server);
    const other = new Client(server, (await login(client.email)).json.access_token);
    const live = await Live.follow(server, other.token);
    const none = await client.post("/v1/me/password", { password: STRONG });
    assert.equal(none.status, 422, "a sign-in of a moment ago is not enough");
    assert.equal(none.json.errors[0].pointer, "/current_password");
    await age(client);
    const wrong = await client.post("/v1/me/password", { current_password: "not the password", password: STRONG });
    assert.equal(wrong.status, 422);
    assert.equal(wrong.json.errors[0].pointer, "/current_password");
    const changed = await client.post("/v1/me/password", { current_password: PASSWORD, password: STRONG });
    assert.equal(changed.status, 204, changed.text);
    await live.end();
    assert.equal((await other.get("/v1/me")).status, 401);
    assert.equal((await client.get("/v1/me")).status, 200);
    assert.equal((await login(client.email)).status, 401);
    assert.equal((await login(client.email, STRONG)).status, 200);
  });

  it("are not guessed by who holds a session: wrong current passwords have to wait", async () => {
    const client = await Client.register(server);
    const other = new Client(server, (await login(client.email)).json.access_token);
    const guess = (by, current_password) => by.post("/v1/me/password", { current_password, password: STRONG });
    const answers = [];
    for (let i = 0; i < 7; ++i) answers.push(await guess(i % 2 ? client : other, `not the password ${i}`));
    assert.equal(answers[0].status, 422);
    const slowed = answers.at(-1);
    assert.equal(slowed.status, 429);
    assert.ok(Number(slowed.headers["retry-after"]) >= 1);
    assert.equal((await guess(client, PASSWORD)).status, 429, "the right one waits, too");
  });

  it("change their address by a token mailed to the new one, and the old one is told", async () => {
    const client = await Client.register(server);
    const email = fresh_email();
    assert.equal((await client.post("/v1/me/email", { email: "nobody" })).status, 422);
    const asked = await client.post("/v1/me/email", { email });
    assert.equal(asked.status, 202, asked.text);
    assert.equal((await client.get("/v1/me")).json.email, client.email, "nothing changes before the token");
    const token = token_in(await letter(email, "Confirm your new address"));
    assert.equal((await anonymous().post("/v1/auth/verify", { token })).status, 204);
    const { json } = await client.get("/v1/me");
    assert.equal(json.email, email);
    assert.equal(json.email_verified, true);
    assert.equal((await login(client.email)).status, 401);
    assert.equal((await login(email)).status, 200);
    await letter(client.email, "Your address was changed");
    await age(client);
    const late = await client.post("/v1/me/email", { email: fresh_email() });
    assert.equal(late.json.code, "reauthentication_required");
  });

  it("do not learn whose address is taken by asking for it", async () => {
    const owner = await Client.register(server);
    const client = await Client.register(server);
    assert.equal((await client.post("/v1/me/email", { email: owner.email })).status, 202);
    const state = async (what) => (await psql(server, `SELECT ${what} FROM spotter.mail m JOIN spotter.job j ON j.job_id = m.mail_id WHERE m.recipient = '${owner.email}' AND m.template = 'address_confirmation'`))[0];
    await until(10_000, "the end of the letter's job", async () => (await state("j.state")) === "finished");
    assert.equal(await state("m.state"), "replaced", "and it never went out");
  });

  it("do not learn it by how often they may ask, either", async () => {
    const owner = await Client.register(server);
    for (const wish of [() => owner.email, fresh_email]) {
      const client = await Client.register(server);
      const statuses = [];
      for (let i = 0; i < 7; ++i) statuses.push((await client.post("/v1/me/email", { email: wish() })).status);
      assert.deepEqual(statuses, [202, 202, 202, 202, 202, 429, 429]);
    }
  });

  it("see their logins and end them one by one, sockets too", async () => {
    const client = await Client.register(server);
    const phone = await login(client.email, PASSWORD, { "user-agent": "phone/1" });
    const other = new Client(server, phone.json.access_token);
    const live = await Live.follow(server, other.token);
    const { items, next_cursor } = (await client.get("/v1/me/sessions")).json;
    assert.equal(next_cursor, null);
    assert.equal(items.length, 2);
    assert.deepEqual(items.map(({ current }) => current), [false, true]);
    assert.equal(items[0].user_agent, "phone/1");
    assert.match(items[0].address, /127\.0\.0\.1/);
    assert.ok(Date.parse(items[0].last_used_at) >= Date.parse(items[0].created_at));
    const page = (await client.get("/v1/me/sessions?limit=1")).json;
    assert.equal(page.items[0].id, items[0].id);
    const rest = (await client.get(`/v1/me/sessions?limit=1&cursor=${page.next_cursor}`)).json;
    assert.equal(rest.items[0].id, items[1].id);
    const began = Date.now();
    assert.equal((await client.delete(`/v1/me/sessions/${items[0].id}`)).status, 204);
    await live.end();
    assert.ok(Date.now() - began < 1_000, "within a second");
    assert.equal((await other.get("/v1/me")).status, 401);
    assert.equal((await client.delete(`/v1/me/sessions/${items[0].id}`)).status, 404);
    const stranger = await Client.register(server);
    assert.equal((await stranger.delete(`/v1/me/sessions/${items[1].id}`)).status, 404);
    assert.equal((await client.get("/v1/me")).status, 200);
  });

  it("end all other logins at once", async () => {
    const client = await Client.register(server);
    const others = [];
    for (let i = 0; i < 3; ++i) others.push(new Client(server, (await login(client.email)).json.access_token));
    assert.equal((await client.delete("/v1/me/sessions")).status, 204);
    for (const other of others) assert.equal((await other.get("/v1/me")).status, 401);
    assert.equal((await client.get("/v1/me/sessions")).json.items.length, 1);
  });

  it("hear of sign-ins from a device that was not seen before, and of no others", async () => {
    const { email } = await Client.register(server);
    await login(email, PASSWORD, { "user-agent": "tablet/7" });
    const told = await letter(email, "A new sign-in to your account");
    assert.match(told.text, /tablet\/7/);
    await login(email, PASSWORD, { "user-agent": "tablet/7" });
    const [count] = await psql(server, `SELECT count(*) FROM spotter.mail WHERE recipient = '${email}' AND template = 'new_sign_in'`);
    assert.equal(count, "1");
  });

  it("refuse fields that nobody knows, everywhere", async () => {
    const client = await Client.register(server);
    const bodies = {
      "/v1/auth/verify": { token: "x" },
      "/v1/auth/verify/resend": { email: "a@example.org" },
      "/v1/auth/recovery": { email: "a@example.org" },
      "/v1/auth/recovery/confirm": { token: "x", password: STRONG },
      "/v1/me/password": { current_password: PASSWORD, password: STRONG },
      "/v1/me/email": { email: "a@example.org" },
    };
    for (const [path, body] of Object.entries(bodies))
      for (const extra of [{ role: "admin" }, { user_id: client.user.id }, { email_verified: true }]) {
        const answer = await client.post(path, { ...body, ...extra });
        assert.equal(answer.status, 422, path);
        assert.equal(answer.json.errors[0].pointer, `/${Object.keys(extra)[0]}`);
      }
  });

  it("treat SQL and NULs in any field as text, or refuse them", async () => {
    const client = await Client.register(server);
    const strings = ["'; DROP TABLE spotter.app_user; --", "' OR '1'='1", "\\'); SELECT pg_sleep(5)--", "a\u0000b", "{}", "%s%n", "$1"];
    for (const text of strings) {
      const answers = [
        await anonymous().post("/v1/auth/verify", { token: text }),
        await anonymous().post("/v1/auth/recovery", { email: text }),
        await anonymous().post("/v1/auth/verify/resend", { email: text }),
        await anonymous().post("/v1/auth/recovery/confirm", { token: text, password: STRONG }),
        await client.post("/v1/me/password", { current_password: text, password: STRONG }),
        await client.post("/v1/me/email", { email: text }),
        await client.get(`/v1/me/sessions?cursor=${encodeURIComponent(text)}`),
        await client.delete(`/v1/me/sessions/${encodeURIComponent(text)}`),
        await anonymous().post("/v1/auth/login", { email: text, password: text }),
        await anonymous().post("/v1/auth/register", { email: text, password: STRONG, display_name: text }),
        await client.patch("/v1/me", { display_name: text }),
      ];
      for (const { status } of answers) assert.ok(status < 500, `${text}: ${answers.map((one) => one.status)}`);
    }
    assert.equal((await client.get("/v1/me")).status, 200);
  });

  it("hash a password anew at the next sign-in when the costs have changed", async () => {
    const { email, user } = await Client.register(server);
    const hash = async () => (await psql(server, `SELECT password_hash FROM spotter.app_user WHERE user_id = '${user.id}'`))[0];
    const before_change = await hash();
    await server.stop_gracefully();
    server.env = { ...server.env, SPOTTER_IDENTITY_PASSWORD_PASSES: "3" };
    await server.launch();
    assert.equal((await login(email)).status, 200);
    await until(10_000, "another hash", async () => (await hash()) !== before_change);
    assert.match(await hash(), /t=3/);
    assert.equal((await login(email)).status, 200);
  });

  it("have an outbox that other pages can't read", async () => {
    const page = await anonymous().get("/outbox");
    assert.equal(page.status, 200);
    assert.match(page.headers["content-security-policy"], /default-src 'none'/);
    assert.ok(!/<(script|style)|style=/.test(page.text));
    assert.equal((await anonymous().get("/outbox", { host: "evil.example" })).status, 404);
    for (const name of ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"])
      assert.equal((await anonymous().get("/outbox", { [name]: "192.0.2.1" })).status, 404, name);
    // As nginx asks where nobody has told it to add headers.
    const passed_on = `GET /outbox HTTP/1.0\r\nHost: 127.0.0.1:${server.port}\r\nConnection: close\r\n\r\n`;
    assert.equal(status_of(await talk(server, passed_on)), 404);
  });

  it("show no outbox on a server with a public address", async () => {
    const public_one = await Server.start({ name: "public", env: { SPOTTER_MAIL_PUBLIC_URL: "https://spotter.test" } });
    try {
      assert.equal((await new Client(public_one).get("/outbox")).status, 404);
      assert.match(public_one.said, /no mail server is set \(mail\.server\), and there is no outbox: mails go nowhere/);
    } finally {
      await public_one.stop();
    }
  });
});

describe("breached passwords", { skip: missing }, () => {
  it("are asked for by five digits of a hash, and taken where nobody answers", async () => {
    const asked = [];
    let mode = "answer";
    const service = createServer((request, answer) => {
      asked.push(request.url);
      if (mode === "fail") return answer.writeHead(503).end();
      if (mode === "hang") return;
      const hash = createHash("sha1").update(STRONG).digest("hex").toUpperCase();
      answer.end(`${"0".repeat(35)}:3\r\n${hash.slice(5)}:12\r\n${"F".repeat(35)}:0\r\n`);
    });
    service.listen(0, "127.0.0.1");
    await once(service, "listening");
    const server = await Server.start({
      name: "breached",
      env: { SPOTTER_IDENTITY_BREACH_SERVICE: `http://127.0.0.1:${service.address().port}/range/` },
    });
    try {
      const register = (password) => new Client(server).post("/v1/auth/register", { email: fresh_email(), password });
      const known = await register(STRONG);
      assert.equal(known.status, 422);
      assert.equal(known.json.errors[0].code, "breached_password");
      assert.equal(asked.length, 1);
      assert.match(asked[0], /^\/range\/[0-9A-F]{5}$/);
      assert.equal((await register(`${STRONG} also`)).status, 201);
      for (mode of ["fail", "hang"]) assert.equal((await register(STRONG)).status, 201, mode);
      const metrics = await new Client(server).get("/metrics");
      assert.match(metrics.text, /breach_checks_total\{result="failed"\} 2/);
    } finally {
      await server.stop();
      service.closeAllConnections?.();
      service.close();
    }
  });
});
