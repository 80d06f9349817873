// REST calls and the tokens that they need.
// The access token lives in memory only; the refresh token in sessionStorage, so that a reload of
// the tab stays signed in and closing it does not.

const STORED = "spotter.refresh_token";

/** An answer that is not a success, with the server's problem document. */
export class Problem extends Error {
  constructor(document, status = document.status) {
    super(document.detail || document.title || `The server answered ${status}.`);
    this.status = status;
    this.code = document.code;
    this.errors = document.errors ?? [];
  }

  /** Worth trying again unchanged: the server was busy, moving or limiting. */
  get passing() {
    return this.status === 429 || this.status === 503;
  }
}

/** No answer came at all. */
export class Unreachable extends Error {
  constructor() {
    super("The server can't be reached. Check the connection and try again.");
  }
}

export class Api {
  #access = null;
  #expires_at = 0;
  #refreshing = null;
  #timer = 0;

  /** How far the server's clock is ahead of this device's, in ms; good to about a second. */
  clock_offset = 0;
  /** Called with each access token that replaces another, so that open sockets can be renewed. */
  on_token = () => {};
  /** Called once when the session is over and only a new sign-in helps. */
  on_signed_out = () => {};

  get has_session() {
    return sessionStorage.getItem(STORED) !== null;
  }

  async register(fields) {
    return this.#adopt(await this.#fetch("POST", "/v1/auth/register", fields));
  }

  async login(fields) {
    const answer = await this.#fetch("POST", "/v1/auth/login", fields);
    if (answer.mfa_required) {
      throw new Problem({
        status: 401,
        detail: "This account asks for a second step at sign-in, which this page can't do yet.",
      });
    }
    return this.#adopt(answer);
  }

  async logout() {
    try {
      await this.call("POST", "/v1/auth/logout");
    } finally {
      this.#forget();
    }
  }

  /** An access token with at least half a minute left; `renew` when the server refused the last. */
  async token({ renew = false } = {}) {
    if (renew || !this.#access || Date.now() > this.#expires_at - 30_000) await this.#refresh();
    return this.#access;
  }

  /** One authenticated call. `key` makes a retry of it safe. */
  async call(method, path, body, { key, signal } = {}) {
    const attempt = async (token) => this.#fetch(method, path, body, { token, key, signal });
    try {
      return await attempt(await this.token());
    } catch (error) {
      if (error.status !== 401) throw error;
      return attempt(await this.token({ renew: true }));
    }
  }

  // One refresh at a time: a second one with the same spent token could end the whole session.
  #refresh() {
    this.#refreshing ??= this.#refresh_once().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async #refresh_once() {
    const refresh_token = sessionStorage.getItem(STORED);
    if (!refresh_token) throw new Problem({ status: 401, detail: "Sign in first." });
    try {
      this.#adopt(await this.#fetch("POST", "/v1/auth/refresh", { refresh_token }));
    } catch (error) {
      if (error instanceof Problem && !error.passing && error.status < 500) {
        this.#forget();
        this.on_signed_out();
      }
      throw error;
    }
  }

  #adopt(answer) {
    const replaced = this.#access !== null;
    const lifetime = answer.expires_in * 1000;
    this.#access = answer.access_token;
    this.#expires_at = Date.now() + lifetime;
    sessionStorage.setItem(STORED, answer.refresh_token);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#refresh().catch(() => {}), lifetime * 0.8);
    if (replaced) this.on_token(this.#access);
    return answer;
  }

  #forget() {
    this.#access = null;
    sessionStorage.removeItem(STORED);
    clearTimeout(this.#timer);
  }

  async #fetch(method, path, body, { token, key, signal } = {}) {
    const headers = { Accept: "application/json" };
    if (body) headers["Content-Type"] = "application/json";
    if (token) headers.Authorization = `Bearer ${token}`;
    if (key) headers["Idempotency-Key"] = key;
    let response;
    try {
      response = await fetch(path, { method, headers, signal, body: body && JSON.stringify(body) });
    } catch (error) {
      throw error.name === "AbortError" ? error : new Unreachable();
    }
    const date = Date.parse(response.headers.get("Date"));
    if (date) this.clock_offset = date + 500 - Date.now();
    const text = await response.text();
    let answer = {};
    try {
      answer = text ? JSON.parse(text) : {};
    } catch {
      answer = { detail: `The server answered ${response.status} with something unreadable.` };
    }
    if (!response.ok) throw new Problem(answer, response.status);
    return answer;
  }
}
