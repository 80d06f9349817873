// The phone: everything that the demo does through REST, as one throw-away user.

import { randomBytes } from "node:crypto";

const TRIES = 5;

/** A UUIDv7. */
export function uuid7() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export class Phone {
  #token = null;

  constructor(base) {
    this.base = base;
  }

  get token() {
    return this.#token;
  }

  /** A fresh user with a random address and password, which nobody will know. */
  async register() {
    const email = `demo-${randomBytes(6).toString("hex")}@example.org`;
    const password = randomBytes(18).toString("base64url");
    const answer = await this.call("POST", "/v1/auth/register", {
      email,
      password,
      display_name: "Demo",
    });
    this.#token = answer.access_token;
  }

  /** The exercise of that name: from the catalogue, or the user's own, made when there is none. */
  async exercise(name) {
    for (const query of new Set([name, name.replace(/\s*\(.*\)/, "")])) {
      const { items } = await this.call(
        "GET",
        `/v1/exercises?limit=50&q=${encodeURIComponent(query)}`,
      );
      const found = items.find((one) => same_exercise(one, name));
      if (found) return { id: found.id, made: false };
    }
    const { id } = await this.call("POST", "/v1/exercises", { id: uuid7(), name });
    return { id, made: true };
  }

  /**
   * One call. A busy server is asked again after the time that it names; the bodies carry ids made
   * here, so asking twice has one effect.
   */
  async call(method, path, body) {
    for (let attempt = 1; ; ++attempt) {
      const headers = { Accept: "application/json" };
      if (body) headers["Content-Type"] = "application/json";
      if (this.#token) headers.Authorization = `Bearer ${this.#token}`;
      const response = await fetch(this.base + path, {
        method,
        headers,
        body: body && JSON.stringify(body),
      });
      const text = await response.text();
      if (response.ok) return text ? JSON.parse(text) : null;
      const busy = response.status === 429 || response.status === 503;
      if (!busy || attempt === TRIES)
        throw new Error(`${method} ${path}: ${response.status} ${in_words(text)}`);
      const wait_s = Number(response.headers.get("Retry-After")) || 1;
      await new Promise((resolve) => setTimeout(resolve, wait_s * 1000));
    }
  }
}

function in_words(text) {
  try {
    const { title, detail, errors = [] } = JSON.parse(text);
    return [detail ?? title, ...errors.map((one) => `${one.pointer}: ${one.detail}`)].join("; ");
  } catch {
    return text.slice(0, 200);
  }
}

// "Bench Press (Barbell)" and "Barbell Bench Press" are one exercise.
function same_exercise({ name, aliases = [] }, wanted) {
  const words = (text) =>
    text
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu)
      ?.sort()
      .join(" ");
  return [name, ...aliases].some((one) => words(one) === words(wanted));
}
