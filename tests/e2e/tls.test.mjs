// The same server behind a certificate of its own.

import { webcrypto as crypto } from "node:crypto";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connect_tls } from "node:tls";
import { after, before, describe, it } from "node:test";

import { Client } from "./client.mjs";
import { Live } from "./live.mjs";
import { missing, Server } from "./server.mjs";
import { within } from "./waiting.mjs";

describe("TLS", { skip: missing }, () => {
  let server;
  let folder;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "spotter-tls-"));
    chmodSync(folder, 0o755);
    const [key, cert] = ["key.pem", "cert.pem"].map((name) => join(folder, name));
    const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    const who = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "2"];
    execFileSync("openssl", [...request, ...who, "-keyout", key, "-out", cert], { stdio: "ignore" });
    const env = { SPOTTER_LISTEN_TLS_CERTIFICATE: cert, SPOTTER_LISTEN_TLS_KEY: key };
    server = await Server.start({ env, tls: true, ca: readFileSync(cert) });
  });
  after(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("carries REST and the live stream", async () => {
    const client = await Client.register(server);
    const live = await Live.follow(server, client.token);
    const { id } = await client.start_workout();
    const exercise_id = (await client.exercise()).id;
    for (let reps = 1; reps <= 20; ++reps) await client.log_set(id, { exercise_id, reps });
    const log = await client.changes();
    await live.event(log.length);
    assert.deepEqual(live.events(), log);
    const ack = await live.command("set.log", crypto.randomUUID(), { workout_id: id, exercise_id, reps: 21 });
    assert.equal(ack.type, "ack");
    await live.close();
    client.close();
  });

  it("carries large bodies both ways", async () => {
    const client = await Client.register(server);
    const { id } = await client.start_workout();
    const notes = "ü".repeat(9_000);
    await client.expect(200, client.patch(`/v1/workouts/${id}`, { notes }));
    assert.equal((await client.get(`/v1/workouts/${id}`)).json.notes, notes);
    const { json } = await client.get("/v1/exercises?limit=200");
    assert.equal(json.items.length, 200);
    client.close();
  });

  it("speaks TLS 1.2 and newer only", async () => {
    const attempt = (versions) =>
      new Promise((resolve) => {
        const options = { port: server.port, host: "127.0.0.1", ca: server.ca, ciphers: "DEFAULT@SECLEVEL=0", ...versions };
        const socket = connect_tls(options, () => resolve(socket.getProtocol()));
        socket.on("error", () => resolve(null));
        socket.on("secureConnect", () => socket.end());
      });
    assert.equal(await attempt({ maxVersion: "TLSv1.1", minVersion: "TLSv1" }), null);
    assert.equal(await attempt({ maxVersion: "TLSv1.2" }), "TLSv1.2");
    assert.equal(await attempt({}), "TLSv1.3");
  });

  it("agrees on forward-secret ciphers only", async () => {
    const attempt = (options) =>
      new Promise((resolve) => {
        const all = { port: server.port, host: "127.0.0.1", ca: server.ca, maxVersion: "TLSv1.2", ...options };
        const socket = connect_tls(all, () => resolve(socket.getCipher().name));
        socket.on("error", () => resolve(null));
        socket.on("secureConnect", () => socket.end());
      });
    for (const ciphers of ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"])
      assert.equal(await attempt({ ciphers }), ciphers);
    for (const ciphers of ["AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384", "DHE-RSA-AES128-GCM-SHA256"])
      assert.equal(await attempt({ ciphers: `${ciphers}:@SECLEVEL=0` }), null, ciphers);
  });

  it("agrees on HTTP/1.1 and refuses who speaks another protocol only", async () => {
    const attempt = (ALPNProtocols) =>
      new Promise((resolve) => {
        const socket = connect_tls({ port: server.port, host: "127.0.0.1", ca: server.ca, ALPNProtocols }, () =>
          resolve(socket.alpnProtocol));
        socket.on("error", () => resolve(null));
        socket.on("secureConnect", () => socket.end());
      });
    assert.equal(await attempt(["h2", "http/1.1"]), "http/1.1");
    assert.equal(await attempt([]), false);
    assert.equal(await attempt(["h2", "ftp"]), null);
  });

  it("resumes sessions, and hands out no tickets that a stolen key would open", async () => {
    const attempt = (session) =>
      new Promise((resolve, reject) => {
        const options = { port: server.port, host: "127.0.0.1", ca: server.ca, maxVersion: "TLSv1.2", session };
        const socket = connect_tls(options, () => {
          const [ticket, reused] = [socket.getTLSTicket(), socket.isSessionReused()];
          socket.once("close", () => resolve({ reused, session: kept, ticket }));
          socket.end();
        });
        let kept;
        socket.on("session", (bytes) => (kept = bytes));
        socket.on("error", reject);
        socket.resume();
      });
    const first = await attempt();
    assert.equal(first.reused, false);
    assert.equal(first.ticket, undefined);
    assert.equal((await attempt(first.session)).reused, true);
  });

  it("lets nobody renegotiate", async () => {
    const socket = connect_tls({ port: server.port, host: "127.0.0.1", ca: server.ca, maxVersion: "TLSv1.2" });
    const refused = await new Promise((resolve) => {
      socket.on("error", () => resolve(true));
      socket.on("close", () => resolve(true));
      socket.on("secureConnect", () => socket.renegotiate({}, (error) => resolve(Boolean(error))));
    });
    socket.destroy();
    assert.ok(refused);
  });

  it("tells browsers to come back by TLS, and opens no socket to a page that did not", async () => {
    const client = new Client(server);
    const { headers } = await client.get("/livez");
    assert.equal(headers["strict-transport-security"], "max-age=31536000; includeSubDomains");
    const open = (origin) =>
      client.get("/v1/live", {
        connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==", origin,
      });
    assert.equal((await open(`http://127.0.0.1:${server.port}`)).status, 403);
    client.close();
  });

  it("closes on a client that speaks plainly, and on one that says nothing", async () => {
    const close_of = (bytes) => {
      const socket = connect(server.port, "127.0.0.1");
      socket.on("error", () => {});
      const over = new Promise((resolve) => socket.on("close", resolve));
      socket.resume();
      if (bytes) socket.write(bytes);
      return within(20_000, "the end of the connection", over);
    };
    await Promise.all([close_of("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"), close_of("")]);
    assert.ok(await server.is_ready());
  });
});
