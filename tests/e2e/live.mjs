// The live stream as a client sees it. Everything that comes is kept, in order.

import WebSocket from "ws";

import { deferred, within } from "./waiting.mjs";

const PATIENCE_MS = 15_000;

export class Live {
  frames = [];
  patience_ms = PATIENCE_MS;
  /** Resolves with `{code, reason}` when the connection is over. */
  closed = deferred();
  #waiting = new Set();
  #next_id = 1;

  /**
   * An open socket that has had its `hello`. `token` goes into the header; without one the socket is not
   * authenticated yet. `on_frame` is called with each frame as it comes.
   */
  static async open(server, { token, headers = {}, protocol = "spotter.v1", on_frame, patience_ms = PATIENCE_MS } = {}) {
    const live = new Live();
    live.on_frame = on_frame;
    live.patience_ms = patience_ms;
    const url = `${server.url.replace(/^http/, "ws")}/v1/live`;
    const sent = { ...headers };
    if (token) sent.authorization = `Bearer ${token}`;
    const socket = new WebSocket(url, protocol, { headers: sent, ca: server.ca, perMessageDeflate: false });
    live.socket = socket;
    socket.on("message", (data) => live.#receive(JSON.parse(data)));
    socket.on("close", (code, reason) => live.closed.resolve({ code, reason: reason.toString() }));
    const opened = deferred();
    socket.on("unexpected-response", (request, answer) => {
      opened.reject(Object.assign(new Error(`refused with ${answer.statusCode}`), { status: answer.statusCode }));
      request.destroy();
    });
    socket.on("open", opened.resolve);
    socket.on("error", opened.reject);
    await within(patience_ms, "an open socket", opened.promise);
    await live.wait((frame) => frame.type === "hello", "hello");
    return live;
  }

  /** Opens, authenticates by header and subscribes; `answer` has the subscription's answer. */
  static async follow(server, token, topic = "me", since = undefined) {
    const live = await Live.open(server, { token });
    live.answer = await live.subscribe(topic, since);
    return live;
  }

  #receive(frame) {
    this.frames.push(frame);
    this.on_frame?.(frame);
    for (const one of this.#waiting) one();
  }

  /** The first frame that fits, past (after the first `seen`) or to come. */
  async wait(fits, what = "a frame", { ms = this.patience_ms, seen = 0 } = {}) {
    const found = deferred();
    const look = () => {
      while (seen < this.frames.length) {
        const frame = this.frames[seen++];
        if (fits(frame)) return found.resolve(frame);
      }
    };
    this.#waiting.add(look);
    look();
    const over = this.closed.promise.then(({ code, reason }) => {
      look();
      throw new Error(`${what}: the socket closed with ${code} ${reason}`);
    });
    over.catch(() => {});
    try {
      return await within(ms, what, Promise.race([found.promise, over]));
    } finally {
      this.#waiting.delete(look);
    }
  }

  send(message) {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** Sends with an id of its own and resolves with the frame that answers it. */
  ask(message) {
    const id = this.#next_id++;
    const seen = this.frames.length;
    this.send({ id, ...message });
    return this.wait((frame) => frame.id === id, `an answer to ${message.type} ${id}`, { seen });
  }

  auth(token) {
    return this.ask({ type: "auth", token });
  }

  subscribe(topic, since) {
    return this.ask({ type: "subscribe", topic, ...(since ? { since } : {}) });
  }

  command(command, command_id, data) {
    return this.ask({ type: "command", command, command_id, data });
  }

  /** The events of a topic that have come so far. */
  events(topic = "me") {
    return this.frames.filter((frame) => frame.type === "event" && frame.topic === topic);
  }

  /** Waits for the event of this seq. */
  event(seq, topic = "me") {
    return this.wait(
      (frame) => frame.type === "event" && frame.topic === topic && frame.position.seq === seq,
      `event ${seq} of ${topic}`,
    );
  }

  /** Waits for the connection's end. */
  end(ms = PATIENCE_MS) {
    return within(ms, "the socket's end", this.closed.promise);
  }

  async close() {
    this.socket.close();
    await this.end();
  }
}
