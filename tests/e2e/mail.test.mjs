// Letters through a real mail server: what leaves, how, and what happens when it does not go well.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Client, fresh_email } from "./client.mjs";
import { psql } from "./database.mjs";
import { Server, missing } from "./server.mjs";
import { MailServer, decode_header, make_certificate, token_in } from "./smtp.mjs";
import { until } from "./waiting.mjs";

const LOGIN = { user: "spotter", password: "a secret of the mail server" };

describe("mail", { skip: missing }, () => {
  let certificate;
  let mail;
  let server;

  before(async () => {
    certificate = await make_certificate();
    mail = await MailServer.start({ certificate, login: LOGIN });
    server = await Server.start({
      name: "mail",
      env: {
        SPOTTER_MAIL_SERVER: mail.url,
        SPOTTER_MAIL_USER: LOGIN.user,
        SPOTTER_MAIL_PASSWORD: "env:MAIL_SECRET",
        MAIL_SECRET: LOGIN.password,
        SPOTTER_MAIL_CA: certificate.ca,
        SPOTTER_MAIL_FROM: "post@spotter.test",
        SPOTTER_MAIL_PUBLIC_URL: "https://spotter.test",
        SPOTTER_JOBS_RETRY_UNIT: "50",
      },
    });
  });

  after(async () => {
    await server?.stop();
    await mail?.stop();
    await certificate?.remove();
  });

  const letter_to = (email, subject) => (one) => one.to[0] === email && (!subject || one.headers.subject === subject);
  const state_of = async (email) => (await psql(server, `SELECT m.state || ' ' || j.state FROM spotter.mail m
    JOIN spotter.job j ON j.user_id = m.user_id AND j.job_id = m.mail_id WHERE m.recipient = '${email}'`))[0];

  it("leaves over TLS only, as the user of the settings, with text and HTML", async () => {
    const { email } = await Client.register(server, { display_name: "Ada" });
    const letter = await mail.wait(letter_to(email));
    assert.equal(letter.secured, true);
    assert.equal(letter.user, LOGIN.user);
    assert.equal(letter.from, "post@spotter.test");
    assert.equal(letter.headers.subject, "Confirm your address");
    assert.match(letter.headers["message-id"], /^<[0-9a-f-]{36}@spotter\.test>$/);
    assert.equal(letter.headers["auto-submitted"], "auto-generated");
    assert.match(letter.text, /^Hello Ada,/);
    const token = token_in(letter);
    assert.ok(token, letter.text);
    assert.ok(letter.html.includes(`href="https://spotter.test/account.html#verify=${token}"`), letter.html);
    assert.ok(letter.raw.split("\r\n").every((line) => line.length <= 998));
    await until(10_000, "the end of the job", async () => (await state_of(email)) === "sent finished");
  });

  it("lets no name of a person into its headers, and writes any alphabet", async () => {
    const display_name = "Zoë <b>&  Ωmega";
    const { email } = await Client.register(server, { display_name });
    const letter = await mail.wait(letter_to(email));
    assert.ok(letter.text.includes(display_name));
    assert.ok(!letter.html.includes("<b>"));
    assert.ok(letter.html.includes("Zoë &lt;b&gt;&amp;"));
    assert.equal(decode_header(letter.headers.from), "Spotter <post@spotter.test>");
    const refused = await new Client(server).post("/v1/auth/register", {
      email: fresh_email(), password: "eight sleepy plates", display_name: "x\r\nBcc: all@example.org",
    });
    assert.equal(refused.status, 422);
  });

  it("tries again when the server says later, and loses nothing", async () => {
    mail.script = ["4xx", "4xx", "take"];
    const { email } = await Client.register(server);
    const letter = await mail.wait(letter_to(email));
    assert.equal((await new Client(server).post("/v1/auth/verify", { token: token_in(letter) })).status, 204);
  });

  it("tries again when the connection breaks", async () => {
    mail.script = ["drop", "take"];
    const { email } = await Client.register(server);
    await mail.wait(letter_to(email));
  });

  it("makes a dead letter of what the server will never take", async () => {
    for (const how of ["5xx-recipient", "5xx"]) {
      mail.script = [how, "take"];
      const { email } = await Client.register(server);
      await until(20_000, `a dead letter after ${how}`, async () => (await state_of(email)) === "dead dead");
      const [reason] = await psql(server, `SELECT reason FROM spotter.mail WHERE recipient = '${email}'`);
      assert.match(reason, /55[04]/);
      assert.ok(!mail.messages.some(letter_to(email)));
    }
    mail.script = ["take"];
  });

  it("keeps no token anywhere in the database", async () => {
    const { email } = await Client.register(server);
    const token = token_in(await mail.wait(letter_to(email)));
    const [dump] = await psql(server, `SELECT coalesce(string_agg(t::text, ' '), '') FROM (
      SELECT to_jsonb(m)::text AS t FROM spotter.mail m UNION ALL SELECT to_jsonb(j)::text FROM spotter.job j
      UNION ALL SELECT to_jsonb(a)::text FROM spotter.account_token a) x`);
    assert.ok(dump.includes(email));
    assert.ok(!dump.includes(token));
    assert.ok(!server.said.includes(token) && !server.said.includes(LOGIN.password));
  });

  it("shows no outbox where mail leaves", async () => {
    assert.equal((await new Client(server).get("/outbox")).status, 404);
  });

  it("does not wait for a server that is silent: imports and sign-ins go on", async () => {
    mail.script = ["silent"];
    const client = await Client.register(server);
    await until(10_000, "a session that hangs", () => mail.commands.at(-1)?.startsWith("MAIL"));
    const answer = await client.get("/v1/me");
    assert.equal(answer.status, 200);
    mail.script = ["take"];
  });
});

describe("mail without trust", { skip: missing }, () => {
  it("never speaks to a server whose certificate it can't verify, nor without TLS", async () => {
    const certificate = await make_certificate();
    const untrusted = await MailServer.start({ certificate });
    const plain = await MailServer.start({ starttls: false });
    try {
      for (const mail of [untrusted, plain]) {
        const server = await Server.start({
          name: "mail-trust",
          env: {
            SPOTTER_MAIL_SERVER: mail.url,
            SPOTTER_MAIL_FROM: "post@spotter.test",
            SPOTTER_MAIL_PUBLIC_URL: "https://spotter.test",
          },
        });
        try {
          const { email } = await Client.register(server);
          const [reason] = await until(20_000, "a failed try", async () => {
            const found = await psql(server, `SELECT reason FROM spotter.job WHERE kind = 'mail' AND reason <> ''`);
            return found.length > 0 && found;
          });
          assert.ok(reason.length > 0);
          assert.equal(mail.messages.length, 0);
          assert.ok(!mail.commands.some((line) => line.includes(email)));
        } finally {
          await server.stop();
        }
      }
    } finally {
      await untrusted.stop();
      await plain.stop();
      await certificate.remove();
    }
  });
});
