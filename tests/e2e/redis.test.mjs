// The shared state in a Redis, and what happens when that goes away under load.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Client } from "./client.mjs";
import { parse_metrics } from "./prometheus.mjs";
import { no_redis, Redis } from "./redis.mjs";
import { missing, Server } from "./server.mjs";
import { until } from "./waiting.mjs";

const WRITES = 40;

describe("a Redis", { skip: missing || no_redis }, () => {
  let redis, server, anyone;
  before(async () => {
    redis = await Redis.start();
    const env = { SPOTTER_REDIS_SERVER: redis.url, SPOTTER_LIMITS_WRITES_PER_MINUTE: String(WRITES) };
    server = await Server.start({ env });
    anyone = new Client(server);
  });
  after(async () => {
    await server?.stop();
    await redis?.stop();
  });

  const gauge = async (name) => parse_metrics((await anyone.get("/metrics")).text).samples.get(name)?.[0]?.value;
  const up = (wanted) =>
    until(15_000, `a shared state that is ${wanted ? "up" : "away"}`, async () => {
      await Client.register(server); // somebody has to ask
      return (await gauge("spotter_shared_state_up")) === wanted;
    });

  /** Writes until one is refused; how many were taken, and that answer. */
  async function use_up(client) {
    for (let taken = 0; taken <= 2 * WRITES; ++taken) {
      const answer = await client.patch("/v1/me", { display_name: `${taken}` });
      if (answer.status !== 200) return { taken, answer };
    }
    throw new Error("never refused");
  }

  // An io thread hands out one on credit.
  const are_all = (taken) => taken >= WRITES && taken <= WRITES + 2;

  function assert_limited({ taken, answer }) {
    assert.ok(are_all(taken), `${taken} writes`);
    assert.equal(answer.status, 429);
    assert.equal(answer.json.code, "too_many_requests");
  }

  it("counts what accounts and addresses do, in keys that expire", async () => {
    const client = await Client.register(server);
    assert_limited(await use_up(client));
    const keys = redis.run("KEYS", "*").split("\n");
    assert.ok(keys.some((key) => key === `spotter:spotter:bucket:write:${client.user.id}`), `${keys}`);
    for (const key of keys) assert.ok(Number(redis.run("PTTL", key)) !== -1, key);
    assert.equal(await gauge("spotter_shared_state_up"), 1);
  });

  it("shares the counts: what another node took is gone here", async () => {
    const client = await Client.register(server);
    const key = `spotter:spotter:bucket:write:${client.user.id}`;
    await client.patch("/v1/me", { display_name: "first" });
    await until(5_000, "the count", () => redis.run("EXISTS", key) === "1");
    // As if all of it had been used up elsewhere: full again in a minute.
    const [seconds, micros] = redis.run("TIME").split("\n").map(Number);
    redis.run("SET", key, String(seconds * 1e6 + micros + 60e6), "PX", "60000");
    assert.ok((await use_up(client)).taken <= 2);
  });

  for (const [what, breaks, mends] of [
    ["killed", () => redis.kill9(), () => redis.launch()],
    ["frozen", () => redis.freeze(), () => redis.thaw()],
  ]) {
    it(`${what} under load fails no request, limits go on, and it counts again when it is back`, async () => {
      await up(1);
      const clients = await Promise.all(Array.from({ length: 8 }, () => Client.register(server)));
      let going = true;
      const answers = [];
      const load = clients.map(async (client) => {
        for (let n = 0; going; ++n) {
          const began = Date.now();
          const { status } = await (n % 2 ? client.get("/v1/workouts") : client.patch("/v1/me", { display_name: `${n}` }));
          answers.push({ status, ms: Date.now() - began });
        }
      });
      await until(10_000, "a load", () => answers.length > 200);
      const lost = () => (server.said.match(/this node limits and caches alone/g) ?? []).length;
      const before = lost();
      await breaks();
      await up(0);
      const { status } = await anyone.get("/readyz");
      assert.equal(status, 200);
      assert_limited(await use_up(await Client.register(server)));
      going = false;
      await Promise.all(load);
      const odd = answers.filter(({ status }) => ![200, 429].includes(status));
      assert.deepEqual(odd, []);
      const longest = Math.max(...answers.map(({ ms }) => ms));
      assert.ok(longest < 2_000, `${longest} ms`);
      assert.equal(lost(), before + 1, "said once");
      await mends();
      await up(1);
      // A machine that is short of time may lose its Redis once more, and with it what it had been lent.
      await until(15_000, "an account that has all of its writes", async () => are_all((await use_up(await Client.register(server))).taken));
    });
  }
});
