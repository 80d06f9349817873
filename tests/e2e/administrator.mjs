// An administrator: somebody with the role, who signs in with a second factor.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { code_of, turn_on } from "./authenticator.mjs";
import { Client, PASSWORD } from "./client.mjs";

const run = promisify(execFile);

/** Gives a role, as the operator of a server with the embedded database does. */
export const give_role = (server, email, role) =>
  run(server.binary, ["role", email, role], { env: { ...process.env, SPOTTER_DATA: server.data } });

/** Signs a client with a second factor in anew: by its code of this moment, or by a recovery code. */
export async function sign_in_with_code(client, code) {
  const half = await client.expect(200, client.post("/v1/auth/login", { email: client.email, password: PASSWORD }));
  client.adopt(await client.expect(200, client.post("/v1/auth/login/mfa", { mfa_token: half.mfa_token, code })));
  return client;
}

/**
 * A fresh administrator, or `client` made into one; its `recovery_codes` sign it in again. `give` gives the role,
 * where there is no embedded database.
 */
export async function administrator(server, { client, give = (email) => give_role(server, email, "admin") } = {}) {
  const made = client ?? (await Client.register(server));
  const { secret, recovery_codes } = await turn_on(made);
  await give(made.email);
  Object.assign(made, { recovery_codes });
  return sign_in_with_code(made, code_of(secret));
}
