// Not part of a whole run: the write path without the gateway, by how many athletes log at once.

import { table, whole } from "../load.mjs";
import { run } from "../processes.mjs";
import { build } from "../spotterd.mjs";

export async function write_path({ seconds, note }) {
  const rows = [];
  for (const athletes of [1, 8, 32, 64, 128, 256, 512]) {
    const one = JSON.parse(await run(`${build}/bench/write_path`, [String(athletes), String(seconds), `${build}/../bench/write-path-${process.pid}`]));
    note(`${athletes} athletes: ${whole(one.units_per_second)} sets/s`);
    rows.push([whole(athletes), whole(one.units_per_second), one.units_in_commit.toFixed(1), one.commit_ms.toFixed(2)]);
  }
  const head = ["athletes", "sets/s", "sets in a commit", "ms a commit"];
  return { text: `## Session → writer → commit\n\n${table(head, rows)}\n` };
}
