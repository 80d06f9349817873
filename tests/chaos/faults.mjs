// What is done to a cluster. Each fault answers what is worth telling of it; when it returns, everything that
// ought to run does, though it may not be settled yet.
//
// A fault gets {cluster, fleet, random, say}. `way` is what it needs of the cluster (see cluster.mjs).

import { LEASE_MS } from "./cluster.mjs";
import { send } from "./database.mjs";

const READY_MS = 30_000;
const SERVED_ELSEWHERE_MS = 4_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A node that owns somebody's shard, so that its loss is felt. */
async function victim({ cluster, fleet, random }) {
  const { id } = random.pick(fleet.athletes).client.user;
  const name = await cluster.owner_of(id);
  return cluster.running.find((node) => node.name === name) ?? random.pick(cluster.running);
}

const others = (cluster, node) => cluster.running.filter((one) => one !== node);

/** SIGKILL: its users are served elsewhere within 4 s. */
async function kill(scene) {
  const node = await victim(scene);
  const began = Date.now();
  await node.kill9();
  const ms = (await scene.fleet.served_since(began)) - began;
  if (ms > SERVED_ELSEWHERE_MS) throw new Error(`the users of a killed node waited ${ms} ms`);
  await node.launch();
  return { killed: node.name, served_elsewhere_after_ms: ms };
}

/** SIGSTOP for longer than the lease: it wakes up believing that it owns what others own by then. */
async function freeze(scene) {
  const node = await victim(scene);
  process.kill(node.pid, "SIGSTOP");
  const began = Date.now();
  await pause(LEASE_MS + scene.random.between(500, 2_000));
  process.kill(node.pid, "SIGCONT");
  await node.ready(READY_MS);
  return { frozen: node.name, for_ms: Date.now() - began };
}

/** A node that can't reach the database, and is reached by everybody else. */
async function database_partition(scene) {
  const { cluster, random } = scene;
  const node = await victim(scene);
  const { database, standby } = cluster.network;
  const began = Date.now();
  cluster.network.part(node.name, database, standby);
  await pause(LEASE_MS + random.between(300, 2_000));
  cluster.network.heal();
  await node.ready(READY_MS);
  return { parted: node.name, for_ms: Date.now() - began };
}

/** Two nodes that can't reach each other; clients and the database reach both. */
async function node_partition(scene) {
  const { cluster, random } = scene;
  const node = await victim(scene);
  const other = random.pick(others(cluster, node));
  cluster.network.part(node.name, cluster.network.address_of(other.name));
  await pause(random.between(2_500, 4_000));
  cluster.network.heal();
  return { parted: `${node.name} ${other.name}` };
}

/** A node that hears nothing from another (or from the database), and is heard. */
async function one_way(scene) {
  const { cluster, random } = scene;
  const { network } = cluster;
  const node = await victim(scene);
  const from_database = random.chance(0.4);
  const other = random.pick(others(cluster, node));
  network.deafen(node.name, ...(from_database ? [network.database, network.standby] : [network.address_of(other.name)]));
  await pause(random.between(2_500, 4_000));
  network.heal();
  await node.ready(READY_MS);
  return { deaf: node.name, to: from_database ? "the database" : other.name };
}

/** Slow links, stalled ones, cut ones: to a node and from it to the database. */
async function links({ cluster, random }) {
  const node = random.pick(cluster.running);
  const { link, database } = node.relays;
  const slow_ms = random.between(20, 150);
  link.delay(slow_ms);
  database.delay(Math.ceil(slow_ms / 10));
  await pause(random.between(500, 1_500));
  link.cut();
  await pause(random.between(100, 500));
  database.cut();
  await pause(random.between(100, 500));
  const stalled = random.pick([["up"], ["down"], ["up", "down"]]);
  link.stall(...stalled);
  await pause(random.between(1_000, 3_000));
  link.flow();
  link.cut(); // what was held comes after all, or never
  link.delay(0);
  database.delay(0);
  await node.ready(READY_MS);
  return { node: node.name, slow_ms, stalled: stalled.join(" and ") };
}

/** The database ends connections of writers that are in the middle of a commit, again and again. */
async function terminate({ cluster, random }) {
  const before = await ended_by_command(cluster);
  await cluster.database.sql(`
    DO $$ BEGIN FOR i IN 1..${random.between(60, 150)} LOOP
      PERFORM pg_stat_clear_snapshot();
      PERFORM pg_terminate_backend(pid) FROM (
        SELECT pid FROM pg_stat_activity
         WHERE usename = 'spotter_writer' AND state <> 'idle' AND query LIKE '%commit_units%' LIMIT 1) AS busy;
      PERFORM pg_sleep(0.01);
    END LOOP; END $$`);
  await pause(50);
  return { connections_ended: (await ended_by_command(cluster)) - before };
}

async function ended_by_command({ database }) {
  return Number(await database.sql("SELECT sessions_killed FROM pg_stat_database WHERE datname = 'spotter'"));
}

/** The database is restarted, in an orderly way or by a crash of all its processes. */
async function database_restart({ cluster, random }) {
  const signal = random.pick(["SIGINT", "SIGQUIT", "SIGKILL"]);
  const began = Date.now();
  await cluster.database.restart(signal);
  const back = Date.now() - began;
  await Promise.all(cluster.running.map((node) => node.ready(READY_MS)));
  return { signal, back_after_ms: back };
}

/** The primary dies, and its synchronous standby takes over. Once only. */
async function promotion({ cluster }) {
  const began = Date.now();
  await cluster.database.promote();
  const promoted = Date.now() - began;
  await Promise.all(cluster.running.map((node) => node.ready(READY_MS)));
  return { promoted_after_ms: promoted };
}
promotion.once = true;

/** Every node is ended by SIGTERM and started again, one after the other. */
async function rolling({ cluster, fleet }) {
  const took = [];
  for (const node of [...cluster.running]) {
    const { code, signal, ms } = await cluster.leave(node);
    if (code !== 0) throw new Error(`${node.name} ended with ${code ?? signal}:\n${node.said}`);
    took.push(ms);
    const began = Date.now();
    await node.launch();
    await cluster.settled();
    await fleet.served_since(began);
  }
  return { drained_in_ms: took };
}

/** A node joins, leaves or is killed; there are two to five of them at any time. */
async function membership(scene) {
  const { cluster, fleet, random } = scene;
  const count = cluster.running.length;
  const what = count <= 2 ? "join" : count >= 5 ? random.pick(["leave", "kill"]) : random.pick(["join", "leave", "kill"]);
  if (what === "join") return { joined: (await cluster.add()).name };
  const node = random.pick(cluster.running);
  if (what === "leave") {
    const { code, signal } = await cluster.leave(node);
    if (code !== 0) throw new Error(`${node.name} ended with ${code ?? signal}:\n${node.said}`);
  } else {
    await node.kill9();
  }
  const began = Date.now();
  cluster.forget(node);
  await fleet.served_since(began);
  return what === "leave" ? { left: node.name } : { killed: node.name };
}

/**
 * All processes of the database stop dead, the load goes on for a moment, and then they and a node are killed:
 * whatever was said in that moment was said without a commit.
 */
async function database_frozen(scene) {
  const { cluster, random } = scene;
  const node = await victim(scene);
  const frozen = cluster.database.processes();
  for (const pid of frozen) send(pid, "SIGSTOP");
  await pause(random.between(50, 300));
  await node.kill9();
  await cluster.database.restart("SIGKILL");
  await node.launch();
  return { killed: node.name };
}

/** `gentle`: no request may fail, but with 503 or because nobody listens there any more. */
export const FAULTS = {
  kill: { way: "loopback", run: kill },
  freeze: { way: "loopback", run: freeze },
  database_partition: { way: "namespaces", run: database_partition },
  node_partition: { way: "namespaces", run: node_partition },
  one_way: { way: "namespaces", run: one_way },
  links: { way: "relays", run: links },
  terminate: { way: "loopback", run: terminate },
  database_restart: { way: "loopback", run: database_restart },
  database_frozen: { way: "loopback", run: database_frozen },
  promotion: { way: "loopback", standby: true, run: promotion },
  rolling: { way: "loopback", gentle: true, run: rolling },
  membership: { way: "loopback", run: membership },
};
