// A PostgreSQL of the test's own that many nodes share, with a synchronous standby if wanted, ended by its
// process id. Roles and database are made as the embedded one makes them.

import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { appendFile, chmod, chown, mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { alive, free_port } from "../e2e/server.mjs";
import { until, within } from "../e2e/waiting.mjs";

const START_MS = 60_000;
const SUPERUSER = "spotter_superuser";
const bootstrap = fileURLToPath(new URL("../../migrations/bootstrap.sql", import.meta.url));
const run = promisify(execFile);

/** The folder of the newest PostgreSQL's programs, or undefined. */
export const programs = (() => {
  const versions = existsSync("/usr/lib/postgresql") ? readdirSync("/usr/lib/postgresql") : [];
  const folders = versions.sort((a, b) => b - a).map((version) => `/usr/lib/postgresql/${version}/bin`);
  return folders.find((folder) => existsSync(join(folder, "initdb")));
})();

/** PostgreSQL does not run as root: who runs it instead. */
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
  throw new Error("there is neither a user postgres nor nobody to run PostgreSQL");
}

/** One server process over one folder. */
class Instance {
  constructor(folder, address, port, who) {
    Object.assign(this, { folder, address, port, who, child: null });
  }

  async launch(settings) {
    this.settings = settings;
    const all = {
      listen_addresses: this.address,
      port: this.port,
      unix_socket_directories: this.folder,
      shared_buffers: "64MB",
      max_connections: 200,
      jit: "off",
      recovery_init_sync_method: "syncfs", // after a crash: one call instead of one for each file
      log_line_prefix: "%m [%p] %q%u/%a ",
      ...settings,
    };
    const words = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    // The postmaster goes when this process does, however it goes.
    const guard = ["--pdeathsig", "KILL", "--", join(programs, "postgres"), "-D", this.folder, ...words];
    const child = spawn("setpriv", guard, { ...this.who, cwd: this.folder, stdio: ["ignore", "ignore", "pipe"] });
    this.said = "";
    child.stderr.on("data", (chunk) => (this.said = (this.said + chunk).slice(-8_000)));
    this.gone = once(child, "exit");
    this.child = child;
    const died = this.gone.then(() => Promise.reject(new Error(`PostgreSQL ended:\n${this.said}`)));
    died.catch(() => {});
    await Promise.race([until(START_MS, "a database that answers", () => this.answers(), 50), died]);
  }

  async answers() {
    const ask = ["-h", this.folder, "-p", String(this.port), "-U", SUPERUSER, "-d", "postgres", "-q"];
    return run(join(programs, "pg_isready"), ask).then(() => true, () => false);
  }

  /** SIGTERM waits for clients, SIGINT rolls them back, SIGQUIT and SIGKILL need recovery. */
  async end(signal) {
    if (!this.child) return;
    // Its children would outlive it for a moment, and keep its successor from starting.
    const all = signal === "SIGKILL" ? this.processes() : [this.child.pid];
    for (const pid of all) send(pid, signal);
    await within(START_MS, "the end of PostgreSQL", this.gone);
    await until(START_MS, "the end of PostgreSQL's processes", () => !all.some(alive), 5);
    this.child = null;
  }

  /** The process ids: the postmaster first. */
  processes() {
    const { pid } = this.child;
    const list = `/proc/${pid}/task/${pid}/children`;
    const children = existsSync(list) ? readFileSync(list, "utf8").trim() : "";
    return [pid, ...children.split(" ").filter(Boolean).map(Number)];
  }

  async sql(text, database = "spotter") {
    const ask = ["-h", this.folder, "-p", String(this.port), "-U", SUPERUSER, "-d", database];
    const { stdout } = await run(join(programs, "psql"), [...ask, "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", text]);
    return stdout.trim();
  }
}

/** A signal to a process that may be gone by now. */
export function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

export class Database {
  /** A running one, with an empty database `spotter`. `address` and `standby_address` are where it listens. */
  static async start({ address = "127.0.0.1", standby = false, standby_address = address } = {}) {
    const database = new Database();
    database.folder = await mkdtemp(join(tmpdir(), "spotter-database-"));
    database.who = unprivileged();
    // When this process is cut short: the postmaster would go with it, its children a moment later.
    const remove = () => {
      for (const one of [database.standby, database.primary]) {
        if (one?.child) for (const pid of one.processes()) send(pid, "SIGKILL");
      }
      rmSync(database.folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    };
    process.once("exit", remove);
    database.forget = () => process.off("exit", remove);
    await chmod(database.folder, 0o755);
    try {
      database.primary = await database.#instance("primary", address);
      await database.#make();
      if (standby) await database.#follow(standby_address);
    } catch (error) {
      await database.stop();
      throw error;
    }
    return database;
  }

  async #instance(name, address) {
    const folder = join(this.folder, name);
    await mkdir(folder, { mode: 0o700 });
    if (this.who.uid !== undefined) await chown(folder, this.who.uid, this.who.gid);
    return new Instance(folder, address, await free_port(), this.who);
  }

  async #make() {
    const { folder } = this.primary;
    const words = ["-D", folder, "-U", SUPERUSER, "--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-sync"];
    await run(join(programs, "initdb"), words, { ...this.who, cwd: folder });
    // The addresses of the test's own network namespaces.
    const rules = ["all", "replication"].map((what) => `host ${what} all 10.0.0.0/8 trust\n`);
    await appendFile(join(folder, "pg_hba.conf"), rules.join(""));
    await this.primary.launch({});
    const ask = ["-h", folder, "-p", String(this.primary.port), "-U", SUPERUSER, "-d", "postgres"];
    await run(join(programs, "psql"), [...ask, "-Xq", "-v", "ON_ERROR_STOP=1", "-f", bootstrap]);
    await this.primary.sql("CREATE DATABASE spotter OWNER spotter_owner ENCODING 'UTF8' TEMPLATE template0", "postgres");
    await this.primary.sql(
      "REVOKE ALL ON DATABASE spotter FROM PUBLIC;" +
        "GRANT CONNECT ON DATABASE spotter TO spotter_migrator, spotter_reader, spotter_writer",
    );
  }

  // A standby that has every commit before the client hears of it.
  async #follow(address) {
    this.standby = await this.#instance("standby", address);
    const { folder } = this.standby;
    const from = `host=${this.primary.folder} port=${this.primary.port} user=${SUPERUSER} application_name=standby`;
    await run(join(programs, "pg_basebackup"), ["-d", from, "-D", folder, "-R", "-X", "stream", "-c", "fast", "-N"], {
      ...this.who,
      cwd: folder,
    });
    await this.standby.launch({ hot_standby: "on" });
    await this.primary.sql("ALTER SYSTEM SET synchronous_standby_names = 'standby'");
    await this.primary.sql("SELECT pg_reload_conf()");
    const synchronous = () => this.primary.sql("SELECT sync_state = 'sync' FROM pg_stat_replication");
    await until(START_MS, "a synchronous standby", async () => (await synchronous()) === "t");
  }

  /** What nodes connect to: whichever of the two takes writes. `address` and `port` may be those of a relay. */
  server({ address = this.primary.address, port = this.primary.port } = {}) {
    const hosts = [address, ...(this.standby ? [this.standby.address] : [])];
    const ports = [port, ...(this.standby ? [this.standby.port] : [])];
    const both = this.standby ? " target_session_attrs=read-write" : "";
    return `host=${hosts.join(",")} port=${ports.join(",")} dbname=spotter${both}`;
  }

  /** Runs SQL as superuser; answers the rows as psql's unaligned text. */
  sql(text) {
    return this.primary.sql(text);
  }

  /** The process ids of the primary: the postmaster first. */
  processes() {
    return this.primary.processes();
  }

  /** Stops it by this signal and starts it again at once. */
  async restart(signal) {
    const { settings } = this.primary;
    await this.primary.end(signal);
    await this.primary.launch(settings);
  }

  /** The primary is gone for good; the standby takes over. */
  async promote() {
    await this.primary.end("SIGKILL");
    const lost = this.primary;
    this.primary = this.standby;
    this.standby = lost; // stays in the nodes' list, and answers no more
    const taken_over = await this.primary.sql("SELECT pg_promote(true, 60)", "postgres");
    if (taken_over !== "t") throw new Error(`the standby was not promoted: ${taken_over}`);
  }

  async stop() {
    for (const one of [this.standby, this.primary]) await one?.end("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
    this.forget?.();
  }
}
