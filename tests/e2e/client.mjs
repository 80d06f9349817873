// REST as a client sees it: a caller with or without a token, and what tests need of a fresh user.

import { Agent } from "node:http";
import { Agent as TlsAgent } from "node:https";
import { randomBytes } from "node:crypto";

import { exchange } from "./http.mjs";
import { uuid7 } from "./uuid.mjs";

export const PASSWORD = "eight sleepy plates";

export const fresh_email = () => `e2e-${randomBytes(8).toString("hex")}@example.org`;

export class Client {
  constructor(server, token = null) {
    this.server = server;
    this.token = token;
    const kind = server.scheme === "https" ? TlsAgent : Agent;
    this.agent = new kind({ keepAlive: true, maxSockets: 8, ca: server.ca });
  }

  /** A fresh user; `tokens` is the whole answer. */
  static async register(server, fields = {}) {
    const client = new Client(server);
    client.email = fields.email ?? fresh_email();
    const answer = await client.post("/v1/auth/register", { email: client.email, password: PASSWORD, ...fields });
    if (answer.status !== 201) throw new Error(`register: ${answer.status} ${answer.text}`);
    client.adopt(answer.json);
    return client;
  }

  adopt(tokens) {
    this.tokens = tokens;
    this.token = tokens.access_token;
    this.user = tokens.user ?? this.user;
  }

  /** Renews the tokens. */
  async refresh() {
    const { refresh_token } = this.tokens;
    this.adopt(await this.expect(200, this.post("/v1/auth/refresh", { refresh_token })));
  }

  /** `body` may be an object (sent as JSON) or a string or Buffer (sent as it is). */
  call(method, path, body, headers = {}, options = {}) {
    const sent = { ...headers };
    let bytes = body;
    if (body !== undefined && typeof body !== "string" && !Buffer.isBuffer(body)) bytes = JSON.stringify(body);
    const named = Object.keys(headers).map((name) => name.toLowerCase());
    if (bytes !== undefined && !named.includes("content-type")) sent["content-type"] = "application/json";
    if (this.token && !named.includes("authorization")) sent.authorization = `Bearer ${this.token}`;
    return exchange(this.server.url + path, {
      method,
      headers: sent,
      body: bytes,
      agent: this.agent,
      ca: this.server.ca,
      ...options,
    });
  }

  get(path, headers) {
    return this.call("GET", path, undefined, headers);
  }

  post(path, body, headers) {
    return this.call("POST", path, body, headers);
  }

  patch(path, body, headers) {
    return this.call("PATCH", path, body, { "content-type": "application/merge-patch+json", ...headers });
  }

  delete(path, headers) {
    return this.call("DELETE", path, undefined, headers);
  }

  /** The answer's JSON; any other status than `status` is an error that shows the answer. */
  async expect(status, answer) {
    const got = await answer;
    if (got.status !== status) throw new Error(`wanted ${status}, got ${got.status}: ${got.text}`);
    return got.json;
  }

  /** A catalogue exercise whose name fits. */
  async exercise(name = "bench press") {
    const { items } = await this.expect(200, this.get(`/v1/exercises?limit=1&q=${encodeURIComponent(name)}`));
    return items[0];
  }

  start_workout(fields = {}) {
    return this.expect(201, this.post("/v1/workouts", { id: uuid7(), ...fields }));
  }

  log_set(workout_id, fields) {
    return this.expect(201, this.post(`/v1/workouts/${workout_id}/sets`, { id: uuid7(), ...fields }));
  }

  /** Every event of this user's story after `since`. */
  async changes(since = 0) {
    const events = [];
    for (let from = since; ; ) {
      const { items, position } = await this.expect(200, this.get(`/v1/changes?since=${from}&limit=1000`));
      if (items.length === 0) return events;
      events.push(...items);
      from = position.seq;
    }
  }

  /** All items of a list, page by page. */
  async pages(path, limit) {
    const items = [];
    for (let cursor = null; ; ) {
      const join = path.includes("?") ? "&" : "?";
      const more = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
      const page = await this.expect(200, this.get(`${path}${join}limit=${limit}${more}`));
      items.push(...page.items);
      cursor = page.next_cursor;
      if (cursor === null) return items;
    }
  }

  close() {
    this.agent.destroy();
  }
}
