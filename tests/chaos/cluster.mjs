// Several spotterd over one database, and clients' way to them. On one loopback; or each node in a network
// namespace of its own; or with a relay in front of each link and each way to the database.

import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { free_port, Server } from "../e2e/server.mjs";
import { until } from "../e2e/waiting.mjs";
import { Database } from "./database.mjs";
import { Network } from "./network.mjs";
import { Relay } from "./relay.mjs";

const certificates = fileURLToPath(new URL("../../deploy/cluster/certificates", import.meta.url));
const SETTLE_MS = 30_000;

/** As in the default configuration. */
export const LEASE_MS = 2000;

export class Cluster {
  nodes = new Map(); // name → Server, for those that clients turn to
  patience_ms = 2_500; // of a client, before it asks another node
  #names = 0;
  #said = [];
  #folders = [];
  #remove = () => {
    for (const one of [this.folder, ...this.#folders]) rmSync(one, { recursive: true, force: true });
  };

  /** `count` nodes, ready and with all shards placed. `way`: "loopback", "namespaces" or "relays". */
  static async start({ count = 3, binary, way = "loopback", standby = false, env = {}, words }) {
    const cluster = new Cluster();
    Object.assign(cluster, { binary, way, env, words: words ?? ["serve", "--cluster"] });
    cluster.folder = await mkdtemp(join(tmpdir(), "spotter-cluster-"));
    process.once("exit", cluster.#remove);
    try {
      if (way === "namespaces") cluster.network = Network.make();
      const { database: address, standby: standby_address } = cluster.network ?? {};
      cluster.database = await Database.start({ address, standby_address, standby });
      await cluster.add(); // it makes the schema and the signing key
      await Promise.all(Array.from({ length: count - 1 }, () => cluster.add()));
      await cluster.settled();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** Starts another node; it is ready when this resolves. */
  async add() {
    const server = await this.prepare();
    try {
      await server.launch();
    } catch (error) {
      if (server.pid !== undefined) await server.kill9();
      this.#said.push(server);
      throw error;
    }
    this.nodes.set(server.name, server);
    return server;
  }

  /** A node that does not run yet and that no client knows. */
  async prepare() {
    const name = `n${++this.#names}`;
    const { address = "127.0.0.1", before } = this.network?.host(name) ?? {};
    execFileSync(certificates, [join(this.folder, "certificates"), name]);
    const server = await Server.made({ binary: this.binary, name, host: address, words: this.words, before });
    this.#folders.push(server.folder);
    mkdirSync(server.data);
    const link = await free_port();
    const relays = this.way === "relays" && {
      link: await Relay.to(link),
      database: await Relay.to(this.database.primary.port),
    };
    const database = this.database.server(relays ? { port: relays.database.port } : {});
    const file = (kind) => join(this.folder, "certificates", kind);
    server.relays = relays;
    server.env = {
      SPOTTER_NODE: name,
      SPOTTER_CORE_DUMPS: "true", // its sockets are looked at, by whoever runs this
      SPOTTER_DATABASE: database,
      SPOTTER_DATABASE_DIRECT: database,
      SPOTTER_CLUSTER_LISTEN: `${address}:${link}`,
      SPOTTER_CLUSTER_ADVERTISE: `${address}:${relays ? relays.link.port : link}`,
      SPOTTER_CLUSTER_CERTIFICATE: file(`${name}.pem`),
      SPOTTER_CLUSTER_KEY: file(`${name}.key`),
      SPOTTER_CLUSTER_CA: file("ca.pem"),
      SPOTTER_IDENTITY_SIGNING_KEY: join(this.folder, "signing.key"),
      SPOTTER_IDENTITY_SEALING_KEY: join(this.folder, "sealing.key"),
      SPOTTER_IDENTITY_ACCESS_LIFETIME: "3600", // so long may a run be
      SPOTTER_IDENTITY_PASSWORD_MEMORY_MIB: "8",
      ...this.env,
    };
    return server;
  }

  /** For clients: the place of the next connection. */
  choose(random, unlike) {
    const all = [...this.nodes.values()];
    const others = all.filter((one) => one !== unlike);
    return random.pick(others.length > 0 ? others : all);
  }

  /** Those that run, whether or not they answer. */
  get running() {
    return [...this.nodes.values()].filter(({ pid }) => pid !== undefined);
  }

  /** Every shard belongs to a node that runs and has it for a target. */
  settled(ms = SETTLE_MS) {
    return until(ms, "every shard with its owner", async () => (await this.unsettled()) === 0, 50);
  }

  /** How many shards are on their way, or belong to nobody. */
  async unsettled() {
    if (!this.words.includes("--cluster")) return 0;
    const { owners, shards } = await this.#view();
    const names = this.running.map(({ name }) => name);
    return shards.filter(([owner, target]) => owner !== target || !names.includes(owners.get(owner))).length;
  }

  /** The name of the node that owns a user's shard, or undefined. */
  async owner_of(user_id) {
    if (!this.words.includes("--cluster")) return undefined;
    const { owners, shards } = await this.#view();
    return owners.get(shards[Number.parseInt(user_id.slice(-2), 16)][0]);
  }

  async #view() {
    const text = await this.database.sql(`
      SELECT 'node', incarnation::text, node_id FROM spotter.node WHERE state = 2 UNION ALL
      SELECT 'shard' || to_char(shard_id, '000'), coalesce(owner::text, ''), coalesce(target::text, '')
        FROM spotter.shard ORDER BY 1`);
    const rows = text.split("\n").map((line) => line.split("|"));
    return {
      owners: new Map(rows.filter(([kind]) => kind === "node").map(([, incarnation, name]) => [incarnation, name])),
      shards: rows.filter(([kind]) => kind !== "node").map(([, owner, target]) => [owner, target]),
    };
  }

  /** The name of the node that is to own it. */
  async target_of(user_id) {
    const { owners, shards } = await this.#view();
    return owners.get(shards[Number.parseInt(user_id.slice(-2), 16)][1]);
  }

  /** The database's processes that serve this node's writers, `{pid, port}`: the port is the node's. */
  async writers_of(server) {
    const ports = ports_of(server.pid);
    const found = await this.database.sql(`
      SELECT pid, client_port FROM pg_stat_activity WHERE application_name LIKE 'spotter writer%'`);
    const rows = found.split("\n").filter(Boolean).map((line) => line.split("|").map(Number));
    return rows.filter(([, port]) => ports.has(port)).map(([pid, port]) => ({ pid, port }));
  }

  /** SIGTERM: answers `{code, signal, ms}` of its end. Clients know it until `forget`. */
  async leave(server) {
    return server.stop_gracefully();
  }

  /** Clients know it no more; what it said last is kept. */
  forget(server) {
    this.nodes.delete(server.name);
    this.#said.push(server);
    this.#end(server);
  }

  #end(server) {
    for (const relay of Object.values(server.relays || {})) relay.close();
    rmSync(server.folder, { recursive: true, force: true });
  }

  /** The last lines of every node, for a failure's report. */
  get said() {
    const all = [...this.#said, ...this.nodes.values()];
    return all.slice(-8).map(({ name, said }) => `--- ${name}\n${said.split("\n").slice(-25).join("\n")}`).join("\n");
  }

  async stop() {
    try {
      for (const server of this.nodes.values()) if (server.pid !== undefined) await server.kill9();
      for (const server of this.nodes.values()) server.expect_no_secrets();
    } finally {
      for (const server of this.nodes.values()) this.#end(server);
      await this.database?.stop();
      this.network?.remove();
      process.off("exit", this.#remove);
      this.#remove();
    }
  }
}

/** The local TCP ports of a process's connections. */
function ports_of(pid) {
  const sockets = new Set();
  for (const number of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${number}`))?.[1];
      if (inode) sockets.add(inode);
    } catch {
      // closed meanwhile
    }
  }
  const lines = readFileSync(`/proc/${pid}/net/tcp`, "utf8").trim().split("\n").slice(1);
  const fields = lines.map((line) => line.trim().split(/\s+/));
  const mine = fields.filter((columns) => sockets.has(columns[9]));
  return new Set(mine.map(([, local]) => Number.parseInt(local.split(":")[1], 16)));
}
