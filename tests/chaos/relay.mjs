// A TCP relay in front of a port: a link that can be slowed down, stalled or cut. It needs no rights.

import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Relay {
  #pairs = new Set();
  #delay_ms = 0;
  #stalled = { up: false, down: false };

  /** Listens on a free port of this machine and passes everything on to `port` of `host`. */
  static async to(port, host = "127.0.0.1") {
    const relay = new Relay();
    relay.target = { port, host };
    relay.server = createServer({ allowHalfOpen: true }, (socket) => relay.#join(socket)).listen(0, "127.0.0.1");
    await once(relay.server, "listening");
    relay.port = relay.server.address().port;
    return relay;
  }

  #join(near) {
    const far = connect({ ...this.target, allowHalfOpen: true });
    const pair = { near, far };
    this.#pairs.add(pair);
    const end = () => {
      near.destroy();
      far.destroy();
      this.#pairs.delete(pair);
    };
    for (const [from, to, way] of [[near, far, "up"], [far, near, "down"]]) {
      from.setNoDelay(true);
      from.on("error", end);
      from.on("close", end);
      const in_order = this.#lane();
      from.on("data", (chunk) => in_order(() => to.writable && to.write(chunk)));
      from.on("end", () => in_order(() => to.end()));
      if (this.#stalled[way]) from.pause();
    }
  }

  /** One way of one connection: things happen after the delay of the moment, and never overtake each other. */
  #lane() {
    const waiting = [];
    const run = () => {
      const now = Date.now();
      while (waiting.length > 0 && waiting[0].due <= now) waiting.shift().what();
      if (waiting.length > 0) setTimeout(run, waiting[0].due - now);
    };
    return (what) => {
      if (waiting.length === 0 && this.#delay_ms === 0) return what();
      waiting.push({ what, due: Date.now() + this.#delay_ms });
      if (waiting.length === 1) setTimeout(run, this.#delay_ms);
    };
  }

  /** Everything takes this much longer from now on, each way. */
  delay(ms) {
    this.#delay_ms = ms;
  }

  /** Nothing passes any more in these directions, and nobody is told: "up" is towards the port. */
  stall(...ways) {
    this.#let_through(ways, true);
  }

  /** What was held passes, and all that follows. */
  flow() {
    this.#let_through(["up", "down"], false);
  }

  #let_through(ways, stalled) {
    for (const way of ways) {
      this.#stalled[way] = stalled;
      for (const { near, far } of this.#pairs) {
        const from = way === "up" ? near : far;
        if (stalled) from.pause();
        else from.resume();
      }
    }
  }

  /** Breaks every connection; new ones are taken. */
  cut() {
    for (const { near, far } of this.#pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
  }

  close() {
    this.server.close();
    this.cut();
  }
}
