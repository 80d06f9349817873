// A redis-server of the test's own, on a socket in a folder of its own.

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { until } from "./waiting.mjs";

/** Why there can be no Redis here, or false. */
export const no_redis =
  spawnSync("redis-server", ["--version"]).status === 0 ? false : "there is no redis-server";

export class Redis {
  #child = null;

  static async start() {
    const redis = new Redis();
    redis.folder = mkdtempSync(join(tmpdir(), "spotter-redis-"));
    redis.socket = join(redis.folder, "redis.sock");
    redis.url = `unix://${redis.socket}`;
    await redis.launch();
    return redis;
  }

  async launch() {
    const words = ["--port", "0", "--unixsocket", this.socket, "--unixsocketperm", "777", "--save", "", "--dir", this.folder];
    const child = spawn("redis-server", words, { stdio: "ignore" });
    const reap = () => child.kill("SIGKILL");
    process.once("exit", reap);
    child.once("exit", () => process.off("exit", reap));
    this.#child = child;
    await until(10_000, "a Redis", () => this.run("PING") === "PONG");
  }

  /** What redis-cli says to a command. */
  run(...words) {
    return spawnSync("redis-cli", ["-s", this.socket, ...words], { encoding: "utf8" }).stdout.trim();
  }

  async kill9() {
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
    this.#child = null;
  }

  freeze() {
    this.#child.kill("SIGSTOP");
  }

  thaw() {
    this.#child.kill("SIGCONT");
  }

  async stop() {
    if (this.#child) await this.kill9();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
