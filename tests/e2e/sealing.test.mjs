// The key that seals secrets in the database is replaced while they are in use.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";

import { code_of, turn_on } from "./authenticator.mjs";
import { Client, PASSWORD } from "./client.mjs";
import { psql } from "./database.mjs";
import { SecretManager } from "./secret_manager.mjs";
import { missing, Server } from "./server.mjs";
import { until } from "./waiting.mjs";

const run = promisify(execFile);
const WAIT_MS = 60_000;

describe("sealing keys", { skip: missing }, () => {
  let server;
  let client;
  let secret;
  const file = (name) => join(server.folder, name);
  const set = (key, ...older) =>
    (server.env = { SPOTTER_IDENTITY_SEALING_KEY: key, SPOTTER_IDENTITY_OLDER_SEALING_KEYS: older.join(",") });
  const status = async () => {
    const env = { ...process.env, SPOTTER_DATA: server.data, ...server.env };
    return (await run(server.binary, ["keys", "status"], { env })).stdout;
  };
  const restart = async () => {
    await server.stop_gracefully();
    await server.launch();
  };
  const sign_in = async (step) => {
    const anonymous = new Client(server);
    await psql(server, "UPDATE spotter.totp SET last_step = 0");
    const { mfa_token } = await anonymous.expect(
      200, anonymous.post("/v1/auth/login", { email: client.email, password: PASSWORD }));
    return (await anonymous.post("/v1/auth/login/mfa", { mfa_token, code: code_of(secret, step) })).status;
  };

  before(async () => {
    server = await Server.start({ name: "sealing" });
    client = await Client.register(server);
    secret = (await turn_on(client)).secret;
    await writeFile(file("second.key"), randomBytes(32), { mode: 0o600 });
    await writeFile(file("third.key"), `${randomBytes(32).toString("hex")}\n`, { mode: 0o600 });
  });
  after(() => server?.stop());

  it("are named, with what each has sealed", async () => {
    assert.match(await status(), /^[0-9a-f]{16} {2}seals: 2 rows \(totp 1, signing_key 1\)\n$/);
  });

  it("give way to another, which takes over all that they have sealed", async () => {
    const old = (await status()).slice(0, 16);
    set(file("second.key"), join(server.data, "sealing.key"));
    await restart();
    assert.equal(await sign_in(0), 200, "at once, whoever has sealed it");
    const text = await until(WAIT_MS, "all rows under the new key", async () => {
      const now = await status();
      return /opens only: 0 rows; may be removed/.test(now) && /sealing anew: finished/.test(now) && now;
    }, 200);
    assert.match(text, new RegExp(`${old} {2}opens only: 0 rows`));
    assert.match(text, /seals: 2 rows/);
    const metrics = await until(WAIT_MS, "the metric", async () => {
      const { text } = await new Client(server).get("/metrics");
      return text.includes(`spotter_sealed_rows{key="${old}"} 0`) && text;
    });
    assert.match(metrics, /spotter_sealed_rows\{key="[0-9a-f]{16}"\} 2/);
    assert.equal(await sign_in(1), 200);
    assert.equal((await client.get("/v1/me")).status, 200, "nobody was signed out");

    set(file("second.key"));
    await restart();
    assert.equal(await sign_in(0), 200, "without the old key");
    await client.refresh();
  });

  it("are missed at the start when they are removed too early, and nothing is lost", async () => {
    await server.stop_gracefully();
    set(`file:${file("third.key")}`);
    await assert.rejects(server.launch(), /The sealing key [0-9a-f]{16} is missing: 1 rows of \w+ are sealed by it/);
    set("env:THIRD_KEY", file("second.key"));
    server.env.THIRD_KEY = randomBytes(32).toString("base64");
    await server.launch();
    assert.equal(await sign_in(0), 200);
    await until(WAIT_MS, "all rows under the new key", async () => /opens only: 0 rows/.test(await status()), 200);
    assert.equal(await sign_in(1), 200);
  });

  it("come from a secret manager, which may be busy", async () => {
    const manager = await SecretManager.start();
    const name = "projects/training/secrets/sealing/versions/latest";
    manager.secrets.set(name, Buffer.from(server.env.THIRD_KEY, "base64"));
    const env = server.env;
    try {
      server.env = { ...manager.env, SPOTTER_IDENTITY_SEALING_KEY: `gcp-secret-manager:${name}` };
      manager.refusals = [503, 429];
      await restart();
      assert.equal(await sign_in(0), 200);
      await server.stop_gracefully();
      manager.refusals = [403];
      await assert.rejects(server.launch(), /identity.sealing_key: the secret projects.*permission denied.*secretAccessor/);
      assert.ok(!server.said.includes(manager.token));
    } finally {
      server.env = env;
      manager.stop();
    }
    await server.launch();
  });

  it("that can not be read are told of without what they hold", async () => {
    await server.stop_gracefully();
    const { THIRD_KEY } = server.env;
    server.env.THIRD_KEY = "no key at all";
    await assert.rejects(server.launch(), (error) => {
      assert.match(error.message, /identity.sealing_key: the secret is no key/);
      assert.doesNotMatch(error.message, /no key at all/);
      return true;
    });
    server.env.THIRD_KEY = THIRD_KEY;
    await server.launch();
  });
});
