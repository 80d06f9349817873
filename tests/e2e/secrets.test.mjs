// Secrets stay where they belong: not in the process list, not in children, not in dumps, not in errors.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";

import { turn_on } from "./authenticator.mjs";
import { Client } from "./client.mjs";
import { expect_no_secrets } from "./secrets.mjs";
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
