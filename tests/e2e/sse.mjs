// A stream of server-sent events as a client sees it.

import { get } from "node:http";

import { deferred, within } from "./waiting.mjs";

const PATIENCE_MS = 15_000;

export class EventStream {
  events = []; // {id, data}: data parsed
  #waiting = new Set();
  #text = "";

  static async open(server, path, headers) {
    const stream = new EventStream();
    const answered = deferred();
    stream.request = get(server.url + path, { headers, agent: false }, answered.resolve);
    stream.request.on("error", answered.reject);
    const answer = await within(PATIENCE_MS, "an answer", answered.promise);
    Object.assign(stream, { status: answer.statusCode, headers: answer.headers });
    answer.setEncoding("utf8");
    answer.on("data", (chunk) => stream.#take(chunk));
    answer.on("error", () => {});
    stream.ended = new Promise((resolve) => answer.on("close", resolve));
    return stream;
  }

  #take(chunk) {
    this.#text += chunk;
    const blocks = this.#text.split("\n\n");
    this.#text = blocks.pop();
    for (const block of blocks) this.#block(block.split("\n"));
    for (const look of this.#waiting) look();
  }

  #block(lines) {
    const field = (name) => lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trimStart());
    const data = field("data").join("\n");
    if (data) this.events.push({ id: field("id")[0], data: JSON.parse(data) });
  }

  /** The first event, past or to come, whose data fits. */
  wait(fits, what) {
    const found = deferred();
    const look = () => {
      const event = this.events.find(({ data }) => fits(data));
      if (event) found.resolve(event);
    };
    this.#waiting.add(look);
    look();
    return within(PATIENCE_MS, what, found.promise).finally(() => this.#waiting.delete(look));
  }

  event(seq) {
    return this.wait(({ type, position }) => type === "event" && position.seq === seq, `event ${seq}`);
  }

  close() {
    this.request.destroy();
  }
}
