// What it costs a commit to be fenced: shared advisory locks, row locks, and nothing at all.

import { writeFileSync } from "node:fs";

import { median, ratio, table } from "../load.mjs";
import { run } from "../processes.mjs";
import { Spotterd } from "../spotterd.mjs";

const WAYS = ["none", "advisory", "timeline", "rows"];
const BATCHES = [1, 64, 256];
const CONNECTIONS = [1, 4];
// With the disk, as it is lived; without, to see the database's own work.
const WAITS = { "durable": "on", "not waiting for the disk": "off" };

/** Milliseconds of a commit for each way, all taking turns within one run. */
async function measure(server, units, connections, wait, seconds) {
  const scripts = WAYS.map((way) => {
    const script = `${server.folder}/${way}.sql`;
    writeFileSync(script, `SELECT fence.${way}(${units});\n`);
    return ["-f", script];
  });
  const args = ["-n", "-M", "prepared", "-c", connections, "-j", "1", "-T", Math.ceil(seconds), ...scripts.flat()];
  const env = { ...server.database, PGOPTIONS: `-c synchronous_commit=${wait}` };
  const said = await run("pgbench", args.map(String), { env });
  const found = [...said.matchAll(/^ - latency average = ([0-9.]+) ms/gm)].map((match) => Number(match[1]));
  if (found.length !== WAYS.length) throw new Error(`pgbench said:\n${said}`);
  return found;
}

export async function fence({ rounds, seconds, note }) {
  const server = await Spotterd.start();
  try {
    await server.script("fence.sql");
    const found = new Map();
    for (let round = 0; round < rounds; ++round) {
      for (const [label, wait] of Object.entries(WAITS))
        for (const connections of CONNECTIONS)
          for (const units of BATCHES) {
            const times = await measure(server, units, connections, wait, seconds);
            WAYS.forEach((way, i) => {
              const key = [label, connections, units, way].join();
              found.set(key, [...(found.get(key) ?? []), times[i]]);
            });
          }
      await server.sql("TRUNCATE fence.event; VACUUM fence.shard");
      note(`round ${round + 1} of ${rounds}`);
    }
    return { text: describe(found) };
  } finally {
    await server.stop();
  }
}

function describe(found) {
  const rows = [];
  for (const label of Object.keys(WAITS))
    for (const connections of CONNECTIONS)
      for (const units of BATCHES) {
        const times = (way) => found.get([label, connections, units, way].join());
        const of = (way) => `${ratio(times(way), times("none")).toFixed(2)}×`;
        rows.push([`${label}, ${connections} connection${connections > 1 ? "s" : ""}, ${units} unit${units > 1 ? "s" : ""}`,
                   median(times("none")).toFixed(2), of("advisory"), of("timeline"), of("rows")]);
      }
  const head = ["time of a commit", "no fence, ms", "advisory locks", "and the timeline", "row locks"];
  return `## The fence of a commit\n\n${table(head, rows)}\n`;
}
