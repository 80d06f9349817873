// How far a cluster goes: what 10, 100 and 1,000 nodes ask of PostgreSQL and of each other. The coordinator's
// statements are measured on a PostgreSQL of this machine with that many nodes in its tables; the rest is
// arithmetic on what one node was measured to do. Prints Markdown.

import { execFile, execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { Database, programs } from "../../tests/chaos/database.mjs";
import { expected_nodes, imbalance, moves_to_join } from "./placement.mjs";

const SIZES = [3, 10, 100, 1000];
const SECONDS = 3;
const CLIENTS = 8;

/** The defaults of the configuration, and what `./spotter bench` shows of one node of two cores. */
const BEAT_S = 0.4;
const PING_S = 0.3;
const SHARDS = 256;
const CONNECTIONS = { pooled: 6, direct: 2 }; // of a node, past PgBouncer and through it
const SETS_A_SECOND = 20_000; // node, database and clients on two cores
const SET_EVERY_S = 120; // of somebody who trains
const WATCHERS = 3; // phone, watch, a coach

const run = promisify(execFile);
const number = (n) => Math.round(n).toLocaleString("en-US");
const table = (head, rows) => {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  console.log([line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line), ""].join("\n"));
};

const build = process.env.SPOTTER_BUILD;
const database = await Database.start();
try {
  execFileSync(join(build, "server/spotterd"), ["migrate", "up"], {
    env: { ...process.env, SPOTTER_DATABASE: database.server() },
  });
  const measured = new Map();
  for (const size of SIZES) measured.set(size, await measure(size));
  report(measured);
} finally {
  await database.stop();
}

/** What the coordinator can do in a second with so many nodes in its tables. */
async function measure(size) {
  await database.sql(`
    TRUNCATE spotter.node;
    INSERT INTO spotter.node (incarnation, node_id, address, http_address, state, weight, protocol_min,
      protocol_max, release, lease_until, joined_at)
    SELECT gen_random_uuid(), 'node-' || i, format('10.0.%s.%s:7400', i / 256, i % 256),
           format('10.0.%s.%s:8080', i / 256, i % 256), 2, 1, 1, 1, '0.1.0',
           clock_timestamp() + interval '1 hour', clock_timestamp()
      FROM generate_series(0, ${size - 1}) AS i;
    UPDATE spotter.cluster
       SET timeline = spotter.timeline(), unfinished = false,
           leader = (SELECT incarnation FROM spotter.node LIMIT 1);
    UPDATE spotter.shard AS s SET owner = n.incarnation, target = n.incarnation
      FROM spotter.node AS n
     WHERE n.node_id = 'node-' || s.shard_id % ${size};`);
  // Analysed on purpose: a plan for an empty table is not what a cluster that has run for an hour has.
  await database.sql("ANALYZE spotter.node");
  const renew = await per_second(
    `\\set i random(1, ${size})
     SELECT * FROM spotter.renew_lease((SELECT incarnation FROM spotter.node WHERE node_id = 'node-' || (:i - 1)), 600000);`,
  );
  const view = await per_second("SELECT * FROM spotter.view_cluster(0);");
  const bytes = Number(await database.sql("SELECT octet_length(v::text) FROM spotter.view_cluster(0) AS v"));
  return { renew, view, bytes };
}

async function per_second(script) {
  const file = join(database.folder, "script.sql");
  writeFileSync(file, script);
  const { folder, port } = database.primary;
  const words = ["-h", folder, "-p", String(port), "-U", "spotter_superuser", "-n", "-M", "prepared"];
  const load = ["-c", String(CLIENTS), "-j", "1", "-T", String(SECONDS), "-f", file, "spotter"];
  const { stdout } = await run(join(programs, "pgbench"), [...words, ...load]);
  return Number(/tps = ([\d.]+)/.exec(stdout)[1]);
}

function report(measured) {
  console.log(`${cpus().length} cores (${cpus()[0].model}); PostgreSQL and its ${CLIENTS} clients share them.\n`);
  console.log("## What PostgreSQL is asked to coordinate\n");
  table(
    ["nodes", "renewals/s", "of what it can", "a view", "read by all after a change", "in bytes", "connections, direct + pooled"],
    SIZES.map((n) => {
      const { renew, view, bytes } = measured.get(n);
      const asked = n / BEAT_S;
      return [
        number(n),
        number(asked),
        `${((100 * asked) / renew).toFixed(1)} % of ${number(renew)}`,
        `${number(bytes / 1024)} KiB`,
        `${number((1000 * n) / view)} ms`,
        `${((bytes * n) / 2 ** 20).toFixed(1)} MiB`,
        `${number(n * CONNECTIONS.direct)} + ${number(n * CONNECTIONS.pooled)}`,
      ];
    }),
  );
  console.log("## What nodes ask of each other\n");
  table(
    ["nodes", "links", "of one node", "pings/s of one node", "requests that hop", "nodes told of an event", "shards of a node", "fullest to mean", "shards that a joining node moves"],
    SIZES.map((n) => [
      number(n),
      number((n * (n - 1)) / 2),
      number(n - 1),
      number((2 * (n - 1)) / PING_S),
      `${((100 * (n - 1)) / n).toFixed(1)} %`,
      (expected_nodes(n, WATCHERS) * ((n - 1) / n)).toFixed(2),
      (SHARDS / n).toFixed(1),
      `${imbalance(SHARDS, n).toFixed(2)}×`,
      number(moves_to_join(SHARDS, n)),
    ]),
  );
  console.log("## What people ask of PostgreSQL\n");
  table(
    ["people who train", "sets/s", "PostgreSQL servers of this machine's size"],
    [100_000, 1_000_000, 2_400_000, 10_000_000].map((people) => [
      number(people),
      number(people / SET_EVERY_S),
      String(Math.max(1, Math.ceil(people / SET_EVERY_S / SETS_A_SECOND))),
    ]),
  );
}
