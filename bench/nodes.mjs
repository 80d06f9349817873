// A cluster of a benchmark's own: nodes on the loopback, and one database.

import { fileURLToPath } from "node:url";

import { free_port, run } from "./processes.mjs";
import { Spotterd, build, start_spotterd } from "./spotterd.mjs";

const CERTIFICATES = fileURLToPath(new URL("../deploy/cluster/certificates", import.meta.url));
const SERVE = ["serve", "--cluster"];

export class Nodes {
  /** Starts n1 to n`count`, each with its share of the shards. */
  static async start(count) {
    const nodes = new Nodes();
    nodes.first = await Spotterd.start({
      args: SERVE,
      through: async (reach, folder) => {
        Object.assign(nodes, { reach, folder });
        return nodes.#settings("n1");
      },
    });
    nodes.ports = [nodes.first.port];
    nodes.others = [];
    try {
      for (let i = 2; i <= count; ++i) {
        const { port, service } = await start_spotterd(
          SERVE, await nodes.#settings(`n${i}`), `${nodes.folder}/n${i}.log`);
        nodes.ports.push(port);
        nodes.others.push(service);
      }
      await nodes.#until(`count(DISTINCT owner) = ${count}`);
    } catch (error) {
      await nodes.stop();
      throw error;
    }
    return nodes;
  }

  /** What spotter_load needs to act for users through node `number`. */
  through(number) {
    return { ...this.first.target, port: this.ports[number - 1] };
  }

  /** Leaves a node without shards: it forwards everything. */
  async drain(number) {
    await run(`${build}/server/spotterd`, ["cluster", "drain", `n${number}`], { env: await this.#settings(`n${number}`) });
    await this.#until(`bool_and(owner NOT IN (SELECT incarnation FROM spotter.node WHERE node_id = 'n${number}'))`);
  }

  async stop() {
    for (const service of this.others) await service.stop();
    await this.first.stop();
  }

  /** Waits until all shards are where they shall be, and `how` holds of them. */
  async #until(how) {
    const deadline = Date.now() + 60_000;
    const so = `SELECT bool_and(owner = target) AND ${how} FROM spotter.shard;`;
    while ((await this.first.sql(so))[0] !== "t") {
      if (Date.now() > deadline) throw new Error(`the shards did not settle within a minute: ${how}`);
      await new Promise((wake) => setTimeout(wake, 100));
    }
  }

  async #settings(node) {
    const certificates = `${this.folder}/certificates`;
    await run(CERTIFICATES, [certificates, node]);
    return {
      SPOTTER_NODE: node,
      SPOTTER_DATABASE: this.reach,
      SPOTTER_DATA: `${this.folder}/data`,
      SPOTTER_IDENTITY_SIGNING_KEY: `${this.folder}/data/signing.key`,
      SPOTTER_IDENTITY_SEALING_KEY: `${this.folder}/data/sealing.key`,
      SPOTTER_CLUSTER_LISTEN: `127.0.0.1:${await free_port()}`,
      SPOTTER_CLUSTER_CERTIFICATE: `${certificates}/${node}.pem`,
      SPOTTER_CLUSTER_KEY: `${certificates}/${node}.key`,
      SPOTTER_CLUSTER_CA: `${certificates}/ca.pem`,
    };
  }
}
