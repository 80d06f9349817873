// A PgBouncer of the test's own, in transaction mode, before a database that `spotterd database` runs.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { until } from "./waiting.mjs";

const START_MS = 120_000;
const PORT = 6432; // only a part of the socket's name

/** The program, or undefined where it is not installed. */
export const program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"].find(existsSync);

/** It does not run as root: the ids of whom the database lets in besides us. */
function unprivileged() {
  if (process.getuid() !== 0) return {};
  for (const name of ["postgres", "nobody"]) {
    try {
      const id = (which) => Number(execFileSync("id", [which, name], { stdio: ["ignore", "pipe", "ignore"] }));
      return { uid: id("-u"), gid: id("-g") };
    } catch {
      // the next one
    }
  }
  throw new Error("there is neither a user postgres nor nobody to run PgBouncer");
}

async function end(child) {
  if (!child || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  const late = setTimeout(() => child.kill("SIGKILL"), 30_000);
  await gone;
  clearTimeout(late);
}

export class Pgbouncer {
  /** Before the database at `direct`, a libpq connection string, with so many connections for each role. */
  static async start(direct, connections = 4) {
    const pooler = new Pgbouncer();
    pooler.folder = await mkdtemp(join(tmpdir(), "spotter-pgbouncer-"));
    const who = unprivileged();
    const host = direct.match(/host='([^']+)'/)[1];
    const files = {
      users: ["reader", "writer"].map((role) => `"spotter_${role}" ""\n`).join(""),
      ini: `[databases]
* = host=${host}
[pgbouncer]
pool_mode = transaction
unix_socket_dir = ${pooler.folder}
listen_port = ${PORT}
auth_type = trust
auth_file = ${pooler.folder}/users
max_client_conn = 400
default_pool_size = ${connections}
logfile = ${pooler.folder}/log
`,
    };
    for (const [name, text] of Object.entries(files)) await writeFile(join(pooler.folder, name), text);
    if (who.uid !== undefined) await chown(pooler.folder, who.uid, who.gid);
    await chmod(pooler.folder, 0o755);
    pooler.child = spawn(program, ["-q", join(pooler.folder, "ini")], { ...who, stdio: "ignore" });
    process.once("exit", () => pooler.child.kill("SIGKILL"));
    const said = () => (existsSync(join(pooler.folder, "log")) ? readFileSync(join(pooler.folder, "log"), "utf8") : "");
    await until(START_MS, "PgBouncer", () => {
      if (pooler.child.exitCode !== null) throw new Error(`PgBouncer ended:\n${said()}`);
      return existsSync(join(pooler.folder, `.s.PGSQL.${PORT}`));
    });
    pooler.server = direct.replace(host, pooler.folder) + ` port=${PORT}`;
    /** What a spotterd needs in its environment to go through it. */
    pooler.env = { SPOTTER_DATABASE: pooler.server, SPOTTER_DATABASE_DIRECT: direct, SPOTTER_DATABASE_POOLED: "true" };
    return pooler;
  }

  async stop() {
    await end(this.child);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The embedded PostgreSQL, run apart. */
export class Database {
  static async start(binary) {
    const database = new Database();
    database.folder = await mkdtemp(join(tmpdir(), "spotter-database-"));
    await chmod(database.folder, 0o755);
    const env = { ...process.env, SPOTTER_DATA: join(database.folder, "data") };
    database.child = spawn(binary, ["database"], { env, stdio: ["ignore", "pipe", "inherit"] });
    process.once("exit", () => database.child.kill("SIGTERM"));
    let said = "";
    database.child.stdout.on("data", (text) => (said += text));
    await until(START_MS, "the database", () => {
      if (database.child.exitCode !== null) throw new Error("the database did not start");
      return said.endsWith("\n");
    });
    database.server = said.trim();
    return database;
  }

  async stop() {
    await end(this.child);
    await rm(this.folder, { recursive: true, force: true });
  }
}
