// What an idle WebSocket with its session costs in memory, and an idle session alone.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";

import { table, whole } from "../load.mjs";
import { run } from "../processes.mjs";
import { Spotterd, build } from "../spotterd.mjs";
import { USERS, make_users } from "../users.mjs";

const STEP = 10_000; // sockets of one load generator

export async function memory({ note, quick }) {
  const steps = quick ? [2000] : [10_000, 50_000];
  const rows = await sockets(steps, note);
  const counts = quick ? [100_000] : [1_000_000];
  for (const count of counts)
    for (const [title, mode] of [["session actor, never used", "bare"], ["session actor, loaded", "loaded"]]) {
      const found = JSON.parse(await run(`${build}/bench/session_memory`, [mode, String(count)]));
      note(`${title}: ${found.bytes_each} bytes`);
      rows.push([title, whole(count), whole(found.bytes_each)]);
    }
  return { text: `## Memory, user space\n\n${table(["", "how many", "bytes each"], rows)}\n` };
}

async function sockets(steps, note) {
  const most = steps.at(-1);
  const server = await Spotterd.start({ env: more_files(most) });
  const holders = [];
  try {
    await make_users(server, USERS.idle, most + 1);
    // The first socket pays for what all share.
    holders.push(await hold(server, most, 1));
    const empty = anonymous_memory(server.pid);
    const rows = [];
    let open = 0;
    for (const step of steps) {
      while (open < step) {
        const count = Math.min(STEP, step - open);
        holders.push(await hold(server, open, count));
        open += count;
      }
      await settled(server.pid);
      const each = (anonymous_memory(server.pid) - empty) / open;
      note(`${whole(open)} idle sockets: ${whole(each)} bytes each`);
      rows.push(["idle WebSocket with its session", whole(open), whole(each)]);
    }
    return rows;
  } finally {
    for (const holder of holders) holder.kill();
    await server.stop();
  }
}

/** Where the limit of open files is too low for so many sockets, and may not be raised. */
function more_files(sockets) {
  const limit = Number(readFileSync("/proc/self/limits", "utf8").match(/Max open files\s+\d+\s+(\d+)/)[1]);
  if (limit > sockets + 200) return {};
  return {
    LD_PRELOAD: `${build}/bench/libspotter_own_files.so`,
    SPOTTER_LISTEN_IO_THREADS: String(Math.ceil((sockets * 1.1 + 1000) / limit)),
  };
}

async function hold(server, first, count) {
  const options = { ...server.target, first: USERS.idle + first, count };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const holder = spawn(`${build}/bench/spotter_load`, ["idle", ...args], { stdio: ["pipe", "pipe", "inherit"] });
  process.once("exit", () => holder.kill("SIGKILL"));
  const [said] = await Promise.race([once(holder.stdout, "data"), once(holder, "exit").then(() => [""])]);
  if (!String(said).includes("ready")) throw new Error("spotter_load could not open its sockets");
  return holder;
}

function anonymous_memory(pid) {
  return Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/RssAnon:\s+(\d+)/)[1]) * 1024;
}

/** Waits until the process's memory stands still. */
async function settled(pid) {
  let last;
  for (let same = 0; same < 4;) {
    const now = anonymous_memory(pid);
    same = now === last ? same + 1 : 0;
    last = now;
    await new Promise((wake) => setTimeout(wake, 250));
  }
}
