// The test of the tests: node mutations.mjs GUARD. With that guard taken out of the server, what leads to the
// place where it matters must end with a violation; where the way there is a script, also with none as long as
// the guard is in its place. SPOTTERD_BROKEN names a server built with SPOTTER_BREAKABLE (domain/broken.hpp).

import { readFileSync } from "node:fs";

import { in_words } from "../crash/verdict.mjs";
import { until } from "../e2e/waiting.mjs";
import { check } from "../load/checker.mjs";
import { chosen_seed } from "../load/random.mjs";
import { run } from "./campaign.mjs";
import { Cluster } from "./cluster.mjs";
import { programs, send } from "./database.mjs";
import { Story } from "./story.mjs";

const TRIES = 4;
const SOON_MS = 20_000;
const EARLY_MS = 1_000; // shorter than a shard that moves waits for what is under way
const binary = process.env.SPOTTERD_BROKEN;

/**
 * `rule`: the violation that has to be found. Either `fault`, under which the whole fleet works, or `script`, with
 * the guards that are out anyhow because they stand before this one.
 */
const GUARDS = {
  // A clock that is wrong is no reason to lose anything: so the lease, which is judged by clocks, is out as well.
  epoch_check: { rule: "read", script: sleeping_owner, beside: ["lease"] },
  load_before_epoch: { rule: "read", script: hasty_heir, beside: [] },
  publish_before_commit: { rule: "stream", fault: "database_frozen" },
  idempotency: { rule: "doubled", fault: "kill" },
};

/** A writer's process in the database stops, so that what is sent to it stays on its way. */
async function hold_commits(cluster, node) {
  const [writer] = await cluster.writers_of(node);
  send(writer.pid, "SIGSTOP");
  return {
    /** Something has come that waits for the process. */
    has_come: () => until(SOON_MS, "a commit on its way", () => waiting_bytes(cluster.database, writer.port) > 0),
    release: () => send(writer.pid, "SIGCONT"),
    is_done: () =>
      until(SOON_MS, "the commit's end", async () => {
        const state = await cluster.database.sql(`SELECT state FROM pg_stat_activity WHERE pid = ${writer.pid}`);
        return waiting_bytes(cluster.database, writer.port) === 0 && (state === "idle" || state === "");
      }),
  };
}

/** What a connection from this port to the database has received and nobody has read. */
function waiting_bytes({ primary }, from) {
  const hex = (port) => `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = readFileSync("/proc/net/tcp", "utf8").split("\n");
  const fields = lines.map((line) => line.trim().split(/\s+/));
  const found = fields.find(([, local, remote]) => local?.endsWith(hex(primary.port)) && remote?.endsWith(hex(from)));
  return found ? Number.parseInt(found[4].split(":")[1], 16) : 0;
}

/**
 * An owner sends a commit and sleeps. Its shard goes to somebody else, who reads what there is. Then the commit
 * runs, under the old epoch, and the sleeper wakes and hears of it.
 */
async function sleeping_owner(cluster) {
  const story = await Story.begin([...cluster.nodes.values()][0]);
  const { owner, heir } = await parts(cluster, story);
  const commits = await hold_commits(cluster, owner);
  const told = story.log_set(owner);
  await commits.has_come();
  process.kill(owner.pid, "SIGSTOP");
  await until(SOON_MS, "another owner", async () => (await cluster.owner_of(story.user_id)) === heir.name);
  await until(SOON_MS, "a read from the new owner", () => story.read(heir));
  commits.release();
  await commits.is_done();
  process.kill(owner.pid, "SIGCONT");
  await told;
  await until(SOON_MS, "a read from the new owner", () => story.read(heir));
  return story.settle(heir);
}

/**
 * A shard is to move while its owner's commit is on its way. Whoever gets it is asked for what it has before the
 * commit, which its owner then acknowledges, and asked again after the move.
 */
async function hasty_heir(cluster) {
  const story = await Story.begin([...cluster.nodes.values()][0]);
  const { owner, heir } = await parts(cluster, story);
  const commits = await hold_commits(cluster, owner);
  const told = story.log_set(owner);
  await commits.has_come();
  await cluster.database.sql(`SELECT spotter.request_drain('${owner.name}')`);
  await until(SOON_MS, "a move that has begun", async () => (await cluster.target_of(story.user_id)) === heir.name);
  const end = Date.now() + EARLY_MS;
  while (Date.now() < end && !(await story.read(heir, 200)));
  commits.release();
  await told;
  await until(SOON_MS, "the move", async () => (await cluster.owner_of(story.user_id)) === heir.name);
  await until(SOON_MS, "a read from the new owner", () => story.read(heir));
  return story.settle(heir);
}

async function parts(cluster, story) {
  const name = await cluster.owner_of(story.user_id);
  const owner = cluster.nodes.get(name);
  return { owner, heir: [...cluster.nodes.values()].find((node) => node !== owner) };
}

async function by_script(script, broken) {
  const cluster = await Cluster.start({ count: 2, binary, env: { SPOTTER_BREAK: broken.join(",") } });
  try {
    return check(await script(cluster));
  } catch (error) {
    error.message += `\n${cluster.said}`;
    throw error;
  } finally {
    for (const { pid } of cluster.running) send(pid, "SIGCONT");
    await cluster.stop();
  }
}

async function violations_without(guard) {
  const { script, fault, beside } = GUARDS[guard];
  if (script) return by_script(script, [guard, ...beside]);
  const seed = chosen_seed();
  console.log(`  --seed ${seed}`);
  const say = (line) => console.log(`  ${line}`);
  const { violations } = await run({ fault, seed, seconds: 4, binary, env: { SPOTTER_BREAK: guard }, say });
  return violations;
}

async function main(guard) {
  if (!GUARDS[guard]) throw new Error(`'${guard}' is no guard. There are: ${Object.keys(GUARDS).join(", ")}.`);
  const { rule, script, beside } = GUARDS[guard];
  if (script) {
    const unfounded = await by_script(script, beside);
    console.log(`with the guard: ${unfounded.length} violations\n${in_words(unfounded)}`);
    if (unfounded.length > 0) return 1;
  }
  for (let tries = 1; tries <= TRIES; ++tries) {
    const violations = await violations_without(guard);
    console.log(`without the guard: ${violations.length} violations, such as\n${in_words(violations)}`);
    if (violations.some((one) => one.rule === rule)) return 0;
  }
  console.log(`Nobody noticed that ${guard} is missing.`);
  return 1;
}

for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));
const obstacle = binary ? programs || "there is no PostgreSQL server" : "SPOTTERD_BROKEN is not set";
if (!binary || !programs) {
  console.log(`skipped: ${obstacle}`);
  process.exit(77);
}
process.exit(await main(process.argv[2]));
