// A spotterd of the benchmark's own: fresh data, fsync on, the settings that everybody gets. Its
// database is the embedded one too, but started apart, with room for the peers' connections.

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { chmod } from "node:fs/promises";

import { Service, free_port, run } from "./processes.mjs";

export const build = process.env.SPOTTER_BUILD;

/** Starts a server with these settings and waits until it is ready. */
export async function start_spotterd(args, env, log) {
  const port = await free_port();
  const service = new Service("spotterd", `${build}/server/spotterd`, args, { SPOTTER_PORT: String(port), ...env }, log);
  service.child.stdout.resume();
  await service.wait_until(() => fetch(`http://127.0.0.1:${port}/readyz`).then((r) => r.ok, () => false));
  return { port, service };
}

export class Spotterd {
  /**
   * `through` is given how to reach the database and the folder of the run, and gives what the server needs in
   * its environment.
   */
  static async start({ args = ["serve"], env = {}, through } = {}) {
    const server = new Spotterd();
    server.made = new Map(); // how many users of each range there are
    mkdirSync(`${build}/../bench`, { recursive: true });
    server.folder = mkdtempSync(`${build}/../bench/run-`);
    server.data = `${server.folder}/data`;
    await chmod(server.folder, 0o755);
    mkdirSync(server.data);

    const log = `${server.folder}/spotterd.log`;
    server.cluster = new Service("bench_database", `${build}/bench/bench_database`, [server.data], {}, log);
    let reach = "";
    server.cluster.child.stdout.on("data", (text) => (reach += text));
    await server.cluster.wait_until(() => reach.endsWith("\n"));
    server.database = {
      PGHOST: reach.match(/host='([^']+)'/)[1],
      PGUSER: "spotter_superuser",
      PGDATABASE: "spotter",
    };

    const way = through ? await through(reach.trim(), server.folder) : {};
    ({ port: server.port, service: server.service } = await start_spotterd(
      args, { SPOTTER_DATA: server.data, SPOTTER_DATABASE: reach.trim(), ...way, ...env }, log));
    return server;
  }

  get pid() {
    return this.service.pid;
  }

  /** What spotter_load needs to act for users of this server. */
  get target() {
    return { port: this.port, key: `${this.data}/signing.key` };
  }

  /**
   * Runs SQL as the superuser, whom row-level security does not hold; `values` become psql variables.
   * Returns lines of tab-separated text.
   */
  async sql(text, values = {}) {
    const args = ["-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1"];
    for (const [name, value] of Object.entries(values)) args.push("-v", `${name}=${value}`);
    const out = await run("psql", args, { env: this.database, input: text });
    return out.trim().split("\n");
  }

  /** Runs one of bench/sql/. */
  script(name, values) {
    return this.sql(readFileSync(new URL(`sql/${name}`, import.meta.url), "utf8"), values);
  }

  async stop() {
    await this.service.stop();
    this.cluster.child.stdin.end();
    await this.cluster.gone;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
