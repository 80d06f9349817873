// PostgreSQL's own benchmark, inserting the row that a set is.

import { run } from "./processes.mjs";
import { USERS } from "./users.mjs";

const SCRIPT = new URL("sql/pgbench_insert.sql", import.meta.url).pathname;
let runs = 0;

export async function prepare_pgbench(server, exercise) {
  await server.script("people.sql", { first: USERS.pgbench, count: 0x64 });
  await server.script("pgbench_rows.sql", { first: USERS.pgbench, count: 0x64, exercise });
}

/** Rows inserted in a second by 64 clients, each row a transaction. */
export async function pgbench(server, seconds) {
  const from = 100_000_000_000 + ++runs * 1_000_000_000;
  const args = ["-n", "-M", "prepared", "-c", "64", "-j", "2", "-T", String(Math.ceil(seconds)), "-D", `n=${from}`];
  const said = await run("pgbench", [...args, "-f", SCRIPT], { env: server.database });
  const found = said.match(/tps = ([0-9.]+) \(without/);
  if (!found) throw new Error(`pgbench said:\n${said}`);
  return Number(found[1]);
}
