// A login, or an API key, that ends on a node which dies before it tells the others: they look for themselves. Two nodes of a server
// that tells nobody (SPOTTERD_BROKEN, see domain/broken.hpp); and the test of the test, where they do not look either.

import assert from "node:assert/strict";
import { after, describe, it } from "node:test";

import { Cluster } from "../chaos/cluster.mjs";
import { programs } from "../chaos/database.mjs";
import { Client, PASSWORD } from "../e2e/client.mjs";
import { exchange } from "../e2e/http.mjs";
import { Live } from "../e2e/live.mjs";
import { parse_metrics } from "../e2e/prometheus.mjs";
import { until } from "../e2e/waiting.mjs";
import { NO_LIMITS } from "./person.mjs";

const binary = process.env.SPOTTERD_BROKEN;
const missing = !binary ? "SPOTTERD_BROKEN, a server whose guards can be taken out, is not set" : !programs && "PostgreSQL's programs are not there";
const LOOKS_MS = 30_000;

/** How often a node has looked for ended logins. */
async function looks_of(node) {
  const { text } = await exchange(`${node.url}/metrics`);
  const { samples } = parse_metrics(text);
  const found = samples.get("spotter_ended_login_polls_total") ?? [];
  return found.find(({ labels }) => labels.includes('result="done"'))?.value ?? 0;
}

/** Two whole looks from now: the first may have begun before. */
async function after_looks(node) {
  const before = await looks_of(node);
  await until(LOOKS_MS, "two looks for ended logins", async () => (await looks_of(node)) >= before + 2);
}

describe("a login that ended on a node which could tell nobody", { skip: missing }, () => {
  let cluster;
  after(() => cluster?.stop());

  const two_nodes = async (...broken) => {
    await cluster?.stop();
    const env = { ...NO_LIMITS, SPOTTER_IDENTITY_ENDED_LOGIN_POLL: "1", SPOTTER_BREAK: broken.join(",") };
    cluster = await Cluster.start({ count: 2, binary, env });
    return cluster.nodes.values();
  };

  /** Signs in on two nodes, logs out on one, and gives what the other has. */
  const log_out_untold = async (...broken) => {
    const [one, two] = await two_nodes(...broken);
    const owner = await Client.register(one);
    const thief = new Client(two);
    thief.adopt(await thief.expect(200, thief.post("/v1/auth/login", { email: owner.email, password: PASSWORD })));
    const live = await Live.follow(two, thief.token);
    const { items } = await owner.expect(200, owner.get("/v1/me/sessions"));
    await owner.expect(204, owner.delete(`/v1/me/sessions/${items.find(({ current }) => !current).id}`));
    return { two, thief, live };
  };

  it("is refused by the others when they have looked, and its socket closes", async () => {
    const { two, thief, live } = await log_out_untold("tell_ended_logins");
    await after_looks(two);
    assert.equal((await live.end()).code, 4502);
    assert.equal((await thief.get("/v1/me")).status, 401);
  });

  it("is refused when it was a key, too, and its socket closes", async () => {
    const [one, two] = await two_nodes("tell_ended_logins");
    const owner = await Client.register(one);
    const made = await owner.expect(201, owner.post("/v1/me/tokens", { name: "script", scopes: ["read", "live"] }));
    const thief = new Client(two, made.token);
    await thief.expect(200, thief.get("/v1/me"));
    const live = await Live.follow(two, made.token);
    await owner.expect(204, owner.delete(`/v1/me/tokens/${made.id}`));
    await after_looks(two);
    assert.equal((await live.end()).code, 4502);
    assert.equal((await thief.get("/v1/me")).status, 401);
  });

  it("would go on if they did not look", async () => {
    const { two, thief, live } = await log_out_untold("tell_ended_logins", "poll_ended_logins");
    await after_looks(two);
    assert.equal((await thief.get("/v1/me")).status, 200);
    assert.equal((await live.ask({ type: "ping" })).type, "pong");
    await live.close();
  });
});
