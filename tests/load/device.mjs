// A device that keeps to the protocol: it sends an operation with an id of its own, and when the outcome is not
// known, sends the same again, until the answer is definite.

import { uuid7 } from "../e2e/uuid.mjs";

const DEFINITE_MS = 90_000;
const RETRY_MS = [5, 50]; // after the first failure; then twice as long each time,
const MOST_PATIENT = 8; // up to so many times as long

/** Answers that say nothing of the outcome, or only "not now". */
const passing = (status) => status >= 500 || status === 408 || status === 429;

/** Does its own id make it happen once? */
const has_own_id = ({ kind }) => kind === "start" || kind === "log";

export class Device {
  /**
   * `transport` has `attempt(op, impatient_ms)` and `leave()`, to go elsewhere; `gate.open()` resolves while the server is thought to run;
   * `concluded(op)` is called with each operation that got its definite answer, and `rested(op, name)` awaited
   * before the next one.
   */
  constructor({ name, transport, gate, random, always_keyed, concluded, rested = async () => {} }) {
    Object.assign(this, { name, transport, gate, random, always_keyed, concluded, rested });
    this.operations = [];
    this.attempts = 0;
    this.longest_wait_ms = 0; // from an operation's first attempt to its definite answer
    this.unanswered = []; // why each attempt had no definite answer: a status, or an error's code
    this.abandoned = false;
  }

  /** Carries out operations from `next_op()` until it gives none. */
  async work(next_op) {
    try {
      for (let op = next_op(this); op && !this.abandoned; op = next_op(this)) {
        await this.#carry_out(op);
        await this.rested(op, this.name);
      }
    } finally {
      this.transport.close();
    }
  }

  /** Ends the work without a definite answer to what is under way. */
  abandon() {
    this.abandoned = true;
    this.transport.close();
  }

  async #carry_out(op) {
    op.op = `${this.name}-${this.operations.length + 1}`;
    op.outcome = "unknown";
    if (this.always_keyed || !has_own_id(op) || this.random.chance(0.5)) op.key = uuid7(this.random.bytes);
    this.operations.push(op);
    const began = Date.now();
    const end = began + DEFINITE_MS;
    for (let tries = 1; Date.now() < end && !this.abandoned; ++tries) {
      await this.gate.open();
      op.asked = Date.now();
      const answer = await this.#attempt(op, tries);
      if (answer && !this.#undecided(answer)) {
        op.answered = Date.now();
        this.longest_wait_ms = Math.max(this.longest_wait_ms, op.answered - began);
        return this.#conclude(op, answer, tries);
      }
      if (answer) {
        this.unanswered.push(answer.status);
        op.last = answer.why;
        this.transport.leave();
      }
      await pause(this.random.between(...RETRY_MS) * Math.min(2 ** (tries - 1), MOST_PATIENT));
    }
  }

  async #attempt(op, tries) {
    ++this.attempts;
    const impatient = tries === 1 && this.random.chance(0.02) ? this.random.between(0, 4) : undefined;
    try {
      return await this.transport.attempt(op, impatient);
    } catch (error) {
      op.last = error.message;
      if (impatient === undefined) {
        this.unanswered.push(error.code ?? error.message.replace(/\d+/g, "…"));
        this.transport.leave();
      }
      return null;
    }
  }

  // The first request with this key may still run on the server's side.
  #undecided({ status, why }) {
    return passing(status) || (status === 409 && /idempotency_running/.test(why));
  }

  #conclude(op, { status, version, position, why }, tries) {
    // A repeated id is answered from what is there by then; a key, with the first answer.
    const exact = tries === 1 || (op.key !== undefined && !has_own_id(op));
    if (status < 300) {
      op.outcome = "acknowledged";
      if (exact) Object.assign(op, { version, position });
    } else {
      op.outcome = "refused";
      op.why = why;
      op.surely_absent = exact;
    }
    this.concluded(op);
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
