// Lists: pages, cursors, filters and their bounds.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Client } from "./client.mjs";
import { missing, Server } from "./server.mjs";

const day = (n) => new Date(Date.UTC(2026, 0, 1 + n, 9)).toISOString();

describe("lists", { skip: missing }, () => {
  let server;
  before(async () => (server = await Server.start()));
  after(() => server?.stop());

  /** A user with finished workouts on the days `from` to `to`, newest last. */
  async function with_workouts(from, to, client) {
    client ??= await Client.register(server);
    const ids = [];
    for (let n = from; n <= to; ++n) {
      const { id } = await client.start_workout({ title: `Day ${n}`, started_at: day(n) });
      await client.expect(200, client.post(`/v1/workouts/${id}/finish`, { finished_at: day(n) }));
      ids.push(id);
    }
    return { client, ids };
  }

  const page = (client, query) => client.expect(200, client.get(`/v1/workouts?${query}`));

  it("go through all rows once, newest first", async () => {
    const { client, ids } = await with_workouts(0, 10);
    for (const limit of [1, 3, 11, 200]) {
      const items = await client.pages("/v1/workouts", limit);
      assert.deepEqual(items.map(({ id }) => id), [...ids].reverse(), `limit ${limit}`);
    }
  });

  it("stay put while rows come and go", async () => {
    const { client, ids } = await with_workouts(0, 5);
    const first = await page(client, "limit=2");
    assert.deepEqual(first.items.map(({ id }) => id), [ids[5], ids[4]]);
    await with_workouts(6, 7, client); // two come before the page's place
    await client.delete(`/v1/workouts/${ids[4]}`); // the row that the cursor stands at goes
    await client.delete(`/v1/workouts/${ids[2]}`); // and one that was still to come
    const rest = await page(client, `limit=50&cursor=${encodeURIComponent(first.next_cursor)}`);
    assert.deepEqual(rest.items.map(({ id }) => id), [ids[3], ids[1], ids[0]]);
    assert.equal(rest.next_cursor, null);
  });

  it("keep workouts of one instant apart", async () => {
    const client = await Client.register(server);
    const wanted = [];
    for (let n = 0; n < 5; ++n) wanted.push((await client.start_workout({ started_at: day(0) })).id);
    const items = await client.pages("/v1/workouts", 1);
    assert.deepEqual(items.map(({ id }) => id).sort(), wanted.sort());
  });

  it("are empty rather than absent", async () => {
    const client = await Client.register(server);
    assert.deepEqual(await page(client, ""), { items: [], next_cursor: null });
  });

  it("are 50 long unless told otherwise", async () => {
    const client = await Client.register(server);
    const { items } = await client.expect(200, client.get("/v1/exercises"));
    assert.equal(items.length, 50);
  });

  it("take a limit from 1 to 200", async () => {
    const client = await Client.register(server);
    for (const limit of ["0", "201", "-1", "1.5", "many", "", "99999999999999999999"]) {
      const answer = await client.get(`/v1/workouts?limit=${limit}`);
      assert.equal(answer.status, 422, `limit=${limit}`);
      assert.ok(answer.json.errors.some(({ pointer }) => /limit/.test(pointer)));
    }
    assert.equal((await client.get("/v1/workouts?limit=200")).status, 200);
  });

  it("refuse a cursor that they did not make", async () => {
    const { client } = await with_workouts(0, 2);
    const { next_cursor } = await page(client, "limit=1");
    const bad = ["nonsense", "AAAA", `${next_cursor}x`, next_cursor.slice(0, -3), "%00%01"];
    for (const cursor of bad) {
      const answer = await client.get(`/v1/workouts?cursor=${cursor.startsWith("%") ? cursor : encodeURIComponent(cursor)}`);
      assert.equal(answer.status, 422, cursor);
      assert.ok(answer.json.errors.some(({ pointer }) => /cursor/.test(pointer)));
    }
  });

  it("refuse a parameter that they do not know", async () => {
    const client = await Client.register(server);
    const answer = await client.get("/v1/workouts?colour=red");
    assert.equal(answer.status, 422);
    assert.ok(answer.json.errors.some(({ pointer }) => /colour/.test(pointer)));
  });

  it("filter by state and time", async () => {
    const { client, ids } = await with_workouts(0, 4);
    const live = await client.start_workout({ started_at: day(9) });
    const found = async (query) => (await page(client, query)).items.map(({ id }) => id);
    assert.deepEqual(await found("state=live"), [live.id]);
    assert.deepEqual(await found("state=finished"), [...ids].reverse());
    assert.deepEqual(await found(`since=${day(1)}&until=${day(3)}`), [ids[2], ids[1]]);
    const offset = encodeURIComponent("2026-01-02T10:00:00+01:00"); // the instant of day(1)
    assert.deepEqual(await found(`since=${offset}&until=${day(2)}`), [ids[1]]);
    for (const query of ["state=sleeping", "since=yesterday", "until=2026-13-01T00:00:00Z"]) {
      assert.equal((await client.get(`/v1/workouts?${query}`)).status, 422, query);
    }
  });

  it("show a change at once, though pages are kept", async () => {
    const { client, ids } = await with_workouts(0, 2);
    await page(client, "");
    await page(client, "");
    await client.expect(200, client.patch(`/v1/workouts/${ids[1]}`, { title: "Renamed" }));
    const { items } = await page(client, "");
    assert.equal(items[1].title, "Renamed");
  });

  it("say what each workout holds", async () => {
    const client = await Client.register(server);
    const exercise_id = (await client.exercise()).id;
    const { id } = await client.start_workout();
    await client.log_set(id, { exercise_id, reps: 5, weight: { value: 100, unit: "kg" } });
    const { items } = await page(client, "");
    assert.equal(items[0].summary.sets, 1);
    assert.equal(items[0].summary.volume_kg, 500);
  });
});
