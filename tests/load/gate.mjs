import { deferred } from "../e2e/waiting.mjs";

/** Devices and watchers wait here while the server is down. */
export class Gate {
  #opened = deferred();

  open() {
    return this.#opened.promise;
  }

  set(is_open) {
    if (is_open) this.#opened.resolve();
    else this.#opened = deferred();
  }
}
