// Faults under load, by name: node chaos.mjs [fault…] [--minutes N] [--seconds N] [--seed S] [--nodes N].
// Without names all of them, one after the other. Ends with 1 when a promise was broken, 77 when nothing could
// be tried here. SPOTTERD names the server's binary.

import { in_words } from "../crash/verdict.mjs";
import { missing } from "../e2e/server.mjs";
import { chosen_seed } from "../load/random.mjs";
import { run } from "./campaign.mjs";
import { programs } from "./database.mjs";
import { FAULTS } from "./faults.mjs";
import { no_namespaces } from "./network.mjs";

const PACE_MS = 40; // of each device, in long runs: their history has to fit into memory

function options(words) {
  const out = { faults: [], seconds: 60, seed: chosen_seed(), count: 3 };
  const numbers = {
    "--minutes": (n) => (out.seconds = n * 60),
    "--seconds": (n) => (out.seconds = n),
    "--seed": (n) => (out.seed = n >>> 0),
    "--nodes": (n) => (out.count = n),
  };
  for (let i = 0; i < words.length; ++i) {
    if (numbers[words[i]] && Number.isFinite(Number(words[i + 1]))) numbers[words[i]](Number(words[++i]));
    else if (FAULTS[words[i]]) out.faults.push(words[i]);
    else throw new Error(`'${words[i]}' is no fault. There are: ${Object.keys(FAULTS).join(", ")}.`);
  }
  if (out.seconds > 3300) throw new Error("A fault may take 55 minutes at most: the devices' tokens live for an hour.");
  if (out.faults.length === 0) out.faults = Object.keys(FAULTS);
  return out;
}

function obstacle({ way }) {
  if (missing) return missing;
  if (!programs) return "there is no PostgreSQL server in /usr/lib/postgresql";
  return way === "namespaces" ? no_namespaces() : false;
}

async function attempt(fault, { seconds, seed, count }) {
  const why = obstacle(FAULTS[fault]);
  if (why) {
    console.log(`${fault}: skipped, ${why}`);
    return "skipped";
  }
  console.log(`${fault}: --seed ${seed}`);
  const began = Date.now();
  const words = process.env.SPOTTER_CHAOS_SERVE?.split(" ");
  const pace_ms = seconds > 30 ? PACE_MS : 0;
  const say = (line) => console.log(`  ${line}`);
  try {
    const { violations, told, longest_pause_ms } = await run({ fault, seed, seconds, count, words, pace_ms, say });
    console.log(`  ${JSON.stringify({ ...told, longest_pause_ms })}`);
    const wrong = [
      ...(violations.length > 0 ? [`${violations.length} violations, such as\n${in_words(violations)}`] : []),
      ...(told.undecided > 0 ? [`operations without a definite answer: ${told.undecided_because.join("; ")}`] : []),
      ...failures(told, FAULTS[fault]).map((what) => `a request failed with ${what}`),
    ];
    for (const what of wrong) console.log(`  ${what}`);
    console.log(`${fault}: ${wrong.length === 0 ? "kept" : "BROKEN"}, ${Math.round((Date.now() - began) / 1000)} s`);
    return wrong.length === 0 ? "kept" : "broken";
  } catch (error) {
    console.log(`${fault}: FAILED, --seed ${seed}: ${error.stack}`);
    return "broken";
  }
}

/** What no client expects: any failure of the server's but 503, and of a gentle fault a broken connection, too. */
function failures({ unanswered }, { gentle }) {
  const expected = (what) => what === "503" || (gentle ? what === "ECONNREFUSED" : !/^5\d\d$/.test(what));
  return Object.keys(unanswered).filter((what) => !expected(what));
}

// Whatever ends this process ends what it has started.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));

const chosen = options(process.argv.slice(2));
const ends = [];
for (const fault of chosen.faults) ends.push(await attempt(fault, chosen));
if (ends.includes("broken")) process.exit(1);
process.exit(ends.every((end) => end === "skipped") ? 77 : 0);
