// Requests for each route of the OpenAPI document that takes parameters, valid ones, so that they get as far as
// the database.

import { filled, operations_of, sample } from "../security/contract.mjs";
import { field_of, ids_of, person, WORDS } from "../security/person.mjs";

// These end the account or the login that asks, hash passwords for nothing, or never answer.
const left_out = new Set(["DELETE /v1/me", "POST /v1/auth/logout", "DELETE /v1/me/sessions", "GET /v1/me/export", "POST /v1/me/password"]);

/** Stands for an access token of that client, which lives for less time than the scan takes. */
export const TOKEN = "ACCESS-TOKEN";

/** `{client, all: [{name, text}]}`: whole requests as text, with a star behind what stands in the path and in headers. */
export async function requests(server) {
  const client = await person(server);
  const out = [];
  for (const { name, method, path, parameters, body, streams } of await operations_of(server)) {
    if (left_out.has(name) || streams || !path.startsWith("/v1/")) continue;
    const how = { words: { ...WORDS, ...client.words }, id_of: (member) => field_of(client, member, path), wanted: () => true };
    const query = parameters
      .filter((one) => one.in === "query" && one.name !== "cursor")
      .map((one) => `${one.name}=${encodeURIComponent(one.name === "q" ? "bench" : sample(one.schema, how, one.name))}`);
    const json = body?.type.includes("json") ? JSON.stringify(sample(body.schema, how)) : undefined;
    const add = (target, more = []) => {
      const lines = [`${method} ${target} HTTP/1.1`, `Host: 127.0.0.1:${server.port}`, `Authorization: Bearer ${TOKEN}`, ...more];
      if (json) lines.push(`Content-Type: ${body.type}`);
      out.push({ name, text: `${lines.join("\r\n")}\r\n\r\n${json ?? ""}` });
    };
    const give = (_, collection) => ids_of(client, collection)[0];
    if (query.length > 0 || json) add(`${filled(path, give)}${query.length > 0 ? `?${query.join("&")}` : ""}`);
    // Where there are stars sqlmap looks nowhere else.
    const headers = parameters
      .filter((one) => one.in === "header" && !one.name.startsWith("If-")) // those are numbers, or refused
      .map((one) => `${one.name}: a*`);
    const starred = filled(path, give).split("/").map((part, i) => (path.split("/")[i].startsWith("{") ? `${part}*` : part)).join("/");
    if (path.includes("{") || headers.length > 0) add(starred, headers);
  }
  return { client, all: out };
}
