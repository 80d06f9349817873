// The live stream of one topic: a socket that comes back by itself and resumes where it stopped.
//
// States: connecting → live → waiting → connecting …; `stopped` when the server said not to return.
// The position moves only with an event that was handed on, so a resume asks for exactly the rest.

import { Problem } from "./api.js";

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;
const PROBE_MS = 4_000;

/** The socket went away before the answer came: the outcome is unknown, send it again. */
export class Disconnected extends Error {}

export class Live {
  #socket = null;
  #position = null;
  #next_id = 1;
  #waiting = new Map(); // id → {resolve, reject}
  #attempt = 0;
  #timer = 0;
  #heartbeat = 0;
  #probe = 0;
  #drain_ms = 0;
  #gap = false;
  #renew = false;
  #ended = false;

  /**
   * `token({renew})` gives an access token. Handlers: `state(name, detail)`, `snapshot(data)`,
   * `event(message)`.
   */
  constructor({ topic, token, handlers }) {
    this.topic = topic;
    this.token = token;
    this.handlers = handlers;
    addEventListener("online", this.#on_network);
    addEventListener("offline", this.#on_network);
  }

  start() {
    this.#ended = false;
    this.#attempt = 0;
    this.#connect();
  }

  /** Ends for good; nothing is called afterwards. */
  stop() {
    this.#ended = true;
    removeEventListener("online", this.#on_network);
    removeEventListener("offline", this.#on_network);
    clearTimeout(this.#timer);
    this.#drop();
  }

  /** Renews the open socket's authentication in place. */
  renew(token) {
    if (this.#socket?.readyState === WebSocket.OPEN)
      this.#ask({ type: "auth", token }).catch(() => {});
  }

  /** Resolves with the ack's data after the commit; rejects with a Problem or Disconnected. */
  command(command, command_id, data) {
    return this.#ask({ type: "command", command, command_id, data });
  }

  async #connect() {
    clearTimeout(this.#timer);
    this.#drop();
    if (this.#ended) return;
    this.handlers.state("connecting");
    let token;
    try {
      token = await this.token({ renew: this.#renew });
      this.#renew = false;
    } catch {
      return this.#retry();
    }
    if (this.#ended || this.#socket) return;
    const url = new URL("/v1/live", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = (this.#socket = new WebSocket(url, "spotter.v1"));
    socket.onopen = () => this.#greet(token);
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    socket.onclose = ({ code, reason }) => this.#closed(code, reason);
  }

  async #greet(token) {
    try {
      await this.#ask({ type: "auth", token });
      const request = { type: "subscribe", topic: this.topic };
      if (this.#position) request.since = this.#position;
      await this.#ask(request);
      this.#attempt = 0;
      this.handlers.state("live");
    } catch (error) {
      if (error instanceof Disconnected) return;
      this.#renew = error.status === 401;
      this.#lost();
    }
  }

  #receive(message) {
    clearTimeout(this.#probe);
    this.#probe = 0;
    const asked = this.#waiting.get(message.id);
    if (asked) this.#waiting.delete(message.id);
    switch (message.type) {
      case "hello":
        clearInterval(this.#heartbeat);
        this.#heartbeat = setInterval(
          () => this.#check(message.heartbeat_ms),
          message.heartbeat_ms,
        );
        break;
      case "subscribed":
        // A full replay follows when there is no snapshot; it starts after our own position.
        if (message.snapshot) {
          this.handlers.snapshot(message.snapshot);
          this.#position = message.position;
        }
        this.#position ??= message.position;
        asked?.resolve();
        break;
      case "event":
        this.#on_event(message);
        break;
      case "error":
        asked?.reject(new Problem(message.problem));
        break;
      case "drain":
        this.#drain_ms = message.reconnect_after_ms;
        this.#timer = setTimeout(() => {
          this.#drain_ms = 0;
          this.#lost();
        }, this.#drain_ms);
        break;
      default:
        asked?.resolve(message.data);
    }
  }

  #on_event(message) {
    const { seq } = message.position;
    if (seq <= this.#position.seq) return;
    // A gap is never papered over: come back and ask for what is missing, or for everything when
    // that had a gap too.
    if (seq !== this.#position.seq + 1) {
      if (this.#gap) this.#position = null;
      this.#gap = true;
      return this.#lost();
    }
    this.#gap = false;
    this.#position = message.position;
    this.handlers.event(message);
  }

  #ask(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return Promise.reject(new Disconnected());
    const id = this.#next_id++;
    this.#socket.send(JSON.stringify({ id, ...message }));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  // A dead connection can look open for minutes: a ping without any answer ends it.
  #check(patience_ms) {
    if (this.#probe) return;
    this.#ask({ type: "ping" }).catch(() => {});
    this.#probe = setTimeout(() => this.#lost(), patience_ms);
  }

  // The browser's word about the network is a hint only: the server may be this very machine.
  #on_network = ({ type }) => {
    if (this.#ended) return;
    if (type === "online" && this.#socket?.readyState !== WebSocket.OPEN) {
      this.#attempt = 0;
      this.#connect();
    } else {
      this.#check(PROBE_MS);
    }
  };

  #closed(code, reason) {
    if (code >= 4500 && code < 5000) {
      this.#drop();
      this.handlers.state("stopped", reason);
    } else {
      this.#lost();
    }
  }

  #lost() {
    this.#drop();
    this.#retry();
  }

  #retry() {
    if (this.#ended) return;
    const ceiling = Math.min(FIRST_DELAY_MS * 2 ** this.#attempt++, LONGEST_DELAY_MS);
    const delay = Math.max(this.#drain_ms, ceiling / 2) + (Math.random() * ceiling) / 2;
    this.#drain_ms = 0;
    this.handlers.state("waiting");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#connect(), delay);
  }

  #drop() {
    clearInterval(this.#heartbeat);
    clearTimeout(this.#probe);
    this.#probe = 0;
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    for (const { reject } of this.#waiting.values()) reject(new Disconnected());
    this.#waiting.clear();
  }
}
