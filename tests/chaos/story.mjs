// One user's history, made step by step, for scripts that lead to a certain place.

import { Client } from "../e2e/client.mjs";
import { until } from "../e2e/waiting.mjs";
import { uuid7 } from "../e2e/uuid.mjs";

const PATIENCE_MS = 30_000;

export class Story {
  operations = [];
  reads = [];
  #acknowledgements = 0;
  #clients = new Map();

  /** A fresh user with a workout, through this node. */
  static async begin(server) {
    const story = new Story();
    story.client = await Client.register(server);
    story.exercise = await story.client.exercise();
    const workout = await story.client.start_workout();
    story.workout = workout.id;
    story.operations.push({ op: "start", kind: "start", workout: workout.id, outcome: "acknowledged", acked_at: 0 });
    return story;
  }

  get user_id() {
    return this.client.user.id;
  }

  /** Sends a set to this node, once; resolves with the operation when it was answered, or not in time. */
  async log_set(server) {
    const op = { op: `set ${this.operations.length}`, kind: "log", workout: this.workout, set: uuid7(), outcome: "unknown" };
    this.operations.push(op);
    const body = { id: op.set, exercise_id: this.exercise.id, reps: 5 };
    const answer = await this.#ask(server, "POST", `/v1/workouts/${this.workout}/sets`, body, PATIENCE_MS);
    if (answer?.status === 201) {
      Object.assign(op, { outcome: "acknowledged", version: answer.json.version, acked_at: ++this.#acknowledgements });
    }
    return op;
  }

  /** Reads the workout through this node; true if it was answered. */
  async read(server, patience_ms = 5_000) {
    const began = this.#acknowledgements;
    const answer = await this.#ask(server, "GET", `/v1/workouts/${this.workout}`, undefined, patience_ms);
    if (answer?.status !== 200) return false;
    this.reads.push({ by: "reader", node: server.name, began, workout: this.workout, shown: answer.json });
    return true;
  }

  #ask(server, method, path, body, patience_ms) {
    if (!this.#clients.has(server)) this.#clients.set(server, new Client(server, this.client.token));
    const signal = AbortSignal.timeout(patience_ms);
    return this.#clients.get(server).call(method, path, body, {}, { signal }).catch(() => null);
  }

  /** The history for the checker, as this node tells it in the end. */
  async settle(server) {
    const client = new Client(server, this.client.token);
    const log = await until(PATIENCE_MS, "the log", () => client.changes().catch(() => null));
    const shown = await client.expect(200, client.get(`/v1/workouts/${this.workout}`));
    for (const one of [client, this.client, ...this.#clients.values()]) one.close();
    const { operations, reads } = this;
    return { users: [{ user: "u", operations, reads, log, workouts: [shown], streams: [] }] };
  }
}
