// Looks into the embedded database of a test's server, past row-level security.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The first column of each row, as text. */
export async function psql(server, sql) {
  const { stdout } = await run(server.binary, ["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql], {
    env: { ...process.env, SPOTTER_DATA: server.data },
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout.split("\n").slice(0, -1);
}

/** Has the client's address count as proved, without a letter. */
export function verify_address(server, client) {
  return psql(server, `UPDATE spotter.app_user SET email_verified_at = now() WHERE user_id = '${client.user.id}'`);
}
