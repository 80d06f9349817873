// Deliveries in a second to many watchers of one workout, beside npm ws and uWebSockets.

import { load, medians, ratio, table, whole } from "../load.mjs";
import { start_peer } from "../processes.mjs";
import { Spotterd } from "../spotterd.mjs";
import { USERS, make_users, some_exercise } from "../users.mjs";

const WATCHERS = [1000, 10_000];
const BURSTS = [1, 10];

export async function fanout({ rounds, seconds, note }) {
  // All watchers are one account's here, which would come to the end of its reads.
  const server = await Spotterd.start({ env: { SPOTTER_LIMITS_READS_PER_MINUTE: "0" } });
  const peers = {};
  try {
    const exercise = await some_exercise(server);
    // Each workout is another user's: only ten of one may be live.
    let lifter = USERS.fanout;
    await make_users(server, lifter, rounds * WATCHERS.length * BURSTS.length);
    const { folder } = server;
    peers.uwebsockets = await start_peer("uwebsockets_server.mjs", { folder });
    peers.ws = await start_peer("ws_server.mjs", { folder });

    const found = new Map();
    let bytes = 0;
    for (let round = 0; round < rounds; ++round)
      for (const watchers of WATCHERS)
        for (const burst of BURSTS) {
          const options = { watchers, burst, window: 1, seconds };
          const ways = {
            spotter: () => load("fanout", { ...options, ...server.target, first: lifter++, exercise }),
            uwebsockets: () => load("fanout", { ...options, port: peers.uwebsockets.port, wire: "echo", bytes }),
            ws: () => load("fanout", { ...options, port: peers.ws.port, wire: "echo", bytes }),
          };
          for (const [name, measure] of Object.entries(ways)) {
            const one = await measure();
            if (name === "spotter") bytes = one.event_bytes;
            const key = `${watchers} ${burst} ${name}`;
            found.set(key, [...(found.get(key) ?? []), one]);
            note(`${watchers} watchers, bursts of ${burst}, ${name}: ${whole(one.per_second)}`);
          }
        }
    return { text: describe(found, bytes) };
  } finally {
    for (const peer of Object.values(peers)) await peer.stop();
    await server.stop();
  }
}

function describe(found, bytes) {
  const rows = [];
  for (const watchers of WATCHERS)
    for (const burst of BURSTS) {
      const rounds = (name) => found.get(`${watchers} ${burst} ${name}`);
      const speed = (name) => rounds(name).map((round) => round.per_second);
      const of = (name) => `${ratio(speed("spotter"), speed(name)).toFixed(2)}×`;
      rows.push([`${whole(watchers)} watchers, ${burst === 1 ? "single events" : `bursts of ${burst}`}`,
                 ...["spotter", "uwebsockets", "ws"].map((name) => whole(medians(rounds(name)).per_second)),
                 of("uwebsockets"), of("ws")]);
    }
  const head = ["deliveries/s", "Spotter", "uWebSockets", "npm ws", "of uWebSockets", "of ws"];
  return `## Fan-out of one workout, events of ${bytes} bytes\n\n${table(head, rows)}\n`;
}
