// One attempt of an operation as a command on the live stream.

import { Live } from "../e2e/live.mjs";
import { within } from "../e2e/waiting.mjs";

const ATTEMPT_MS = 12_000;

/** The command and its data for each kind of operation. */
const COMMANDS = {
  start: ({ workout, marker }) => ["workout.start", { id: workout, notes: marker }],
  rename: ({ workout, marker }) => ["workout.update", { workout_id: workout, notes: marker }],
  finish: ({ workout }) => ["workout.finish", { workout_id: workout }],
  delete: ({ workout }) => ["workout.delete", { workout_id: workout }],
  restore: ({ workout }) => ["workout.restore", { workout_id: workout }],
  log: ({ workout, set, fields }) => ["set.log", { workout_id: workout, id: set, ...fields }],
  update: ({ workout, set, marker }) => ["set.update", { workout_id: workout, set_id: set, duration_ms: marker }],
  remove: ({ workout, set }) => ["set.delete", { workout_id: workout, set_id: set }],
};

export class LiveDevice {
  #live = null;
  #told_to_go = false;
  #place;
  #left;

  constructor(places, token, random) {
    Object.assign(this, { places, token, random });
  }

  /** As `RestDevice.attempt`; the answer has the ack's `position` too. */
  async attempt(op, impatient_ms) {
    const live = (this.#live ??= await this.#open());
    const [command, data] = COMMANDS[op.kind](op);
    try {
      const asked = live.command(command, op.key, data);
      if (impatient_ms !== undefined) {
        asked.catch(() => {});
        live.socket.terminate();
        throw new Error("hung up");
      }
      const answer = await within(this.places.patience_ms ?? ATTEMPT_MS, op.kind, asked);
      if (this.#told_to_go) this.leave();
      if (answer.type === "ack") {
        return { status: 200, version: answer.data?.version, position: answer.position };
      }
      return { status: answer.problem.status, why: JSON.stringify(answer.problem) };
    } catch (error) {
      this.close();
      throw error;
    }
  }

  async #open() {
    this.#place = this.places.choose(this.random, this.#left);
    this.#told_to_go = false;
    const on_frame = ({ type }) => (this.#told_to_go ||= type === "drain");
    const live = await Live.open(this.#place, { token: this.token, patience_ms: this.places.patience_ms, on_frame });
    live.closed.promise.then(() => {
      if (this.#live === live) this.#live = null;
    });
    return live;
  }

  /** The next attempt goes elsewhere. */
  leave() {
    this.#left = this.#place;
    this.close();
  }

  close() {
    this.#live?.socket.terminate();
    this.#live = null;
  }
}
