// Runs the parts that are asked for, prints what they find, and keeps it in results/latest.md.

import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";

import { fanout } from "./parts/fanout.mjs";
import { fence } from "./parts/fence.mjs";
import { latency } from "./parts/latency.mjs";
import { links } from "./parts/links.mjs";
import { memory } from "./parts/memory.mjs";
import { nodes } from "./parts/nodes.mjs";
import { pages } from "./parts/pages.mjs";
import { pooler } from "./parts/pooler.mjs";
import { sets } from "./parts/sets.mjs";
import { storm } from "./parts/storm.mjs";
import { write_path } from "./parts/write_path.mjs";

// In this order: latency takes the load that sets found.
const PARTS = { sets, latency, fanout, memory, pages, write_path, nodes, storm, links, fence, pooler };
const ALL = ["sets", "latency", "fanout", "memory", "pages"];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    seconds: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
const unknown = positionals.filter((name) => !(name in PARTS));
if (values.help || unknown.length > 0) {
  console.error(`Usage: bench/run [${Object.keys(PARTS).join("|")}…] [--quick] [--rounds N] [--seconds S]`);
  process.exit(values.help ? 0 : 2);
}

const wanted = positionals.length > 0 ? positionals : ALL;
const options = {
  quick: values.quick,
  rounds: Number(values.rounds ?? (values.quick ? 1 : 5)),
  seconds: Number(values.seconds ?? (values.quick ? 2 : 4)),
  note: (text) => console.error(`bench: ${text}`),
};

const machine = `${cpus().length} cores (${cpus()[0].model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB; `
  + `medians of ${options.rounds} round${options.rounds > 1 ? "s" : ""} of ${options.seconds} s; client, `
  + "server and database share the machine; fsync on.";
const texts = [`# Benchmark results\n\n${machine}\n`];
for (const [name, part] of Object.entries(PARTS)) {
  if (!wanted.includes(name)) continue;
  options.note(`${name} …`);
  const { text, rate } = await part(options);
  if (rate) options.rate = rate;
  texts.push(text);
  console.log(text);
}
const results = new URL("results/", import.meta.url);
mkdirSync(results, { recursive: true });
writeFileSync(new URL("latest.md", results), texts.join("\n"));
process.exit(0);
