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
  #starting = 0;

  constructor({ name, client, exercises, random }) {
    Object.assign(this, { name, client, exercises, random });
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
    const sets = [...workout.sets];
    if (!workout.watched && (dice < 0.015 || workout.sets_logged > MOST_SETS)) return this.#claim(workout, "finish");
    if (!workout.watched && dice < 0.025) return this.#claim(workout, "delete");
    if (this.#deleted.length > 0 && this.#live() < MOST_LIVE && dice < 0.2) {
      return { kind: "restore", workout: this.#deleted.pop() };
    }
    if (dice < 0.1) return { kind: "rename", workout: workout.id, marker: `note ${++this.#markers}` };
    if (dice < 0.25 && sets.length > 0) {
      return { kind: "update", workout: workout.id, set: random.pick(sets), marker: ++this.#markers };
    }
    if ((dice < 0.32 || workout.sets_logged > WATCHED_SETS) && sets.length > 0) {
      const set = random.pick(sets);
      workout.sets.delete(set);
      return { kind: "remove", workout: workout.id, set };
    }
    return this.#log(workout);
  };

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

  #log(workout) {
    const { random } = this;
    const fields = { exercise_id: random.pick(this.exercises), reps: random.between(1, 12) };
    if (random.chance(0.8)) fields.weight = { value: random.between(20, 200), unit: random.pick(["kg", "lb"]) };
    ++workout.sets_logged;
    return { kind: "log", workout: workout.id, set: uuid7(random.bytes), fields };
  }

  /** Called for each acknowledged operation: from now on others may build on it. */
  learn = ({ kind, workout, set }) => {
    if (kind === "start") {
      --this.#starting;
      const watched = this.#workouts.size === 0;
      this.#workouts.set(workout, { id: workout, sets: new Set(), sets_logged: 0, busy: false, watched });
    } else if (kind === "log") {
      this.#workouts.get(workout)?.sets.add(set);
    } else if (kind === "finish") {
      this.#workouts.delete(workout);
    } else if (kind === "delete") {
      this.#workouts.delete(workout);
      this.#deleted.push(workout);
    }
  };
}
