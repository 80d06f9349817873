// Turns a Strong or Hevy export into workouts. A demo's reader: it takes what a replay needs and
// leaves the rest; the server's own import is the thorough one.

import { read_csv } from "./csv.mjs";

const kinds = {
  warmup: "warmup",
  dropset: "dropset",
  failure: "failure",
  W: "warmup",
  D: "dropset",
  F: "failure",
};

/**
 * The workouts of an export, newest first:
 * `{title, start, duration_ms, sets: [{exercise, kind?, reps?, weight?, rpe?, …}]}`, where a set has the
 * fields of the API's set, less its ids. `unit` is used where a Strong file names none; `notes` says
 * what had to be assumed.
 */
export function read_recording(text, { unit = "kg" } = {}) {
  const { names, records } = read_csv(text);
  const notes = [];
  let workouts;
  if (names.includes("exercise_title")) {
    workouts = gather(records, hevy_row);
  } else if (names.includes("Exercise Name") && names.includes("Set Order")) {
    const says_unit = names.some((name) => /^Weight (Unit|\(\w+\))$/.test(name));
    if (!says_unit) notes.push(`The file names no weight unit: taken as ${unit} (--unit kg|lb).`);
    workouts = gather(records, (row) => strong_row(row, unit));
  } else {
    throw new Error(
      "This is neither a Strong nor a Hevy export: its header names no exercise column.",
    );
  }
  workouts.sort((a, b) => b.started - a.started);
  return { workouts: workouts.filter(({ sets }) => sets.some(({ reps }) => reps)), notes };
}

function gather(records, read_row) {
  const workouts = new Map();
  for (const record of records) {
    const row = read_row(record);
    const key = `${row.start}\n${row.title}`;
    if (!workouts.has(key)) {
      const { title, start, started, duration_ms } = row;
      workouts.set(key, { title, start, started, duration_ms, sets: [] });
    }
    const { sets } = workouts.get(key);
    if (row.rest_ms && sets.length > 0) sets.at(-1).rest_ms = row.rest_ms;
    if (row.set) sets.push(drop_absent(row.set));
  }
  return [...workouts.values()];
}

function hevy_row(row) {
  const started = Date.parse(`${row.start_time} UTC`);
  const imperial = "weight_lbs" in row;
  const distance =
    "distance_miles" in row ? scaled(row.distance_miles, 1609.344) : scaled(row.distance_km, 1000);
  return {
    title: row.title,
    start: row.start_time,
    started,
    duration_ms: Date.parse(`${row.end_time} UTC`) - started,
    set: {
      exercise: row.exercise_title,
      kind: kinds[row.set_type],
      reps: amount(row.reps),
      weight: weight(imperial ? row.weight_lbs : row.weight_kg, imperial ? "lb" : "kg"),
      rpe: exertion(row.rpe),
      distance_m: distance,
      duration_ms: scaled(row.duration_seconds, 1000),
    },
  };
}

function strong_row(row, unit) {
  const of_unit = { kg: "kg", kgs: "kg", lb: "lb", lbs: "lb" };
  const header_unit = Object.keys(row)
    .map((name) => name.match(/^Weight \((\w+)\)$/)?.[1])
    .find(Boolean);
  const header_distance = Object.keys(row).find((name) => /^Distance \(/.test(name)) ?? "Distance";
  const metres = { km: 1000, mi: 1609.344, miles: 1609.344, m: 1, meters: 1 };
  const distance_unit = row["Distance Unit"] || header_distance.match(/\((\w+)\)/)?.[1] || "m";
  const order = row["Set Order"];
  const result = {
    title: row["Workout Name"],
    start: row.Date,
    started: Date.parse(`${row.Date.replace(" ", "T")}Z`),
    duration_ms: strong_duration(
      row.Duration ?? row["Workout Duration"] ?? row["Duration (sec)"] ?? "",
    ),
  };
  if (order === "Rest Timer") return { ...result, rest_ms: scaled(row.Seconds, 1000) };
  if (order === "Note") return result;
  const lifted = row.Weight ?? row[`Weight (${header_unit})`];
  return {
    ...result,
    set: {
      exercise: row["Exercise Name"],
      kind: kinds[order],
      reps: amount(row.Reps),
      weight: weight(lifted, of_unit[row["Weight Unit"] || header_unit] ?? unit),
      rpe: exertion(row.RPE),
      distance_m: scaled(row[header_distance], metres[distance_unit] ?? 1),
      duration_ms: scaled(row.Seconds, 1000),
    },
  };
}

function strong_duration(text) {
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const of = (letter) => Number(text.match(new RegExp(`(\\d+)\\s*${letter}`))?.[1] ?? 0);
  return (of("h") * 3600 + of("m") * 60 + of("s")) * 1000;
}

// Exporters write 0 for "not measured".
function amount(text) {
  const value = Number((text ?? "").replace(",", "."));
  return value > 0 ? value : undefined;
}

function scaled(text, factor) {
  const value = amount(text);
  return value && Math.round(value * factor);
}

function weight(text, unit) {
  const value = amount(text);
  return value && { value, unit };
}

function exertion(text) {
  const value = amount(text);
  return value >= 1 && value <= 10 ? Math.round(value * 2) / 2 : undefined;
}

function drop_absent(set) {
  return Object.fromEntries(Object.entries(set).filter(([, value]) => value !== undefined));
}
