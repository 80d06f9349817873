/** Names of exercises: asked for once each, shown as soon as they are known. */
export class Exercises {
  #known = new Map();
  #asked = new Set();

  constructor(api, changed) {
    this.api = api;
    this.changed = changed;
  }

  /** The name, or a placeholder while it is fetched; `changed()` is called when it has come. */
  name_of = (id) => {
    if (!this.#known.has(id)) this.#fetch(id);
    return this.#known.get(id) ?? "…";
  };

  /** At most eight exercises whose names fit `text`. */
  async search(text, signal) {
    const path = `/v1/exercises?limit=8&q=${encodeURIComponent(text)}`;
    const { items } = await this.api.call("GET", path, undefined, { signal });
    for (const { id, name } of items) this.#known.set(id, name);
    return items;
  }

  async #fetch(id) {
    if (this.#asked.has(id)) return;
    this.#asked.add(id);
    try {
      const { name } = await this.api.call("GET", `/v1/exercises/${id}`);
      this.#known.set(id, name);
      this.changed();
    } catch (error) {
      // A deleted exercise stays a dash; anything else is asked for again with the next drawing.
      if (error.status === 404) this.#known.set(id, "–");
      else this.#asked.delete(id);
    }
  }
}
