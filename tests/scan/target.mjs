// The servers that are scanned, and what the scanners need of them.

import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Server } from "../e2e/server.mjs";
import { NO_LIMITS } from "../security/person.mjs";

// Scanners ask more often than people, and for longer than an access token lives.
const env = { ...NO_LIMITS, SPOTTER_IDENTITY_ACCESS_LIFETIME: "3600" };

export const plain_server = () => Server.start({ env, name: "scan" });

/** One on a port by which nmap knows HTTP: what answers it does not recognise. */
export async function server_on_known_port() {
  const server = await Server.made({ env, name: "scan" });
  for (const port of [8180, 8088, 7080, 3872, 5800, 8080]) {
    if (await is_taken(port)) continue;
    Object.assign(server, { port, url: `http://127.0.0.1:${port}` });
    await server.launch();
    return server;
  }
  throw new Error("all ports that nmap takes for HTTP are in use here");
}

const is_taken = (port) =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(true));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(false)));
  });

/** One with a certificate of its own, whose path is `certificate`. */
export async function secured_server() {
  const folder = mkdtempSync(join(tmpdir(), "spotter-scan-tls-"));
  chmodSync(folder, 0o755);
  const [key, certificate] = ["key.pem", "cert.pem"].map((name) => join(folder, name));
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const who = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "90"];
  execFileSync("openssl", [...request, ...who, "-keyout", key, "-out", certificate], { stdio: "ignore" });
  const tls = { SPOTTER_LISTEN_TLS_CERTIFICATE: certificate, SPOTTER_LISTEN_TLS_KEY: key };
  const server = await Server.start({ env: { ...env, ...tls }, name: "scan", tls: true, ca: readFileSync(certificate) });
  server.certificate = certificate;
  const stop = server.stop.bind(server);
  server.stop = () => stop().finally(() => rmSync(folder, { recursive: true, force: true }));
  return server;
}
