// A watcher: one WebSocket on one topic, which remembers what it saw and when.

import { WebSocket } from "ws";

export class Watcher {
  /** Set events in the order of their coming: `{set, at_ms}` by the process's own clock. */
  sets = [];
  /** What was wrong with the stream, in words. */
  faults = [];
  #socket = null;
  #position = null;
  #listeners = new Map(); // event name → resolve
  #subscribed = null;

  /** `told(event, data, at_ms)` is called with each event. */
  constructor(name, base, token, told) {
    this.name = name;
    this.url = `${base.replace(/^http/, "ws")}/v1/live`;
    this.token = token;
    this.told = told;
  }

  /** Resolves when the server says that the topic is subscribed. */
  watch(topic, { gapless }) {
    this.gapless = gapless;
    return new Promise((resolve, reject) => {
      this.#subscribed = { resolve, reject };
      this.#socket = new WebSocket(this.url, "spotter.v1", {
        headers: { Authorization: `Bearer ${this.token}` },
      });
      this.#socket.on("open", () =>
        this.#socket.send(JSON.stringify({ id: 1, type: "subscribe", topic })),
      );
      this.#socket.on("message", (text) => this.#receive(JSON.parse(text), performance.now()));
      this.#socket.on("error", (error) => reject(error));
      this.#socket.on("close", (code) => this.#closed(code));
    });
  }

  /** Resolves true with the next event of that name, false when it doesn't come in time. */
  until(event, patience_ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), patience_ms);
      this.#listeners.set(event, () => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  close() {
    this.#socket?.removeAllListeners("close");
    this.#socket?.close();
  }

  #receive(message, at_ms) {
    if (message.type === "subscribed") {
      this.#position = message.position;
      this.#subscribed.resolve();
    } else if (message.type === "error") {
      this.#subscribed.reject(
        new Error(`${this.name}: ${message.problem.detail ?? message.problem.title}`),
      );
    } else if (message.type === "event") {
      this.#check_order(message.position.seq);
      this.#position = message.position;
      if (message.event === "set.logged") this.sets.push({ set: message.data.set, at_ms });
      this.told(message.event, message.data, at_ms);
      this.#listeners.get(message.event)?.();
    }
  }

  // "me" carries every event of the user; a workout's topic leaves out what is not about it.
  #check_order(seq) {
    const last = this.#position.seq;
    if (seq <= last) this.faults.push(`${this.name}: seq ${seq} came after ${last}`);
    else if (this.gapless && seq !== last + 1)
      this.faults.push(`${this.name}: seq ${last} was followed by ${seq}`);
  }

  #closed(code) {
    this.faults.push(`${this.name}: the server closed the socket (${code})`);
    this.#subscribed.reject(new Error(this.faults.at(-1)));
  }
}
