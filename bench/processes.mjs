// The processes of a run: each with a log, ended by its id whatever happens.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { promisify } from "node:util";

const running = new Set();
const run_file = promisify(execFile);

process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, () => {
    console.error(`bench: ended by ${signal}`);
    process.exit(1);
  });

/** A port that nobody listens on. */
export async function free_port() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Runs a command to its end and returns what it wrote to standard output. */
export async function run(command, args, { env = {}, input } = {}) {
  const going = run_file(command, args, { env: { ...process.env, ...env }, maxBuffer: 1 << 26 });
  if (input !== undefined) going.child.stdin.end(input);
  return (await going).stdout;
}

/** A process that serves until it is stopped. */
export class Service {
  constructor(name, command, args, env, log) {
    Object.assign(this, { name, log });
    const file = openSync(log, "a");
    this.child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", file] });
    running.add(this.child);
    this.gone = once(this.child, "exit").then(() => running.delete(this.child));
  }

  get pid() {
    return this.child.pid;
  }

  /** Resolves when `is_ready` does so with something true; fails when the process ends before. */
  async wait_until(is_ready, seconds = 120) {
    const deadline = Date.now() + seconds * 1000;
    while (!(await is_ready())) {
      if (this.child.exitCode !== null || this.child.signalCode !== null || Date.now() > deadline) {
        this.child.kill("SIGKILL");
        throw new Error(`${this.name} did not get ready:\n${readFileSync(this.log, "utf8").slice(-4000)}`);
      }
      await new Promise((wake) => setTimeout(wake, 50));
    }
  }

  async stop() {
    this.child.kill("SIGTERM");
    const late = setTimeout(() => this.child.kill("SIGKILL"), 40_000);
    await this.gone;
    clearTimeout(late);
  }
}

/** A peer in bench/peers, which says "ready" once it listens. */
export async function start_peer(script, { env = {}, folder }) {
  const port = await free_port();
  const path = new URL(`peers/${script}`, import.meta.url).pathname;
  const peer = new Service(script, process.execPath, [path], { ...env, PEER_PORT: String(port) }, `${folder}/${script}.log`);
  let ready = false;
  peer.child.stdout.on("data", (text) => (ready ||= String(text).includes("ready")));
  await peer.wait_until(() => ready);
  return Object.assign(peer, { port });
}
