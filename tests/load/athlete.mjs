// One user with several devices, who choose what to do at random from what they know to be stored. What can
// happen only once (finish, delete, restore, the end of a set) is done by one device only, so that each event
// of the log belongs to one operation.

import { uuid7 } from "../e2e/uuid.mjs";

const MOST_LIVE = 5;
const MOST_SETS = 120;
const WATCHED_SETS = 900;

export class Athlete {
  #markers = 0;
  #workouts = new Map(); // live ones known to be stored: id → {id, sets, busy, watched}
  #deleted = []; // to be restored
  #finished = []; // whose sets can still be corrected
  #starting = 1; // the first one, which is there from the beginning

  constructor({ name, client, exercises, random, watched_sets = WATCHED_SETS }) {
    Object.assign(this, { name, client, exercises, random, watched_sets });
    this.devices = [];
    this.watchers = [];
    this.stopping = false;
  }

  /** The workout that is never finished or deleted, so that it can be watched to the end. */
  get watched() {
    return [...this.#workouts.values()].find(({ watched }) => watched)?.id;
  }

  /** The next operation of a device; undefined when the run is over. */
  next_op = () => {
    if (this.stopping) return undefined;
    const { random } = this;
    const known = [...this.#workouts.values()].filter(({ busy }) => !busy);
    if (known.length === 0 || (this.#live() < MOST_LIVE && random.chance(0.03))) return this.#start();
    const workout = random.pick(known);
    const dice = random.next();
    if (this.#finished.length > 0 && random.chance(0.05)) return this.#correct(random.pick(this.#finished));
    const sets = [...workout.sets];
    if (!workout.watched && (dice < 0.015 || workout.sets_logged > MOST_SETS)) return this.#claim(workout, "finish");
    if (!workout.watched && !workout.restored && dice < 0.025) return this.#claim(workout, "delete");
    if (this.#deleted.length > 0 && dice < 0.05) return this.#restore(this.#deleted.pop());
    if (dice < 0.1) return { kind: "rename", workout: workout.id, marker: `note ${++this.#markers}` };
    if (dice < 0.25 && sets.length > 0) return this.#update(workout, random.pick(sets));
    if ((dice < 0.32 || workout.sets_logged > this.watched_sets) && sets.length > 0) {
      return this.#remove(workout, random.pick(sets));
    }
    return this.#log(workout);
  };

  #update(workout, set) {
    return { kind: "update", workout: workout.id, set, marker: ++this.#markers };
  }

  #remove(workout, set) {
    workout.sets.delete(set);
    return { kind: "remove", workout: workout.id, set };
  }

  #correct(workout) {
    const set = this.random.pick([...workout.sets]);
    // The last one stays, so that there is always one to correct.
    return workout.sets.size > 1 && this.random.chance(0.5) ? this.#remove(workout, set) : this.#update(workout, set);
  }

  #live() {
    return this.#workouts.size + this.#starting;
  }

  #start() {
    ++this.#starting;
    return { kind: "start", workout: uuid7(this.random.bytes), marker: `note ${++this.#markers}` };
  }

  #claim(workout, kind) {
    workout.busy = true;
    return { kind, workout: workout.id };
  }

  #restore(workout) {
    this.#workouts.set(workout.id, Object.assign(workout, { busy: true, restored: true }));
    return { kind: "restore", workout: workout.id };
  }

  #log(workout) {
    const { random } = this;
    const fields = { exercise_id: random.pick(this.exercises), reps: random.between(1, 12) };
    if (random.chance(0.8)) fields.weight = { value: random.between(20, 200), unit: random.pick(["kg", "lb"]) };
    ++workout.sets_logged;
    return { kind: "log", workout: workout.id, set: uuid7(random.bytes), fields };
  }

  /** Called with each operation once its outcome is definite: from then on others may build on it. */
  learn = (op) => {
    if (op.kind === "start") --this.#starting;
    if (op.outcome === "acknowledged") this.#stored(op);
    else this.#refused(op);
  };

  #stored({ kind, workout: id, set }) {
    const workout = this.#workouts.get(id);
    if (kind === "start") {
      this.#workouts.set(id, { id, sets: new Set(), sets_logged: 0, refusals: 0, watched: this.#workouts.size === 0 });
    } else if (kind === "log") {
      workout?.sets.add(set);
    } else if (kind === "finish" || kind === "delete") {
      this.#workouts.delete(id);
      if (kind === "finish" && workout?.sets.size > 0) this.#finished.push(workout);
      // Another device's refusal may have given it up before this answer came.
      if (kind === "delete" && workout) this.#deleted.push(workout);
    } else if (kind === "restore") {
      // It may have been given up meanwhile, for refusals that the kills brought about.
      if (workout) workout.busy = false;
    }
  }

  // One refusal comes from a race of two devices; more of them mean that the workout is not there.
  #refused({ workout: id }) {
    const workout = this.#workouts.get(id);
    if (workout && (workout.busy || ++workout.refusals > 5)) this.#workouts.delete(id);
  }
}
