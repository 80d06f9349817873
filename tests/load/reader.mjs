// Somebody who looks, through any node, at what was acknowledged a moment ago. What is kept is what the answer
// has to contain: everything acknowledged before the question was asked.

import { Client } from "../e2e/client.mjs";

const READ_MS = 5_000;
const TRIES = 3;
const PAGE = 200;

export class Reader {
  reads = [];
  #acknowledgements = 0;
  #seq = 0; // of the newest event seen
  #clients = new Map();

  constructor({ places, token, random }) {
    Object.assign(this, { places, token, random });
  }

  /** Counts an acknowledgement; answers its number. */
  acknowledged() {
    return ++this.#acknowledgements;
  }

  /** Reads the workout of this operation or the latest events; an answer that does not come promises nothing. */
  async read(op, by) {
    const changes = this.random.chance(0.4);
    const since = this.#seq;
    const path = changes ? `/v1/changes?since=${since}&limit=${PAGE}` : `/v1/workouts/${op.workout}`;
    let unlike;
    for (let tries = 1; tries <= TRIES; ++tries) {
      const server = this.places.choose(this.random, unlike);
      unlike = server;
      const began = this.#acknowledgements;
      const answer = await this.#ask(server, path);
      if (!answer || answer.status >= 500) continue;
      if (changes) this.#keep_changes({ by, began, since, limit: PAGE, node: server.name }, answer);
      else this.#keep_workout({ by, began, workout: op.workout, node: server.name }, answer);
      return;
    }
  }

  #keep_changes(read, { status, json, text }) {
    if (status !== 200) throw new Error(`changes: ${status} ${text}`);
    this.reads.push({ ...read, items: json.items });
    this.#seq = Math.max(this.#seq, json.items.at(-1)?.position.seq ?? 0);
  }

  #keep_workout(read, { status, json, text }) {
    if (status !== 200 && status !== 404) throw new Error(`workout: ${status} ${text}`);
    this.reads.push({ ...read, shown: status === 200 ? json : null });
  }

  async #ask(server, path) {
    if (!this.#clients.has(server.url)) this.#clients.set(server.url, new Client(server, this.token));
    const signal = AbortSignal.timeout(this.places.patience_ms ?? READ_MS);
    return this.#clients.get(server.url).call("GET", path, undefined, {}, { signal }).catch(() => null);
  }

  close() {
    for (const client of this.#clients.values()) client.close();
  }
}
