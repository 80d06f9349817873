// A subscriber that comes back by itself and resumes where it stopped. It keeps every frame of its stream.

import { Live } from "../e2e/live.mjs";

export class Watcher {
  records = [];
  resumes = 0;
  reloads = 0; // resumes that were answered with a snapshot
  #position;
  #left; // where it was last
  #live = null;
  #stopping = false;
  #notify = () => {};

  constructor({ name, places, token, topic, gate, random }) {
    Object.assign(this, { name, places, token, topic, gate, random });
  }

  /** Follows until `stop()`. */
  async follow() {
    for (let failures = 0; !this.#stopping; ) {
      await this.gate.open();
      try {
        await this.#session();
        failures = 0;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 10 * 2 ** Math.min(failures++, 5)));
      }
    }
  }

  async #session() {
    const resuming = this.#position !== undefined;
    const place = this.places.choose(this.random, this.#left);
    this.#left = place;
    const { patience_ms } = this.places;
    const live = await Live.open(place, { token: this.token, on_frame: this.#keep, patience_ms });
    this.#live = live;
    if (this.#stopping) live.socket.terminate();
    try {
      const { type, recovered } = await live.subscribe(this.topic, this.#position);
      if (type !== "subscribed") throw new Error("not subscribed");
      if (resuming) {
        ++this.resumes;
        if (!recovered) ++this.reloads;
      }
      await live.closed.promise;
    } finally {
      // One that was given up must not go on to feed the same records.
      live.socket.terminate();
    }
  }

  #keep = (frame) => {
    if (frame.topic !== this.topic || (frame.type !== "subscribed" && frame.type !== "event")) return;
    this.records.push(frame);
    if (frame.type === "event" || !frame.recovered) this.#position = frame.position;
    this.#notify();
  };

  /** Hangs up without a word; it comes back by itself. */
  drop() {
    this.#live?.socket.terminate();
  }

  /** Resolves once the event of this seq has come, or after `ms` without it. */
  async reached(seq, ms) {
    const come = () => (this.#position?.seq ?? -1) >= seq;
    if (come()) return;
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#notify = () => {
        if (!come()) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  stop() {
    this.#stopping = true;
    this.drop();
  }
}
