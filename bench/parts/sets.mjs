// Durable sets in a second, beside pgbench and Fastify.

import { load, median, medians, ratio, table, whole } from "../load.mjs";
import { pgbench, prepare_pgbench } from "../pgbench.mjs";
import { start_peer } from "../processes.mjs";
import { Spotterd } from "../spotterd.mjs";
import { USERS, make_users, some_exercise } from "../users.mjs";

const CONNECTIONS = 64;

export async function sets({ rounds, seconds, note }) {
  const server = await Spotterd.start();
  const peers = [];
  try {
    const exercise = await some_exercise(server);
    await prepare_pgbench(server, exercise);
    for (const [processes, pool] of [[1, 32], [2, 16]])
      peers.push(await start_peer("fastify_server.mjs", {
        folder: server.folder,
        env: { ...server.database, PEER_KEY: server.target.key, PEER_PROCESSES: String(processes), PEER_POOL: String(pool) },
      }));

    const options = { connections: CONNECTIONS, exercise, seconds };
    const log = async (port, users, how = {}) =>
      load("sets", { ...server.target, port, first: await make_users(server, users, CONNECTIONS), ...options, ...how });
    const ways = {
      rest: () => log(server.port, USERS.rest),
      live: () => log(server.port, USERS.live, { over: "live" }),
      live4: () => log(server.port, USERS.live, { over: "live", in_flight: 4 }),
      live8: () => log(server.port, USERS.live, { over: "live", in_flight: 8 }),
      pgbench: async () => ({ per_second: await pgbench(server, seconds) }),
      fastify1: () => log(peers[0].port, USERS.fastify),
      fastify2: () => log(peers[1].port, USERS.fastify),
    };
    const found = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
    for (let round = 0; round < rounds; ++round)
      for (const [name, measure] of Object.entries(ways)) {
        found[name].push(await measure());
        note(`${name}: ${whole(found[name].at(-1).per_second)}`);
      }
    return { rate: median(found.rest.map((r) => r.per_second)), text: describe(found) };
  } finally {
    for (const peer of peers) await peer.stop();
    await server.stop();
  }
}

function describe(found) {
  const speed = (name) => found[name].map((round) => round.per_second);
  const fastify = median(speed("fastify1")) > median(speed("fastify2")) ? "fastify1" : "fastify2";
  const names = {
    rest: "Spotter, REST",
    live: "Spotter, WebSocket",
    live4: "Spotter, WebSocket, 4 in flight",
    live8: "Spotter, WebSocket, 8 in flight",
    pgbench: "pgbench, 64 clients",
    fastify1: "Fastify + pg, one process",
    fastify2: "Fastify + pg, two processes",
  };
  const rows = Object.entries(names).map(([name, title]) => {
    const all = medians(found[name]);
    const time = (value) => (value === undefined ? "" : value.toFixed(1));
    return [title, whole(all.per_second), `${ratio(speed(name), speed("pgbench")).toFixed(2)}×`,
            `${ratio(speed(name), speed(fastify)).toFixed(1)}×`, time(all.answer_p50), time(all.answer_p99)];
  });
  const head = ["64 connections", "sets/s", "of pgbench", "of Fastify", "p50 ms", "p99 ms"];
  return `## Durable sets in a second\n\n${table(head, rows)}\n`;
}
