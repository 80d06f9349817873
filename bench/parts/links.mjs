// Not part of a whole run: links between two nodes, beside CAF's own middleman over TLS.

import { median, table, whole } from "../load.mjs";
import { run } from "../processes.mjs";
import { build } from "../spotterd.mjs";

const WAYS = ["links", "middleman"];

export async function links({ rounds, note }) {
  const measure = async (what, way) => {
    const found = JSON.parse(await run(`${build}/bench/middleman`, [what, way]));
    note(`${what} ${way}: ${JSON.stringify(found)}`);
    return found;
  };
  const of_rounds = async (what) => {
    const all = { links: [], middleman: [] };
    for (let round = 0; round < rounds; ++round) for (const way of WAYS) all[way].push(await measure(what, way));
    return (member, way) => median(all[way].map((one) => one[member]));
  };
  const trip = await of_rounds("round_trip");
  const many = await of_rounds("throughput");
  const stopped = {};
  const hole = {};
  for (const way of WAYS) {
    stopped[way] = await measure("stopped", way);
    hole[way] = await measure("hole", way);
  }
  const row = (title, value) => [title, ...WAYS.map(value)];
  const never = (ms) => (ms < 0 ? "not within 30 s" : `${whole(ms)} ms`);
  const rows = [
    row("round trip of a request, µs, p50", (way) => whole(trip("median_us", way))),
    row("p99", (way) => whole(trip("p99_us", way))),
    row("requests in a second, 256 at once", (way) => whole(many("requests_per_second", way))),
    row("sent towards a stopped peer (of 512 MiB)", (way) => `${whole(stopped[way].taken_mib)} MiB`),
    row("memory that it took", (way) => `${whole(stopped[way].grown_mib)} MiB`),
    row("the stopped peer was noticed after", (way) => never(stopped[way].noticed_ms)),
    row("connecting, while another connect gets no answer", (way) => never(hole[way].connected_ms)),
  ];
  return { text: `## Links between two nodes\n\n${table(["over TLS", "links", "CAF's middleman"], rows)}\n` };
}
