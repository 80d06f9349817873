// Which of the made users each measurement has for itself, by number; see load/people.cpp.

export const USERS = {
  rest: 0x1000,
  live: 0x2000,
  fastify: 0x3000,
  latency: 0x4000,
  fanout: 0x5000,
  pages: 0x100000,
  idle: 0x200000,
  // pgbench writes numbers in decimal: its users are those whose number looks decimal in hex.
  pgbench: 0x900000,
};

/**
 * Makes `count` users of that range whom nobody has used yet, and gives the number of the first. Each time that
 * somebody logs sets for a while, a workout stays live, and a user may have ten of them.
 */
export async function make_users(server, range, count) {
  const first = range + (server.made.get(range) ?? 0);
  server.made.set(range, first + count - range);
  await server.script("people.sql", { first, count });
  return first;
}

/** An exercise of the catalogue. */
export async function some_exercise(server) {
  return (await server.sql("SELECT exercise_id FROM spotter.exercise ORDER BY slug LIMIT 1;"))[0];
}
