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
import { until, within } from "./waiting.mjs";

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

  describe("while one connection never stops talking", () => {
    /** Bytes over TLS, sent as fast as they are taken until `over(what came)`, or until `most` of them are gone. */
    const flood = async (greeting, bytes, over, most) => {
      const socket = connect_tls({ port: server.port, host: "127.0.0.1", ca: server.ca });
      const came = [];
      let ended = false;
      let wake = () => {};
      socket.on("data", (chunk) => came.push(chunk));
      for (const name of ["drain", "end", "error", "close"])
        socket.on(name, () => {
          ended ||= name !== "drain";
          wake();
        });
      await within(20_000, "a secure connection", new Promise((resolve) => socket.on("secureConnect", resolve)));
      socket.write(greeting);
      const text = () => Buffer.concat(came).toString("latin1");
      if (greeting.includes("Upgrade")) await until(20_000, "the socket's hello", () => text().includes('"hello"'));
      came.length = 0;
      let sent = 0;
      while (!ended && sent < most && !over(came)) {
        sent += bytes.length;
        if (socket.write(bytes)) await new Promise(setImmediate);
        else await within(60_000, "room for more", new Promise((resolve) => (wake = resolve)));
      }
      const all = sent >= most;
      socket.destroy();
      return { all, text: text() };
    };
    const upgrade =
      "GET /v1/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    /** A masked text frame, by a mask of zeros. */
    const frame = (message) => {
      const payload = Buffer.from(JSON.stringify(message));
      const size = payload.length < 126 ? [0x80 | payload.length] : [0x80 | 126, payload.length >> 8, payload.length & 255];
      return Buffer.concat([Buffer.from([0x81, ...size, 0, 0, 0, 0]), payload]);
    };
    const many = (piece) => Buffer.concat(Array(Math.ceil(65_536 / piece.length)).fill(piece));
    const forged = (token) => {
      const [head, claims, signature] = token.split(".");
      return [head, claims, (signature[0] === "A" ? "B" : "A") + signature.slice(1)].join(".");
    };

    it("tells who forges tokens before it has read all of them, and serves others", async () => {
      const client = await Client.register(server);
      const bytes = many(frame({ type: "auth", token: forged(client.token) }));
      const closed = (came) => came.some((chunk) => chunk.includes("token is not valid"));
      const flooding = flood(upgrade, bytes, closed, 512 * bytes.length);
      await client.expect(200, client.get("/v1/me"));
      const { all, text } = await flooding;
      assert.ok(!all && text.includes("token is not valid"));
      client.close();
    });

    it("ends who renews with forged tokens again and again", async () => {
      const client = await Client.register(server);
      const bytes = many(frame({ type: "auth", token: forged(client.token) }));
      const greeting = upgrade.replace("Host: x", `Host: x\r\nAuthorization: Bearer ${client.token}`);
      const closed = (came) => came.some((chunk) => chunk.includes("too many bad messages"));
      const { all, text } = await flood(greeting, bytes, closed, 512 * bytes.length);
      assert.ok(!all && text.includes("too many bad messages"));
      client.close();
    });

    it("serves others between one's requests", async () => {
      const client = new Client(server);
      const bytes = many(Buffer.from("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"));
      let served = false;
      const flooding = flood("", bytes, () => served, 512 * bytes.length);
      for (let n = 0; n < 20; ++n) await client.expect(200, client.get("/livez"));
      served = true;
      assert.ok(!(await flooding).all);
      client.close();
    });
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
