// What a hop to another node costs, and what the same load does on one, two and three nodes.

import { load, median, medians, ratio, table, whole } from "../load.mjs";
import { Nodes } from "../nodes.mjs";
import { USERS, make_users, some_exercise } from "../users.mjs";

const CONNECTIONS = 60; // shared out evenly by one, two and three

export async function nodes(options) {
  return { text: `${await hop(options)}\n${await spread(options)}` };
}

/** All shards are with the second node: through it they are at hand, through the first they are one hop away. */
async function hop({ rounds, seconds, note }) {
  const cluster = await Nodes.start(2);
  try {
    await cluster.drain(1);
    const exercise = await some_exercise(cluster.first);
    const found = { near: [], far: [] };
    let rate;
    for (let round = 0; round < rounds; ++round)
      for (const [name, number] of [["near", 2], ["far", 1]]) {
        const measure = async (what, how = {}) => load(what, {
          ...cluster.through(number), first: await make_users(cluster.first, USERS.rest, CONNECTIONS),
          connections: CONNECTIONS, exercise, seconds, ...how,
        });
        const rest = await measure("sets");
        const live = await measure("sets", { over: "live" });
        // A sixth of full load, so that waiting in a queue is not what is measured.
        rate ??= Math.round(rest.per_second / 6);
        const late = await measure("latency", { rate });
        found[name].push({ rest: rest.per_second, live: live.per_second, ...late });
        note(`${name}: REST ${whole(rest.per_second)}, WebSocket ${whole(live.per_second)}, watcher p50 ${late.watcher_p50} ms`);
      }
    const near = medians(found.near);
    const far = medians(found.far);
    const share = (figure) =>
      `${ratio(found.far.map((r) => r[figure]), found.near.map((r) => r[figure])).toFixed(2)}×`;
    const ms = (figure) => [near[figure].toFixed(2), far[figure].toFixed(2), share(figure)];
    return `## One hop to another node\n\n${table(["", "owner's gateway", "another gateway", "ratio"], [
      ["durable sets/s, REST", whole(near.rest), whole(far.rest), share("rest")],
      ["durable sets/s, WebSocket", whole(near.live), whole(far.live), share("live")],
      [`set sent → answer, p50 ms, at ${whole(rate)} sets/s`, ...ms("answer_p50")],
      ["p99 ms", ...ms("answer_p99")],
      ["set sent → event at the watcher, p50 ms", ...ms("watcher_p50")],
      ["p99 ms", ...ms("watcher_p99")],
    ])}\n`;
  } finally {
    await cluster.stop();
  }
}

/** The same load on each number of nodes. Users are everywhere, so of n nodes' requests (n - 1) / n go a hop. */
async function spread({ rounds, seconds, note }) {
  const rows = [];
  for (const count of [1, 2, 3]) {
    const cluster = await Nodes.start(count);
    try {
      const exercise = await some_exercise(cluster.first);
      const each = CONNECTIONS / count;
      const found = { rest: [], live: [] };
      for (let round = 0; round < rounds; ++round)
        for (const over of ["rest", "live"]) {
          const first = await make_users(cluster.first, USERS.rest, CONNECTIONS);
          const shares = cluster.ports.map((_, i) => load("sets", {
            ...cluster.through(i + 1), first: first + i * each, connections: each, exercise, seconds, over,
          }));
          found[over].push((await Promise.all(shares)).reduce((sum, { per_second }) => sum + per_second, 0));
          note(`${count} nodes, ${over}: ${whole(found[over].at(-1))}`);
        }
      rows.push({ count, rest: median(found.rest), live: median(found.live) });
    } finally {
      await cluster.stop();
    }
  }
  const share = (row, over) => `${(row[over] / rows[0][over]).toFixed(2)}×`;
  return `## The same load on more nodes of this machine\n\n${table(
    ["nodes", "sets/s, REST", "of one node", "sets/s, WebSocket", "of one node"],
    rows.map((row) => [row.count, whole(row.rest), share(row, "rest"), whole(row.live), share(row, "live")]),
  )}\n`;
}
