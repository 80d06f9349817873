// The shared catalogue, the caller's own exercises, and muscles.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Client } from "./client.mjs";
import { missing, Server } from "./server.mjs";
import { uuid7 } from "./uuid.mjs";

describe("exercises and muscles", { skip: missing }, () => {
  let server;
  let client;
  before(async () => {
    server = await Server.start();
    client = await Client.register(server);
  });
  after(() => server?.stop());

  const list = async (query) => (await client.expect(200, client.get(`/v1/exercises?${query}`))).items;

  it("has at least 800 shared exercises, each with equipment and a primary muscle", async () => {
    const all = await client.pages("/v1/exercises", 200);
    assert.ok(all.length >= 800, `${all.length}`);
    assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
    for (const { name, equipment, primary_muscles } of all) {
      assert.ok(equipment, name);
      assert.ok(primary_muscles.length > 0, name);
    }
  });

  it("finds by words of the name in any case and order", async () => {
    const found = await list("q=PRESS%20bench&limit=200");
    assert.ok(found.length > 0);
    for (const { name } of found) assert.ok(/bench/i.test(name) || /press/i.test(name), name);
  });

  it("filters by muscle and equipment", async () => {
    const { items: muscles, next_cursor } = await client.expect(200, client.get("/v1/muscles"));
    assert.equal(next_cursor, null);
    assert.ok(muscles.some(({ slug }) => slug === "triceps"), "triceps is a muscle");
    const found = await list("muscle=triceps&equipment=barbell&limit=200");
    assert.ok(found.length > 0);
    for (const one of found) assert.equal(one.equipment, "barbell", one.name);
  });

  it("reads one, with an ETag", async () => {
    const { id } = await client.exercise("bench press");
    const one = await client.get(`/v1/exercises/${id}`);
    assert.equal(one.status, 200);
    assert.equal(one.headers.etag, `"${one.json.version}"`);
    assert.equal(one.json.own, false);
  });

  it("keeps an own exercise: create, find, change, delete", async () => {
    const id = uuid7();
    const body = { id, name: "Zercher Carry Özel", equipment: "barbell", primary_muscles: ["quadriceps"] };
    const made = await client.post("/v1/exercises", body);
    assert.equal(made.status, 201, made.text);
    assert.equal(made.json.own, true);
    assert.equal((await client.post("/v1/exercises", body)).status, 201, "the same again answers as the first time");
    assert.deepEqual((await list("q=zercher%20carry")).map((one) => one.id), [id]);
    const patched = await client.expect(200, client.patch(`/v1/exercises/${id}`, { name: "Zercher Walk" }));
    assert.equal(patched.name, "Zercher Walk");
    assert.deepEqual(patched.primary_muscles, ["quadriceps"]);
    const stale = await client.patch(`/v1/exercises/${id}`, { name: "x" }, { "if-match": `"${made.json.version}"` });
    assert.equal(stale.status, 412);
    assert.equal((await client.delete(`/v1/exercises/${id}`)).status, 204);
    assert.equal((await client.get(`/v1/exercises/${id}`)).status, 404);
    assert.deepEqual(await list("q=zercher%20walk"), []);
  });

  it("does not show an own exercise to anyone else", async () => {
    const stranger = await Client.register(server);
    const { json } = await client.post("/v1/exercises", { name: "Secret Lift Qqq" });
    assert.equal((await stranger.get(`/v1/exercises/${json.id}`)).status, 404);
    assert.equal((await stranger.patch(`/v1/exercises/${json.id}`, { name: "Mine" })).status, 404);
    assert.equal((await stranger.delete(`/v1/exercises/${json.id}`)).status, 404);
    const { items } = (await stranger.get("/v1/exercises?q=qqq")).json;
    assert.deepEqual(items, []);
  });

  it("does not let the shared catalogue be changed", async () => {
    const { id } = await client.exercise("bench press");
    for (const answer of [
      await client.patch(`/v1/exercises/${id}`, { name: "Mine now" }),
      await client.delete(`/v1/exercises/${id}`),
    ]) {
      assert.equal(answer.status, 409);
      assert.equal(answer.json.code, "conflict");
    }
  });

  it("serves versioned muscles with their parents", async () => {
    const { items: taxonomies } = await client.expect(200, client.get("/v1/taxonomies"));
    assert.ok(taxonomies.length >= 1);
    const { items } = await client.expect(200, client.get(`/v1/muscles?taxonomy=${taxonomies[0].version}`));
    const slugs = new Set(items.map(({ slug }) => slug));
    for (const { slug, parents } of items) for (const parent of parents) assert.ok(slugs.has(parent), `${slug} → ${parent}`);
    assert.equal((await client.get("/v1/muscles?taxonomy=9999")).status, 404);
  });
});
