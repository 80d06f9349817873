// From a logged set to its event at a watcher, at half the load that the server can bear, beside the
// time of one durable write.

import { load, medians, ratio, table, whole } from "../load.mjs";
import { Spotterd } from "../spotterd.mjs";
import { USERS, make_users, some_exercise } from "../users.mjs";

const CONNECTIONS = 64;

/** `rate`: sets in a second over REST at full load, where `sets` has just found it. */
export async function latency({ rounds, seconds, note, rate }) {
  const server = await Spotterd.start();
  try {
    const exercise = await some_exercise(server);
    const common = async () => ({
      ...server.target, first: await make_users(server, USERS.latency, CONNECTIONS), connections: CONNECTIONS, exercise, seconds,
    });
    const full = rate ?? (await load("sets", await common())).per_second;
    const found = [];
    const writes = [];
    for (let round = 0; round < rounds; ++round) {
      writes.push(await load("fsync", { folder: server.folder, seconds: 1 }));
      found.push(await load("latency", { ...(await common()), rate: Math.round(full / 2) }));
      note(`watcher p50 ${found.at(-1).watcher_p50} p99 ${found.at(-1).watcher_p99} ms, fsync p50 ${writes.at(-1).fsync_p50} p99 ${writes.at(-1).fsync_p99} ms`);
    }
    return { text: describe(medians(found), medians(writes), found, writes) };
  } finally {
    await server.stop();
  }
}

function describe(all, write, found, writes) {
  const ms = (value) => value.toFixed(2);
  const row = (title, of, name) => [title, ms(of[`${name}_p50`]), ms(of[`${name}_p90`]), ms(of[`${name}_p99`])];
  const share = (mine, theirs) => ratio(found.map((r) => r[mine]), writes.map((w) => w[theirs])).toFixed(1);
  const text = table(["ms", "p50", "p90", "p99"], [
    row("set sent → event at the watcher", all, "watcher"),
    row("set sent → answer at the phone", all, "answer"),
    row("set due → event at the watcher", all, "since_due"),
    row("durable 8 KiB write, idle machine", write, "fsync"),
  ]);
  return `## From the phone to the watcher, at half load (${whole(all.per_second)} sets/s)\n\n${text}\n\n`
    + `Watcher p99 is ${share("watcher_p99", "fsync_p99")}× the write's p99 and ${share("watcher_p99", "fsync_p50")}× its p50; `
    + `watcher p50 is ${share("watcher_p50", "fsync_p50")}× the write's p50.\n`;
}
