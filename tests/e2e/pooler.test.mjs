// A whole server behind PgBouncer in transaction mode.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";

import { Client } from "./client.mjs";
import { Database, Pgbouncer, program } from "./pgbouncer.mjs";
import { missing, Server } from "./server.mjs";

const skip = missing || (program ? false : "PgBouncer is not installed");

describe("behind a pooler", { skip }, () => {
  let database;
  let pooler;
  let server;
  before(async () => {
    database = await Database.start(process.env.SPOTTERD);
    pooler = await Pgbouncer.start(database.server, 3);
    server = await Server.start({
      env: { ...pooler.env, SPOTTER_DATABASE_READERS: "6", SPOTTER_DATABASE_WRITERS: "6" },
    });
  });
  after(async () => {
    await server?.stop();
    await pooler?.stop();
    await database?.stop();
  });

  it("logs sets of many athletes at once and shows each their own", async () => {
    const athletes = await Promise.all(Array.from({ length: 8 }, () => Client.register(server)));
    await Promise.all(athletes.map(async (client, n) => {
      const bench = (await client.exercise("bench press")).id;
      const workout = await client.start_workout({ title: `of ${n}` });
      const weight = { value: 50 + n, unit: "kg" };
      for (let i = 0; i < 10; ++i) await client.log_set(workout.id, { exercise_id: bench, reps: 5, weight });
      await client.expect(200, client.post(`/v1/workouts/${workout.id}/finish`, {}));
      for (let round = 0; round < 5; ++round) {
        const [page, ...others] = await client.pages("/v1/workouts", 50);
        assert.equal(others.length, 0);
        assert.equal(page.title, `of ${n}`);
        const whole = await client.expect(200, client.get(`/v1/workouts/${workout.id}`));
        const sets = whole.exercises.flatMap((exercise) => exercise.sets);
        assert.deepEqual(sets.map((set) => set.weight?.value), Array(10).fill(50 + n));
        const records = await client.pages("/v1/records", 50);
        assert.ok(records.length > 0);
        // Ten sets, two records at most with the first, and the workout's own two.
        assert.ok((await client.changes()).length >= 12);
      }
      client.close();
    }));
  });
});
