// What this page knows of the running workouts: one snapshot and the events after it. No DOM here.

const by_position = (a, b) => a.position - b.position;

export class Workouts {
  /** Live workouts by id, with their exercises and sets. */
  live = new Map();
  /** The workout that was finished last while we watched, or null. */
  finished = null;
  /** Records by the id of the set that achieved them. */
  records = new Map();

  /** Replaces everything: what a snapshot does not hold is no longer running. */
  load(snapshot) {
    this.live = new Map(snapshot.workouts.map((workout) => [workout.id, workout]));
  }

  /** The workout to show: the one that was started last. */
  get current() {
    const running = [...this.live.values()];
    running.sort((a, b) => Date.parse(b.started_at) - Date.parse(a.started_at));
    return running[0] ?? null;
  }

  /** Takes in a workout's newest state; without `exercises` the known ones stay. */
  put(workout) {
    const known = this.live.get(workout.id);
    const merged = { exercises: known?.exercises ?? [], ...workout };
    if (workout.state === "live") {
      this.live.set(workout.id, merged);
    } else if (known) {
      this.live.delete(workout.id);
      this.finished = merged;
    }
  }

  apply({ event, data }) {
    switch (event) {
      case "workout.started":
        this.finished = null;
        this.put(data.workout);
        break;
      case "workout.updated":
      case "workout.restored":
      case "workout.finished":
        this.put(data.workout);
        break;
      case "workout.deleted":
        this.live.delete(data.workout.id);
        break;
      case "set.logged":
      case "set.updated":
        this.#put_set(data.set);
        break;
      case "set.deleted":
        this.#remove_set(data.set);
        break;
      case "record.achieved":
        this.#put_record(data.record);
        break;
    }
  }

  #put_set(set) {
    const workout = this.live.get(set.workout_id);
    if (!workout) return;
    this.#remove_set(set);
    let instance = workout.exercises.find(({ id }) => id === set.exercise_instance_id);
    if (!instance) {
      const position = Math.max(-1, ...workout.exercises.map((one) => one.position)) + 1;
      instance = { id: set.exercise_instance_id, exercise_id: set.exercise_id, position, sets: [] };
      workout.exercises.push(instance);
    }
    instance.sets.push(set);
    instance.sets.sort(by_position);
  }

  #remove_set(set) {
    for (const instance of this.live.get(set.workout_id)?.exercises ?? []) {
      instance.sets = instance.sets.filter(({ id }) => id !== set.id);
    }
  }

  #put_record(record) {
    const others = (this.records.get(record.set_id) ?? []).filter(
      ({ kind }) => kind !== record.kind,
    );
    this.records.set(record.set_id, [...others, record]);
  }
}

/**
 * The exercises of a workout in order, each with its sets; sets still on their way (outbox entries)
 * stand at the end of theirs. Each set is `{set, entry}`, where only waiting ones have an entry.
 */
export function arrange(workout, waiting) {
  const stored = new Set(workout.exercises.flatMap(({ sets }) => sets.map(({ id }) => id)));
  const rows = [...workout.exercises]
    .sort(by_position)
    .map(({ id, exercise_id, sets }) => ({ id, exercise_id, sets: sets.map((set) => ({ set })) }));
  for (const entry of waiting) {
    const set = entry.data;
    if (set.workout_id !== workout.id || stored.has(set.id)) continue;
    let row = rows.findLast((one) =>
      set.exercise_instance_id
        ? one.id === set.exercise_instance_id
        : one.exercise_id === set.exercise_id,
    );
    if (!row) {
      row = { id: `new:${set.exercise_id}`, exercise_id: set.exercise_id, sets: [] };
      rows.push(row);
    }
    row.sets.push({ set, entry });
  }
  return rows.filter(({ sets }) => sets.length > 0);
}

/** The set that was done last, or null. */
export function last_set(workout) {
  const sets = workout.exercises.flatMap((instance) => instance.sets);
  return sets.reduce((last, set) => (!last || done_at(set) >= done_at(last) ? set : last), null);
}

/** When a set was done, in ms since 1970. */
export function done_at(set) {
  return Date.parse(set.completed_at ?? set.created_at);
}
