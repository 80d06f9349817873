#!/usr/bin/env node
// Replays recorded workouts through REST as the phone, while two WebSocket clients print what they
// see: "watch" follows the user, "coach" follows the workout. Exits with 1 when a set was missing,
// doubled or out of order.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import * as paper from "./paper.mjs";
import { Phone, uuid7 } from "./phone.mjs";
import { read_recording } from "./recording.mjs";
import { Watcher } from "./watcher.mjs";

const LONGEST_MS = 40_000; // of all pauses together, whatever the speed
const PATIENCE_MS = 10_000; // for the last event to reach the watchers
const SAMPLE = fileURLToPath(new URL("sample_workout.csv", import.meta.url));
const HELP = `Usage: ./spotter demo [FILE] [--workout N | --all | --list] [--speed X] [--unit kg|lb]

  FILE         a Strong or Hevy CSV (a sample of our own by default)
  --workout N  the Nth newest workout of the file (1)
  --all        every workout of the file, oldest first
  --list       say which workouts the file holds, and stop
  --speed X    how many times faster than it was recorded (60); pauses end at ${LONGEST_MS / 1000} s in all
  --unit U     the weight unit where the file names none (kg)

The server is the one at SPOTTER_URL, or on this machine at SPOTTER_PORT (8080).`;

/** A plain mistake of the caller or of the surroundings: told without a stack. */
class Sorry extends Error {}

function settings() {
  const options = {
    workout: { type: "string", default: "1" },
    speed: { type: "string", default: "60" },
    unit: { type: "string", default: "kg" },
    all: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  };
  let parsed;
  try {
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new Sorry(`${error.message}\n\n${HELP}`);
  }
  const { values, positionals } = parsed;
  const speed = Number(values.speed);
  if (!(speed > 0)) throw new Sorry(`--speed takes a number above 0, not "${values.speed}".`);
  if (!["kg", "lb"].includes(values.unit))
    throw new Sorry(`--unit is kg or lb, not "${values.unit}".`);
  if (positionals.length > 1) throw new Sorry(`One file at a time.\n\n${HELP}`);
  return { ...values, speed, file: positionals[0] ?? SAMPLE };
}

function recording(file, unit) {
  let text;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Sorry(`${file} can't be read: ${error.message}`);
  }
  try {
    return read_recording(text, { unit });
  } catch (error) {
    throw new Sorry(`${file}: ${error.message}`);
  }
}

function chosen(workouts, { workout, all, file }) {
  if (workouts.length === 0) throw new Sorry(`${file} holds no strength workout.`);
  if (all) return [...workouts].reverse();
  const number = Number(workout);
  if (!workouts[number - 1])
    throw new Sorry(`--workout is a number from 1 to ${workouts.length} here.`);
  return [workouts[number - 1]];
}

async function find_server() {
  const base = (
    process.env.SPOTTER_URL ?? `http://127.0.0.1:${process.env.SPOTTER_PORT ?? 8080}`
  ).replace(/\/$/, "");
  try {
    const { ok } = await fetch(`${base}/readyz`, { signal: AbortSignal.timeout(5000) });
    if (ok) return base;
  } catch {
    throw new Sorry(`No server answers at ${base}. Start one in another terminal: ./spotter up`);
  }
  throw new Sorry(`The server at ${base} is not ready; ${base}/readyz says which part.`);
}

function describe({ title, start, duration_ms, sets }) {
  const exercises = new Set(sets.map(({ exercise }) => exercise)).size;
  return [
    title,
    start,
    paper.count(exercises, "exercise"),
    paper.count(sets.length, "set"),
    paper.clock(duration_ms),
  ].join(" · ");
}

/** One workout from start to finish. Returns the delays that each watcher saw and what went wrong. */
async function replay(workout, { phone, ids, pause_ms, page }) {
  const faults = [];
  const sent = new Map(); // set id → {at_ms, number, exercise}
  const counted = { watch: 0, coach: 0 };
  const names = new Map([...ids].map(([name, id]) => [id, name]));

  const print = (who) => (event, data, at_ms) => {
    if (event === "set.logged") {
      const known = sent.get(data.set.id);
      const delay = known ? `+${(at_ms - known.at_ms).toFixed(1)} ms` : "unknown!";
      const name = names.get(data.set.exercise_id) ?? "?";
      page.line(who, ++counted[who], name, paper.effort(data.set), paper.remark(data.set), delay);
    } else if (event === "record.achieved") {
      page.line(who, "★", names.get(data.record.exercise_id) ?? "?", paper.record(data.record));
    } else if (event === "workout.started" || event === "workout.finished") {
      page.line(who, "", event, `"${data.workout.title}"`);
    }
  };
  const watchers = ["watch", "coach"].map(
    (who) => new Watcher(who, phone.base, phone.token, print(who)),
  );
  const [watch, coach] = watchers;
  await watch.watch("me", { gapless: true });
  const { id } = await phone.call("POST", "/v1/workouts", { id: uuid7(), title: workout.title });
  await coach.watch(`workout:${id}`, { gapless: false });

  for (const { exercise, ...set } of workout.sets) {
    const body = { id: uuid7(), exercise_id: ids.get(exercise), ...set };
    sent.set(body.id, { at_ms: performance.now() });
    try {
      await phone.call("POST", `/v1/workouts/${id}/sets`, body);
    } catch (error) {
      faults.push(error.message);
    }
    await new Promise((resolve) => setTimeout(resolve, pause_ms));
  }
  const ends = watchers.map((watcher) => watcher.until("workout.finished", PATIENCE_MS));
  await phone.call("POST", `/v1/workouts/${id}/finish`);
  const ended = await Promise.all(ends);

  const wanted = [...sent.keys()].join();
  const delays = [];
  for (const [i, watcher] of watchers.entries()) {
    watcher.close();
    faults.push(...watcher.faults);
    if (!ended[i]) faults.push(`${watcher.name}: the end of the workout did not come`);
    const seen = watcher.sets.map(({ set }) => set.id);
    if (seen.join() !== wanted)
      faults.push(`${watcher.name}: saw ${seen.length} of ${sent.size} sets, or in another order`);
    delays.push(
      ...watcher.sets
        .filter(({ set }) => sent.has(set.id))
        .map(({ set, at_ms }) => at_ms - sent.get(set.id).at_ms),
    );
  }
  return { faults, delays, sent: sent.size, seen: watchers.map(({ sets }) => sets.length) };
}

function summarise(results) {
  const sum = (of) => results.reduce((total, result) => total + of(result), 0);
  const faults = results.flatMap((result) => result.faults);
  const delays = results.flatMap((result) => result.delays).sort((a, b) => a - b);
  const quantile = (q) => (delays[Math.ceil(q * delays.length) - 1] ?? NaN).toFixed(1);
  const sent = sum((one) => one.sent);
  const seen = [0, 1].map((i) => sum((one) => one.seen[i]));
  console.log(`\n${sent} sets sent · watch saw ${seen[0]} · coach saw ${seen[1]}`);
  console.log(
    `in order, each once: ${faults.length === 0 ? paper.paint("good", "yes") : paper.paint("bad", "no")}`,
  );
  console.log(
    `phone to watcher: p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms (${delays.length} deliveries)`,
  );
  for (const fault of faults) console.log(paper.paint("bad", `  ${fault}`));
  return faults.length === 0;
}

async function main() {
  const options = settings();
  if (options.help) return console.log(HELP);
  const { workouts, notes } = recording(options.file, options.unit);
  if (options.list) {
    for (const [i, workout] of workouts.entries())
      console.log(`${String(i + 1).padStart(4)}  ${describe(workout)}`);
    return;
  }
  const played = chosen(workouts, options);
  const phone = new Phone(await find_server());
  await phone.register();

  const ids = new Map();
  let made = 0;
  for (const name of new Set(played.flatMap(({ sets }) => sets.map(({ exercise }) => exercise)))) {
    const exercise = await phone.exercise(name);
    ids.set(name, exercise.id);
    made += exercise.made;
  }
  for (const note of notes) console.log(note);
  console.log(
    `${paper.count(ids.size, "exercise")}: ${ids.size - made} found in the catalogue, ${made} made as the demo user's own.`,
  );

  const all_sets = played.reduce((sum, { sets }) => sum + sets.length, 0);
  const results = [];
  for (const workout of played) {
    const recorded_ms = workout.duration_ms / workout.sets.length / options.speed;
    const pause_ms = Math.min(recorded_ms || 0, LONGEST_MS / all_sets);
    console.log(`\n${paper.paint("bold", describe(workout))}`);
    const page = new paper.Paper(workout.sets.map(({ exercise }) => exercise));
    results.push(await replay(workout, { phone, ids, pause_ms, page }));
  }
  if (!summarise(results)) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Sorry ? error.message : `The demo broke off: ${error.message}`);
  process.exitCode = 1;
  // A broken replay leaves sockets behind that would keep the process alive.
  process.exit();
}
