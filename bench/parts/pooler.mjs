// Not part of a whole run: what it costs to go through PgBouncer in transaction mode.

import { Pgbouncer, program } from "../../tests/e2e/pgbouncer.mjs";
import { load, median, ratio, table, whole } from "../load.mjs";
import { Spotterd } from "../spotterd.mjs";
import { USERS, make_users, some_exercise } from "../users.mjs";

const CONNECTIONS = [1, 64];

export async function pooler({ rounds, seconds, note }) {
  if (!program) return { text: "## Through PgBouncer\n\nskipped: PgBouncer is not installed\n" };
  const direct = await Spotterd.start();
  let bouncer;
  const pooled = await Spotterd.start({
    through: async (database) => {
      bouncer = await Pgbouncer.start(database);
      return bouncer.env;
    },
  });
  try {
    const servers = { direct, pooled };
    const exercises = {};
    for (const [name, server] of Object.entries(servers)) {
      exercises[name] = await some_exercise(server);
      await make_users(server, USERS.rest, Math.max(...CONNECTIONS));
    }
    const found = new Map();
    for (let round = 0; round < rounds; ++round)
      for (const connections of CONNECTIONS)
        for (const [name, server] of Object.entries(servers)) {
          const how = { ...server.target, first: USERS.rest, connections, exercise: exercises[name], seconds };
          const one = await load("sets", how);
          const key = `${connections} ${name}`;
          found.set(key, [...(found.get(key) ?? []), one.per_second]);
          note(`${key}: ${whole(one.per_second)}`);
        }
    const rows = CONNECTIONS.map((connections) => {
      const [straight, through] = ["direct", "pooled"].map((name) => found.get(`${connections} ${name}`));
      return [`${connections} at a time`, whole(median(straight)), whole(median(through)), `${ratio(through, straight).toFixed(2)}×`];
    });
    return { text: `## Through PgBouncer\n\n${table(["sets/s", "direct", "pooled", "ratio"], rows)}\n` };
  } finally {
    await pooled.stop();
    await bouncer?.stop();
    await direct.stop();
  }
}
