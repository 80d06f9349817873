// Reads of a page of fifty workouts, the first time and again, beside Fastify + pg.

import { load, medians, ratio, table, whole } from "../load.mjs";
import { start_peer } from "../processes.mjs";
import { Spotterd } from "../spotterd.mjs";
import { USERS, make_users, some_exercise } from "../users.mjs";

const CONNECTIONS = 64;

export async function pages({ rounds, seconds, note, quick }) {
  const readers = quick ? 300 : 1500; // never-read pages of a round
  const server = await Spotterd.start();
  const peers = {};
  try {
    const exercise = await some_exercise(server);
    const made = { first: USERS.pages, count: readers * rounds };
    await make_users(server, made.first, made.count);
    note(`making ${whole(made.count * 50)} workouts`);
    await server.script("workout_pages.sql", { ...made, exercise });
    for (const [name, processes, pool] of [["fastify1", 1, 16], ["fastify2", 2, 8]])
      peers[name] = await start_peer("fastify_server.mjs", {
        folder: server.folder,
        env: { ...server.database, PEER_KEY: server.target.key, PEER_PROCESSES: String(processes), PEER_POOL: String(pool) },
      });
    await check_same(server, peers.fastify1);

    const ports = { spotter: server.port, fastify1: peers.fastify1.port, fastify2: peers.fastify2.port };
    const found = { first: {}, again: {} };
    for (let round = 0; round < rounds; ++round) {
      const first = USERS.pages + round * readers;
      // Who comes first also warms PostgreSQL's cache: take turns.
      const order = Object.keys(ports);
      for (let i = 0; i < round % 3; ++i) order.push(order.shift());
      for (const kind of ["first", "again"])
        for (const name of order) {
          const whose = kind === "first" ? { first, count: readers } : { first, count: CONNECTIONS, seconds };
          const one = await load("pages", { ...server.target, port: ports[name], connections: CONNECTIONS, ...whose });
          (found[kind][name] ??= []).push(one);
          note(`${kind}, ${name}: ${whole(one.per_second)} (${one.page_bytes} bytes)`);
        }
    }
    return { text: describe(found) };
  } finally {
    for (const peer of Object.values(peers)) await peer.stop();
    await server.stop();
  }
}

/** Both must say the same: a page that leaves something out is quick to make. */
async function check_same(server, peer) {
  // The pages belong to users whose tokens only the load generator makes: it prints sizes.
  const options = { key: server.target.key, first: USERS.pages, count: 1, connections: 1 };
  const mine = await load("pages", { ...options, port: server.port });
  const theirs = await load("pages", { ...options, port: peer.port });
  const difference = Math.abs(mine.page_bytes - theirs.page_bytes) / mine.page_bytes;
  if (difference > 0.1) throw new Error(`pages differ: ${mine.page_bytes} and ${theirs.page_bytes} bytes`);
}

function describe({ first, again }) {
  const row = (title, rounds) => {
    const speed = (name) => rounds[name].map((round) => round.per_second);
    const middle = (name) => medians(rounds[name]);
    const better = middle("fastify1").per_second > middle("fastify2").per_second ? "fastify1" : "fastify2";
    return [title, whole(middle("spotter").per_second), whole(middle("fastify1").per_second),
            whole(middle("fastify2").per_second), `${ratio(speed("spotter"), speed(better)).toFixed(1)}×`,
            middle("spotter").answer_p50.toFixed(1), middle(better).answer_p50.toFixed(1)];
  };
  const head = ["pages/s", "Spotter", "Fastify", "Fastify, 2 processes", "ratio", "Spotter p50 ms", "Fastify p50 ms"];
  return `## A page of 50 workouts\n\n${table(head, [row("first read", first), row("read again", again)])}\n`;
}
