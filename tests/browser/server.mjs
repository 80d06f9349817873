// The server under test: a running one at SPOTTER_URL, or one of our own from the binary at SPOTTERD.

import { execFile, spawn } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** Why nothing can be tested here, or null. */
export const missing =
  process.env.SPOTTER_URL || process.env.SPOTTERD
    ? null
    : "neither SPOTTER_URL nor SPOTTERD is set";

/** `{url, stop()}` of a server that says it is ready. */
export async function find_server() {
  if (process.env.SPOTTER_URL) {
    const url = process.env.SPOTTER_URL.replace(/\/$/, "");
    return { url, stop: async () => {} };
  }
  const data = await mkdtemp(join(tmpdir(), "spotter-browser-"));
  // As root the server runs its database as somebody else, who has to get through this folder.
  await chmod(data, 0o755);
  const port = await free_port();
  const child = spawn(process.env.SPOTTERD, ["serve"], {
    env: { ...process.env, SPOTTER_PORT: String(port), SPOTTER_DATA: join(data, "data") },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaints = "";
  child.stderr.on("data", (chunk) => (complaints = (complaints + chunk).slice(-4000)));
  const gone = once(child, "exit");
  const url = `http://127.0.0.1:${port}`;
  const stop = async () => {
    child.kill("SIGTERM");
    await gone;
    await rm(data, { recursive: true, force: true });
  };
  const died = gone.then(([code]) => {
    throw new Error(`spotterd ended with ${code} before it was ready:\n${complaints}`);
  });
  died.catch(() => {});
  await Promise.race([ready(url), died]);
  return { url, stop };
}

async function free_port() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  return port;
}

function ready(url) {
  const patience = ["--retry", "120", "--retry-delay", "1", "--retry-all-errors"];
  return promisify(execFile)("curl", ["--silent", "--fail", ...patience, `${url}/readyz`]);
}
