// Secrets stay where they belong: not in the process list, not in children, not in dumps, not in errors.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";

import { Database, programs } from "../chaos/database.mjs";
import { turn_on } from "./authenticator.mjs";
import { Client } from "./client.mjs";
import { expect_no_secrets, remember } from "./secrets.mjs";
import { missing, Server } from "./server.mjs";

const run = promisify(execFile);
const NOBODY = 65534;

/** A process's file; the database's come and go, and what is gone has nothing to show. */
function of_process(pid, file) {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes(error.code)) return "";
    throw error;
  }
}

const tasks = (pid) => (existsSync(`/proc/${pid}/task`) ? readdirSync(`/proc/${pid}/task`) : []);

/** All processes below one. */
function below(pid) {
  const children = tasks(pid).flatMap((task) =>
    of_process(pid, `task/${task}/children`).split(" ").filter(Boolean).map(Number));
  return [...children, ...children.flatMap(below)];
}

describe("secrets of a server", { skip: missing }, () => {
  const as_root = process.getuid?.() === 0;
  const env = {
    SPOTTER_IDENTITY_SEALING_KEY: "env:KEY_OF_THIS_TEST",
    KEY_OF_THIS_TEST: randomBytes(32).toString("base64"),
    SPOTTER_MAIL_PASSWORD: "env:PASSWORD_OF_THIS_TEST",
    PASSWORD_OF_THIS_TEST: "a password of nobody's",
    SPOTTER_LOG_LEVEL: "trace",
  };
  const secrets = [env.KEY_OF_THIS_TEST, env.PASSWORD_OF_THIS_TEST];
  let server;

  before(async () => {
    server = await Server.made({ name: "secrets", env,
      before: as_root ? ["setpriv", `--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"] : [] });
    if (as_root) chownSync(server.folder, NOBODY, NOBODY);
    await server.launch();
  });
  after(() => server?.stop());

  it("are on no command line, and no child inherits them", () => {
    const children = below(server.pid);
    assert.ok(children.some((pid) => of_process(pid, "cmdline").includes("postgres")), "the database runs");
    for (const pid of [server.pid, ...children]) {
      const line = of_process(pid, "cmdline");
      for (const secret of secrets) assert.ok(!line.includes(secret), line);
    }
    for (const pid of children) {
      const inherited = of_process(pid, "environ");
      for (const secret of secrets) assert.ok(!inherited.includes(secret), `of process ${pid}`);
    }
  });

  it("are in no core dump: there is none", () => {
    assert.match(readFileSync(`/proc/${server.pid}/limits`, "utf8"), /^Max core file size +0 +0 /m);
    // Of a process that can't be dumped, /proc belongs to root, whoever runs it.
    if (as_root) assert.equal(statSync(`/proc/${server.pid}/environ`).uid, 0);
  });

  it("are in no log of whatever level, and a test that looks for them finds them", async () => {
    const client = await Client.register(server);
    const { secret } = await turn_on(client);
    await client.refresh();
    await client.post("/v1/auth/refresh", { refresh_token: `${client.tokens.refresh_token}x` });
    await client.get(`/v1/nothing?token=${client.token}`);
    for (const leaked of [client.token, client.tokens.refresh_token, secret, env.KEY_OF_THIS_TEST,
      env.PASSWORD_OF_THIS_TEST, readFileSync(`${server.data}/signing.key`).toString("hex")])
      assert.throws(() => expect_no_secrets(server, `{"message":"here: ${leaked}."}`), /a secret of secrets stands in/);
    expect_no_secrets(server, "nothing of that kind");
  });

  it("are not quoted where a connection string is wrong", async () => {
    const wrong = { ...process.env, SPOTTER_DATA: server.data, SPOTTER_DATABASE: "host=127.0.0.1 password=two words-of-it" };
    await assert.rejects(run(server.binary, ["migrate", "status"], { env: wrong }), (error) => {
      const said = error.stdout + error.stderr;
      assert.match(said, /connection string is wrong/);
      assert.doesNotMatch(said, /words-of-it|two/);
      return true;
    });
  });
});

describe("the password of the database", { skip: missing || (!programs && "PostgreSQL's programs are not there") }, () => {
  const password = `it's \\ ${randomBytes(12).toString("hex")}`;
  let database;
  let server;
  let folder;

  before(async () => {
    remember("the database's password", password);
    database = await Database.start();
    const roles = ["spotter_reader", "spotter_writer", "spotter_migrator"];
    const quoted = password.replaceAll("'", "''");
    await database.sql(roles.map((role) => `ALTER ROLE ${role} PASSWORD '${quoted}';`).join(""));
    const rules = join(database.primary.folder, "pg_hba.conf");
    writeFileSync(rules, `host all ${roles.join(",")} all scram-sha-256\n${readFileSync(rules, "utf8")}`);
    await database.sql("SELECT pg_reload_conf()");
    folder = mkdtempSync(join(tmpdir(), "spotter-password-"));
    writeFileSync(join(folder, "password"), `${password}\n`, { mode: 0o600 });
    server = await Server.made({ name: "password", env: { SPOTTER_DATABASE: database.server(), SPOTTER_LOG_LEVEL: "trace" } });
  });
  after(async () => {
    await server?.stop();
    await database?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  /** What spotterd says when it does not start. */
  const complaint = async (reference) => {
    server.env.SPOTTER_DATABASE_PASSWORD = reference;
    const { message } = await server.launch().then(() => assert.fail("it started"), (error) => error);
    expect_no_secrets(server, message);
    return message;
  };

  it("is needed here, and what is wrong with it is said without it", async () => {
    assert.match(await complaint(""), /no password supplied/);
    assert.match(await complaint("env:WRONG_PASSWORD"), /WRONG_PASSWORD has no secret/);
    server.env.WRONG_PASSWORD = "not the database's password";
    remember("a wrong password", server.env.WRONG_PASSWORD);
    assert.match(await complaint("env:WRONG_PASSWORD"), /password authentication failed/);
    assert.match(await complaint(`file:${join(folder, "nothing")}`), /database\.password/);
    const written = await complaint(password);
    assert.match(written, /database\.password must be named/);
  });

  it("opens the database from where it is named, and is nowhere to be seen", async () => {
    server.env.SPOTTER_DATABASE_PASSWORD = `file:${join(folder, "password")}`;
    await server.launch();
    const client = await Client.register(server);
    const { stdout } = await run(server.binary, ["role", client.email, "coach"], { env: { ...process.env, ...server.env, SPOTTER_DATA: server.data } });
    assert.match(stdout, /is coach now/);
    assert.equal((await client.expect(200, client.get("/v1/me"))).email, client.email);
    for (const pid of [server.pid, ...below(server.pid), ...database.processes()])
      assert.ok(!of_process(pid, "cmdline").includes(password));
    const { stdout: documented } = await run(server.binary, ["config"], { env: { ...process.env, ...server.env } });
    assert.ok(documented.includes("password") && !documented.includes(password));
    const metrics = await new Client(server).get("/metrics");
    assert.ok(!metrics.text.includes(password));
    server.expect_no_secrets();
  });
});
