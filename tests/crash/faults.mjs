// What is done to the server. Every fault ends with a server that says it is ready again.

import { readdirSync, readFileSync } from "node:fs";

import { alive } from "../e2e/server.mjs";
import { until } from "../e2e/waiting.mjs";

const RECOVERY_MS = 60_000;

/** kill -9 of the server; sometimes once more while it starts. */
export async function kill_server(server, random) {
  await server.kill9();
  if (random.chance(0.15)) {
    const started = server.launch();
    started.catch(() => {}); // it is killed before it is ready
    await new Promise((resolve) => setTimeout(resolve, random.between(20, 900)));
    await server.kill9();
  }
  await server.launch();
}

/** kill -9 of the embedded PostgreSQL's postmaster; the server has to bring it back by itself. */
export async function kill_database(server) {
  const victim = server.postmaster();
  process.kill(victim, "SIGKILL");
  const replaced = () => {
    if (server.pid === undefined || !alive(server.pid)) throw new Error("the server died with its database");
    const now = server.postmaster();
    return now !== undefined && now !== victim && alive(now);
  };
  await until(RECOVERY_MS, "another database", replaced);
  await server.ready(RECOVERY_MS);
}

/**
 * The database stops dead in the middle of its work, the load goes on against it for a moment, and then all of
 * it is killed: whatever the server said in that moment was said without a commit.
 */
export async function freeze_database_and_kill(server, random) {
  const frozen = processes_of(server.postmaster());
  for (const pid of frozen) signal(pid, "SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, random.between(20, 300)));
  await server.kill9();
  for (const pid of frozen) signal(pid, "SIGKILL");
  await until(RECOVERY_MS, "the end of the database", () => !frozen.some(alive));
  await server.launch();
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

/** The postmaster first, then its children. */
function processes_of(postmaster) {
  const children = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && parent_of(name) === postmaster);
  return [postmaster, ...children.map(Number)];
}

function parent_of(pid) {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) . /s, "").split(" ")[0]);
  } catch {
    return undefined;
  }
}
