// Sets that were logged here and are not acknowledged yet. Each is kept in localStorage under its
// own key until the server has it, so that neither a lost connection nor a reload loses a set. The
// set's id is also the id of its command: sending it again never makes a second one.

import { Disconnected } from "./live.js";

const BUSY_MS = 2_000;

export class Outbox {
  #prefix;
  #sending = new Set();
  #entries = new Map();

  /** `send(id, data)` resolves after the commit; `changed()` is called when an entry's state moved. */
  constructor(user_id, send, changed) {
    this.#prefix = `spotter.outbox.${user_id}.`;
    this.send = send;
    this.changed = changed;
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(this.#prefix));
    for (const key of keys.sort()) {
      const data = JSON.parse(localStorage.getItem(key));
      this.#entries.set(data.id, { data, problem: null });
    }
  }

  /** `{data, problem}` in the order of logging; with a problem the server has refused it. */
  get entries() {
    return [...this.#entries.values()];
  }

  /** Keeps a set and sends it; resolves with a refusal's Problem, or with null once it is stored. */
  add(data) {
    const entry = { data, problem: null };
    this.#entries.set(data.id, entry);
    localStorage.setItem(this.#prefix + data.id, JSON.stringify(data));
    this.changed();
    return this.#deliver(entry);
  }

  /** Sends everything that still waits; called whenever the connection is live again. */
  flush() {
    for (const entry of this.entries) {
      if (!entry.problem) this.#deliver(entry);
    }
  }

  /** Forgets a set that is stored, or that the lifter gave up. */
  remove(id) {
    this.#entries.delete(id);
    localStorage.removeItem(this.#prefix + id);
    this.changed();
  }

  async #deliver(entry) {
    const { id } = entry.data;
    if (this.#sending.has(id)) return null;
    this.#sending.add(id);
    try {
      await this.send(id, entry.data);
      this.remove(id);
    } catch (error) {
      if (error.passing) {
        setTimeout(() => this.flush(), BUSY_MS * (1 + Math.random()));
      } else if (!(error instanceof Disconnected)) {
        entry.problem = error;
        this.changed();
        return error;
      }
    } finally {
      this.#sending.delete(id);
    }
    return null;
  }
}
