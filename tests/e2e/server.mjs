// A spotterd of the test's own: its own data folder, its own port, ended by its process id.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, readFileSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { exchange } from "./http.mjs";
import { expect_no_secrets } from "./secrets.mjs";
import { until, within } from "./waiting.mjs";

const START_MS = 120_000;
const STOP_MS = 30_000;

/** Why no server can be started here, or false. */
export const missing = process.env.SPOTTERD ? false : "SPOTTERD, the path of the server's binary, is not set";

export class Server {
  #child = null;
  #gone = null;
  #said = "";
  #output = [];

  /** As `made`, and running: it says that it is ready. */
  static async start(options) {
    const server = await Server.made(options);
    try {
      await server.launch();
    } catch (error) {
      await server.kill9();
      await server.#clear();
      throw error;
    }
    return server;
  }

  /**
   * One that does not run yet. `env` is added to its environment; `words` are the command line, and `before`
   * what runs it; `host` is its address as clients see it.
   */
  static async made({
    binary = process.env.SPOTTERD,
    env = {},
    name = "e2e",
    tls = false,
    ca,
    words = ["serve"],
    before = [],
    host = "127.0.0.1",
  } = {}) {
    const server = new Server();
    Object.assign(server, { binary, env, name, ca, words, before, host, scheme: tls ? "https" : "http" });
    server.folder = await mkdtemp(join(tmpdir(), `spotter-${name}-`));
    // As root the server runs its database as somebody else, who has to get through this folder.
    await chmod(server.folder, 0o755);
    server.data = join(server.folder, "data");
    server.port = await free_port();
    server.url = `${server.scheme}://${host}:${server.port}`;
    return server;
  }

  get pid() {
    return this.#child?.pid;
  }

  /** What it wrote to stderr and stdout, the last of it. */
  get said() {
    return this.#said;
  }

  /** Starts the process (again, on the same data and port) and waits until it is ready. */
  async launch() {
    const [program, ...words] = [...this.before, this.binary, ...this.words];
    const child = spawn(program, words, {
      env: { ...process.env, SPOTTER_PORT: String(this.port), SPOTTER_DATA: this.data, ...this.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const log = process.env.SPOTTER_TEST_LOG;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        this.#said = (this.#said + chunk).slice(-16_000);
        this.#output.push(chunk);
        if (log) appendFileSync(log, chunk);
      });
    }
    this.#child = child;
    this.#gone = once(child, "exit");
    let over = false;
    const died = this.#gone.then(([code, signal]) => {
      over = true;
      return Promise.reject(new Error(`spotterd ended (${code ?? signal}) before it was ready:\n${this.#said}`));
    });
    died.catch(() => {});
    // A test that is cut short must not leave its server behind.
    const reap = () => child.kill("SIGKILL");
    process.once("exit", reap);
    this.#gone.then(() => process.off("exit", reap));
    await Promise.race([until(START_MS, "a ready server", () => over || this.is_ready()), died]);
  }

  async is_ready() {
    const { status } = await exchange(`${this.url}/readyz`, { ca: this.ca }).catch(() => ({}));
    return status === 200;
  }

  /** Waits until /readyz says so again, as after the loss of the database. */
  ready(ms = START_MS) {
    return until(ms, "a ready server", () => this.is_ready());
  }

  /** SIGTERM; answers `{code, signal, ms}` of its end. */
  async stop_gracefully() {
    const began = Date.now();
    this.#child.kill("SIGTERM");
    const [code, signal] = await within(STOP_MS + 5_000, "the server's end", this.#gone);
    this.#child = null;
    return { code, signal, ms: Date.now() - began };
  }

  /** kill -9; its database may still be on its way out when this resolves. */
  async kill9() {
    this.#child.kill("SIGKILL");
    await this.#gone;
    this.#child = null;
  }

  /** The process id of the embedded PostgreSQL's postmaster, or undefined while there is none. */
  postmaster() {
    try {
      return Number(readFileSync(join(this.data, "postgres", "postmaster.pid"), "utf8").split("\n")[0]) || undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * Ends what still runs and removes the data. An error when the server had died or did not end well, or when a
   * secret stands in what it wrote.
   */
  async stop() {
    try {
      if (!this.#child) return;
      const { code, signal } = await this.stop_gracefully();
      if (code !== 0) throw new Error(`spotterd ended with ${code ?? signal}:\n${this.#said}`);
    } finally {
      if (this.#child) await this.kill9();
      await this.#clear();
    }
  }

  async #clear() {
    const database = this.postmaster();
    if (database) await until(STOP_MS, "the end of the database", () => !alive(database));
    try {
      this.expect_no_secrets();
    } finally {
      await this.#remove();
    }
  }

  /** An error when a secret of the test's stands in anything that this server has written. */
  expect_no_secrets() {
    expect_no_secrets(this, Buffer.concat(this.#output).toString());
  }

  async #remove() {
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Does this process run? A zombie does not. */
export function alive(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "")[0] !== "Z";
  } catch {
    return false;
  }
}

/** A port that nobody listens on. */
export async function free_port() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}
