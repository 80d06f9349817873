// One attempt of an operation over REST.

import { Client } from "../e2e/client.mjs";

const ATTEMPT_MS = 12_000;

/** `{method, path, body}` of each kind of operation. */
const REQUESTS = {
  start: ({ workout, marker }) => ["POST", "/v1/workouts", { id: workout, notes: marker }],
  rename: ({ workout, marker }) => ["PATCH", `/v1/workouts/${workout}`, { notes: marker }],
  finish: ({ workout }) => ["POST", `/v1/workouts/${workout}/finish`, {}],
  delete: ({ workout }) => ["DELETE", `/v1/workouts/${workout}`],
  restore: ({ workout }) => ["POST", `/v1/workouts/${workout}/restore`],
  log: ({ workout, set, fields }) => ["POST", `/v1/workouts/${workout}/sets`, { id: set, ...fields }],
  update: ({ workout, set, marker }) => ["PATCH", `/v1/workouts/${workout}/sets/${set}`, { duration_ms: marker }],
  remove: ({ workout, set }) => ["DELETE", `/v1/workouts/${workout}/sets/${set}`],
};

export class RestDevice {
  #client = null;
  #left;

  constructor(places, token, random) {
    Object.assign(this, { places, token, random });
  }

  /**
   * Sends it once. Answers `{status, version, why}`; throws when no answer came. With `impatient_ms` the
   * connection is dropped after that time, as by a phone in a lift.
   */
  async attempt(op, impatient_ms) {
    const [method, path, body] = REQUESTS[op.kind](op);
    const headers = op.key ? { "idempotency-key": op.key } : {};
    if (method === "PATCH") headers["content-type"] = "application/merge-patch+json";
    const signal = AbortSignal.timeout(impatient_ms ?? this.places.patience_ms ?? ATTEMPT_MS);
    this.#client ??= new Client(this.places.choose(this.random, this.#left), this.token);
    const answer = await this.#client.call(method, path, body, headers, { signal });
    return { status: answer.status, version: answer.json?.version, why: answer.text.slice(0, 300) };
  }

  /** The next attempt goes elsewhere. */
  leave() {
    this.#left = this.#client?.server;
    this.close();
  }

  close() {
    this.#client?.close();
    this.#client = null;
  }
}
