// What a log of events says that the state must be.

/** The workouts after these events, by id: `{id, state, notes, deleted, version, sets}`. */
export function retell(events) {
  const workouts = new Map();
  for (const event of events) tell(workouts, event);
  return workouts;
}

function tell(workouts, { event, position, data }) {
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

/** The workout that an event belongs to; undefined outside of one. Remembers the sets it has seen. */
export function workout_of(event, workout_of_set) {
  const { workout, set, record } = event.data;
  if (set) workout_of_set.set(set.id, set.workout_id);
  if (record) return workout_of_set.get(record.set_id);
  return workout?.id ?? set?.workout_id;
}
