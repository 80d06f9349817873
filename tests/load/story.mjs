// What a log of events says that the state must be.

import { isDeepStrictEqual } from "node:util";

/** The workouts after these events, by id: `{id, state, notes, deleted, version, sets}`. */
export function retell(events) {
  const workouts = new Map();
  for (const event of events) tell(workouts, event);
  return workouts;
}

/** Applies one event to the workouts so far. */
export function tell(workouts, { event, position, data }) {
  const id = data.workout?.id ?? data.set?.workout_id;
  if (id === undefined) return;
  if (event === "workout.started") {
    workouts.set(id, { id, state: "live", deleted: false, sets: new Map() });
  }
  const workout = workouts.get(id);
  if (!workout) return; // the checker finds such an event by its own rule
  workout.version = position.seq;
  if (data.workout) {
    workout.notes = data.workout.notes;
    workout.state = data.workout.state;
    workout.deleted = event === "workout.deleted";
  } else if (event === "set.deleted") {
    workout.sets.delete(data.set.id);
  } else {
    workout.sets.set(data.set.id, image_of(data.set));
  }
}

/** What is compared of a set. */
export function image_of({ id, version, kind, reps, weight, duration_ms }) {
  return { id, version, kind, reps, weight, duration_ms };
}

const GRAMS = { kg: 1000, lb: 453.59237 };

/** What sets come to, as lists of workouts show it; `exercises` apart, which events do not tell. */
function sums_of(sets) {
  const sums = { sets: 0, reps: 0, volume_g: 0 };
  for (const { kind, reps = 0, weight } of sets) {
    if (kind === "warmup") continue;
    ++sums.sets;
    sums.reps += reps;
    if (weight) sums.volume_g += Math.round(weight.value * GRAMS[weight.unit]) * reps;
  }
  return sums;
}

/** The workout that an event belongs to; undefined outside of one. Remembers the sets it has seen. */
export function workout_of(event, workout_of_set) {
  const { workout, set, record } = event.data;
  if (set) workout_of_set.set(set.id, set.workout_id);
  if (record) return workout_of_set.get(record.set_id);
  return workout?.id ?? set?.workout_id;
}

/** Where a workout as shown differs from what the log tells of it: violations `{rule, detail}`. */
export function* shown_otherwise(shown, told) {
  const where = `workout ${told.id}`;
  for (const field of ["state", "notes", "version"]) {
    if (shown[field] !== told[field]) {
      yield { rule: "state", detail: `${where}: ${field} is ${shown[field]}, by the log ${told[field]}` };
    }
  }
  const sets = new Map();
  for (const set of (shown.exercises ?? []).flatMap((one) => one.sets)) {
    if (sets.has(set.id)) yield { rule: "doubled", detail: `${where} shows set ${set.id} twice` };
    sets.set(set.id, image_of(set));
  }
  for (const [id, set] of told.sets) {
    if (!sets.has(id)) yield { rule: "state", detail: `${where}: set ${id} is in the log and not shown` };
    else if (!isDeepStrictEqual(sets.get(id), set)) yield { rule: "state", detail: `${where}: set ${id} differs` };
  }
  for (const id of sets.keys()) {
    if (!told.sets.has(id)) yield { rule: "state", detail: `${where}: set ${id} is shown and not in the log` };
  }
  if (shown.listed) yield* listed_otherwise(shown.listed, told, where);
}

function* listed_otherwise({ version, summary }, told, where) {
  if (version !== told.version) {
    yield { rule: "state", detail: `${where}: listed at version ${version}, by the log ${told.version}` };
  }
  const { sets, reps, volume_kg } = summary;
  const sums = sums_of(told.sets.values());
  if (!isDeepStrictEqual({ sets, reps, volume_g: Math.round(volume_kg * 1000) }, sums)) {
    yield { rule: "state", detail: `${where}: listed with ${JSON.stringify(summary)}, by the log ${JSON.stringify(sums)}` };
  }
}
