// What nobody may find in what a server writes: every password, token, key and seed that a test's clients have
// sent or were given is remembered here, and looked for when a server of the test has ended.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

const SHORTEST = 12; // codes of six digits may stand anywhere

/** What requests and answers call their secrets. */
const NAMES = new Set([
  "password", "new_password", "current_password", "access_token", "refresh_token", "mfa_token", "token", "secret",
  "recovery_codes", "key",
]);

/** The server itself shows this one, to whoever starts it, as what to try. */
const SHOWN = new Set(["correct horse battery"]);

const known = new Map(); // secret → what it is

export function remember(what, secret) {
  if (typeof secret !== "string" || secret.length < SHORTEST || SHOWN.has(secret)) return;
  known.set(secret, what);
}

function gather(what, value) {
  if (Array.isArray(value)) for (const one of value) gather(what, one);
  else if (value && typeof value === "object")
    for (const [name, inner] of Object.entries(value)) {
      if (!NAMES.has(name)) gather(what, inner);
      else for (const one of [inner].flat()) remember(`${what} ${name}`, one);
    }
}

/** Takes note of one exchange's secrets. What a server refused may have been anything. */
export function remember_exchange(path, headers, body, { status, json }) {
  if (status >= 400) return;
  for (const [name, value] of Object.entries(headers))
    if (name.toLowerCase() === "authorization") remember("Authorization", String(value).replace(/^\w+ +/, ""));
  if (/json/.test(Object.entries(headers).find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? ""))
    try {
      gather(`${path} sent`, JSON.parse(body));
    } catch {
      // not JSON after all
    }
  gather(`${path} answered`, json);
}

/** The secrets of a server's own: its keys, in every form, and what its environment brings. */
function secrets_of({ data, env }) {
  const found = new Map();
  const add = (what, secret) => secret.length >= SHORTEST && found.set(secret, what);
  const files = [join(data, "signing.key"), join(data, "sealing.key")];
  for (const [name, value] of Object.entries(env)) {
    if (/_KEYS?$/.test(name) || /PASSWORD$/.test(name))
      for (const one of String(value).split(",")) {
        const [, scheme, rest] = /^(file:|env:)?(.*)$/s.exec(one);
        if (scheme === "env:" && env[rest]) add(`the environment's ${rest}`, env[rest]);
        else if (scheme !== "env:") files.push(rest);
      }
    const password = /password=(?:'([^']+)'|(\S+))/.exec(value);
    if (password) add(`${name}'s password`, password[1] ?? password[2]);
    const in_url = /^\w+:\/\/[^/]*:([^/@]+)@/.exec(value);
    if (in_url) add(`${name}'s password`, in_url[1]);
  }
  for (const file of files) {
    if (!existsSync(file) || statSync(file).isDirectory() || statSync(file).size > 4096) continue;
    const bytes = readFileSync(file);
    for (const form of ["latin1", "hex", "base64", "base64url"]) add(file, bytes.toString(form));
    for (const line of bytes.toString("latin1").split("\n")) if (!line.startsWith("-----")) add(file, line.trim());
  }
  return found;
}

/** All that lies in a folder under a name that logs have. */
function* logs_in(folder, deep = 3) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && deep > 0) yield* logs_in(path, deep - 1);
    else if (entry.isFile() && /log$/.test(entry.name)) yield path;
  }
}

/** Throws where a secret stands in what this server said or in one of its logs. */
export function expect_no_secrets(server, said) {
  const places = new Map([["its output", said]]);
  for (const path of logs_in(server.folder)) places.set(path, readFileSync(path, "latin1"));
  for (const [secret, what] of [...known, ...secrets_of(server)]) {
    const escaped = JSON.stringify(secret).slice(1, -1);
    for (const [place, text] of places)
      if (text.includes(secret) || text.includes(escaped))
        throw new Error(`a secret of ${server.name} stands in ${place}: ${what}`);
  }
}
