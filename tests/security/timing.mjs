// Does the time of an answer tell whether there is an account? Tries by turns, in random order, on every route that
// takes an address; then a rank-sum test, and the difference of the medians against what chance makes of one kind.
//
//     ./spotter bench enumeration [--tries N] [/v1/auth/login…]

import { randomInt } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { Client, fresh_email } from "../e2e/client.mjs";
import { Server } from "../e2e/server.mjs";

const asked = process.argv.indexOf("--tries");
const TRIES = asked > 0 ? Number(process.argv[asked + 1]) : 1_000;
const ACCOUNTS = 100;
const SPLITS = 400;
const WARM_UP = 50;
const results = fileURLToPath(new URL("../../bench/results/enumeration.md", import.meta.url));

/** As they are, but for what would end the run: the counters count, and nobody has to wait. */
const env = {
  SPOTTER_LIMITS_REGISTRATIONS_PER_MINUTE: "0",
  SPOTTER_LIMITS_READS_PER_MINUTE: "0",
  SPOTTER_LIMITS_WRITES_PER_MINUTE: "0",
  SPOTTER_LIMITS_FAILED_LOGINS: "1000",
  SPOTTER_LIMITS_FAILED_LOGINS_FREE: "999",
  SPOTTER_IDENTITY_SIGN_INS_PER_MINUTE: "0",
  // Each try comes from a network of its own, so that none has failed too often.
  SPOTTER_LISTEN_TRUSTED_PROXIES: "127.0.0.1",
};

const median = (sorted) => {
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
const median_of = (values) => median([...values].sort((a, b) => a - b));

const shuffled = (values) => {
  const out = [...values];
  for (let i = out.length - 1; i > 0; --i) {
    const j = randomInt(i + 1);
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
};

/** Mann and Whitney's U for two samples without regard to ties, which clocks of nanoseconds do not make. */
function rank_sum(one, other) {
  const all = [...one.map((ms) => [ms, 1]), ...other.map((ms) => [ms, 0])].sort(([a], [b]) => a - b);
  const ranks = all.reduce((sum, [, of_one], n) => sum + (of_one ? n + 1 : 0), 0);
  const u = ranks - (one.length * (one.length + 1)) / 2;
  const mean = (one.length * other.length) / 2;
  const deviation = Math.sqrt((one.length * other.length * (one.length + other.length + 1)) / 12);
  const z = (u - mean) / deviation;
  return { u, z, p: 2 * (1 - normal(Math.abs(z))), larger: u / (one.length * other.length) };
}

/** The normal distribution up to z (Abramowitz and Stegun 7.1.26, good to seven digits). */
function normal(z) {
  const t = 1 / (1 + 0.3275911 * (z / Math.SQRT2));
  const tail = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return 1 - (tail * Math.exp((-z * z) / 2)) / 2;
}

/** How far apart the medians of two halves of the same kind are, at most, in 19 of 20 cases. */
function noise(values) {
  const apart = Array.from({ length: SPLITS }, () => {
    const mixed = shuffled(values);
    const half = mixed.length >> 1;
    return Math.abs(median_of(mixed.slice(0, half)) - median_of(mixed.slice(half)));
  }).sort((a, b) => a - b);
  return apart[Math.floor(apart.length * 0.95)];
}

let tries = 0;
const address = () => {
  tries += 1;
  return `10.${(tries >> 16) & 255}.${(tries >> 8) & 255}.${tries & 255}`;
};

/** Somebody else after so many tries, where one person may only try so often. */
function a_caller(server, most) {
  let client = null;
  let left = 0;
  return async () => {
    if (left-- > 0) return { client };
    left = most - 1;
    client?.close();
    client = await Client.register(server);
    await client.get("/v1/me"); // the connection is there, and the session
    return { client };
  };
}

async function measure(route, known) {
  const kinds = shuffled([...Array(TRIES).fill("known"), ...Array(TRIES).fill("unknown")]);
  const times = { known: [], unknown: [] };
  // By turns, so that nobody is asked about twice by one who may ask once; made before, so that the client does
  // the same work for both kinds.
  const addresses = {
    known: Array.from({ length: kinds.length + WARM_UP }, (_, n) => known[n % known.length].email),
    unknown: Array.from({ length: kinds.length + WARM_UP }, fresh_email),
  };
  const statuses = { known: new Set(), unknown: new Set() };
  // The first ones warm up what is cold.
  for (const [n, name] of [...kinds.slice(0, WARM_UP), ...kinds].entries()) {
    const email = addresses[name].pop();
    const { client = route.client } = (await route.before?.()) ?? {};
    const body = JSON.stringify(route.body(email));
    const headers = { "x-forwarded-for": address() };
    const began = process.hrtime.bigint();
    const answer = await client.call("POST", route.path, body, headers);
    const took = Number(process.hrtime.bigint() - began) / 1e6;
    if (n < WARM_UP) continue;
    times[name].push(took);
    statuses[name].add(answer.status);
  }
  return { times, statuses };
}

const server = await Server.start({ name: "timing", env });
const lines = [];
try {
  const known = [];
  for (let i = 0; i < ACCOUNTS; ++i) known.push(await Client.register(server));
  const anonymous = new Client(server);
  const routes = [
    { path: "/v1/auth/login", client: anonymous, body: (email) => ({ email, password: "not the password" }) },
    { path: "/v1/auth/recovery", client: anonymous, body: (email) => ({ email }) },
    { path: "/v1/auth/verify/resend", client: anonymous, body: (email) => ({ email }) },
    { path: "/v1/me/email", body: (email) => ({ email }), before: a_caller(server, 4) },
    { path: "/v1/shares", body: (email) => ({ email, scopes: ["history"] }), before: a_caller(server, 40) },
  ];
  lines.push(
    `${TRIES} tries each, ${ACCOUNTS} accounts, in random order on one connection.`,
    "",
    "| route | median known | median unknown | difference | noise (halves of known) | U | z | p | P(known slower) | answers |",
    "|---|---|---|---|---|---|---|---|---|---|",
  );
  const only = process.argv.slice(2).filter((word) => word.startsWith("/"));
  for (const route of routes.filter(({ path }) => only.length === 0 || only.includes(path))) {
    const { times, statuses } = await measure(route, known);
    const [one, other] = [median_of(times.known), median_of(times.unknown)];
    const { u, z, p, larger } = rank_sum(times.known, times.unknown);
    const same = [...statuses.known].join("/") === [...statuses.unknown].join("/");
    lines.push(
      `| ${route.path} | ${one.toFixed(3)} ms | ${other.toFixed(3)} ms | ${(one - other).toFixed(3)} ms | ±${noise(times.known).toFixed(3)} ms ` +
        `| ${Math.round(u)} | ${z.toFixed(2)} | ${p.toFixed(3)} | ${(larger * 100).toFixed(1)} % | ${[...statuses.known].join("/")}${same ? "" : ` and ${[...statuses.unknown].join("/")}`} |`,
    );
    console.error(lines.at(-1));
  }
} finally {
  await server.stop();
}
mkdirSync(dirname(results), { recursive: true });
writeFileSync(results, `# Does the time of an answer tell who has an account?\n\n${lines.join("\n")}\n`);
console.log(lines.join("\n"));
