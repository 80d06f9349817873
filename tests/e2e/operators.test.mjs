// What operators look at.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Client } from "./client.mjs";
import { Live } from "./live.mjs";
import { parse_metrics } from "./prometheus.mjs";
import { missing, Server } from "./server.mjs";
import { until } from "./waiting.mjs";

describe("for operators", { skip: missing }, () => {
  let server;
  let anyone;
  before(async () => {
    server = await Server.start();
    anyone = new Client(server);
  });
  after(() => server?.stop());

  const metrics = async () => parse_metrics((await anyone.get("/metrics")).text);
  const total = ({ samples }, name) => (samples.get(name) ?? []).reduce((sum, { value }) => sum + value, 0);

  it("the server is alive and ready", async () => {
    assert.equal((await anyone.get("/livez")).status, 200);
    assert.equal((await anyone.get("/readyz")).status, 200);
  });

  it("the metrics are Prometheus text, and count what happens", async () => {
    const first = await anyone.get("/metrics");
    assert.match(first.headers["content-type"], /^text\/plain/);
    const before = parse_metrics(first.text);
    assert.ok([...before.samples.keys()].some((name) => name.startsWith("spotter_")));
    const client = await Client.register(server);
    const { id } = await client.start_workout();
    const exercise_id = (await client.exercise()).id;
    const live = await Live.follow(server, client.token);
    for (let reps = 1; reps <= 5; ++reps) await client.log_set(id, { exercise_id, reps });
    await live.event((await client.changes()).length);
    const now = await metrics();
    const grown = [...now.types]
      .filter(([, type]) => type === "counter")
      .map(([name]) => [name, total(now, name) - total(before, name)])
      .filter(([, by]) => by > 0)
      .map(([name]) => name);
    for (const what of [/requests/, /deliver/, /commit|unit|stor|batch/]) {
      assert.ok(grown.some((name) => what.test(name)), `${what} in ${grown}`);
    }
    await live.close();
  });

  it("histograms end with +Inf, which counts all", async () => {
    const { samples, types } = await metrics();
    const histograms = [...types].filter(([, type]) => type === "histogram").map(([name]) => name);
    assert.ok(histograms.length > 0);
    for (const name of histograms) {
      const all = (samples.get(`${name}_bucket`) ?? []).filter(({ labels }) => labels.includes('le="+Inf"'));
      const counts = samples.get(`${name}_count`) ?? [];
      assert.equal(all.reduce((sum, { value }) => sum + value, 0), counts.reduce((sum, { value }) => sum + value, 0), name);
    }
  });

  it("the OpenAPI document is JSON of version 3.1, with every route's operation", async () => {
    const { status, json } = await anyone.get("/v1/openapi.json");
    assert.equal(status, 200);
    assert.match(json.openapi, /^3\.1\./);
    for (const [path, method] of [
      ["/v1/auth/login", "post"],
      ["/v1/workouts", "get"],
      ["/v1/workouts/{id}", "patch"],
      ["/v1/changes", "get"],
      ["/v1/imports", "post"],
    ]) {
      const found = Object.keys(json.paths).find((one) => one.replaceAll(/\{[^}]*\}/g, "{id}") === path);
      assert.ok(json.paths[found]?.[method], `${method} ${path}`);
    }
    const references = JSON.stringify(json).matchAll(/"\$ref":"#\/([^"]+)"/g);
    for (const [, reference] of references) {
      const target = reference.split("/").reduce((node, key) => node?.[key.replaceAll("~1", "/")], json);
      assert.ok(target, reference);
    }
  });

  it("no route answers 5xx to a caller who sends nothing sensible", async () => {
    const { json } = await anyone.get("/v1/openapi.json");
    const client = await Client.register(server);
    for (const [pattern, operations] of Object.entries(json.paths)) {
      if (pattern === "/v1/auth/logout") continue;
      const path = pattern.replaceAll(/\{[^}]*\}/g, "x");
      for (const method of Object.keys(operations).filter((name) => /^(get|post|patch|delete)$/.test(name))) {
        if (/live/.test(path) && method === "get") continue;
        for (const who of [client, anyone]) {
          const answer = await who.call(method.toUpperCase(), path, method === "get" ? undefined : "{}");
          assert.ok(answer.status < 500, `${method} ${path}: ${answer.status} ${answer.text}`);
        }
      }
    }
  });

  it("the page and the docs are there, under a strict policy", async () => {
    for (const path of ["/", "/docs"]) {
      const page = await anyone.get(path);
      assert.equal(page.status, 200, path);
      assert.match(page.headers["content-type"], /^text\/html/);
      assert.match(page.headers["content-security-policy"], /default-src 'none'/);
    }
  });

  it("not ready is said with the part that is not, and passes by itself", async () => {
    const database = server.postmaster();
    process.kill(database, "SIGKILL");
    const down = await until(10_000, "not ready", async () => {
      const answer = await anyone.get("/readyz");
      return answer.status === 503 && answer;
    }, 2);
    assert.match(down.text, /writer|reader|database/);
    assert.equal((await anyone.get("/livez")).status, 200, "alive all the same");
    await server.ready(60_000);
    const client = await Client.register(server);
    await client.start_workout();
  });
});
