// Imports of files from other services.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import { Client } from "./client.mjs";
import { corpus_file, expected, no_corpus } from "./corpus.mjs";
import { psql } from "./database.mjs";
import { ended, hevy_file, imported, stored, upload } from "./importing.mjs";
import { Live } from "./live.mjs";
import { missing, Server } from "./server.mjs";
import { uuid7 } from "./uuid.mjs";
import { until } from "./waiting.mjs";

const FILES = [
  // file, provider, unit of the file where it does not say it
  ["csv/hevy/own-hevy-lbs-miles.csv", "hevy"],
  ["csv/hevy/sample_hevy_newest_quarter.csv", "hevy"],
  ["csv/strong/own-strong-12col.csv", "strong", "kg"],
  ["csv/strong/own-strong-semicolon-units.csv", "strong"],
  ["csv/strong/sample_strong_first160.csv", "strong", "kg"],
  ["csv/strong/sample_strong_legacy.csv", "strong", "lb"],
];

describe("imports", { skip: missing }, () => {
  let server;
  let client;
  before(async () => (server = await Server.start()));
  after(() => server?.stop());
  beforeEach(async () => (client = await Client.register(server, { time_zone: "Europe/Berlin" })));

  for (const [path, provider, unit] of FILES) {
    it(`bring in ${path} whole`, { skip: no_corpus }, async () => {
      const wanted = expected(path);
      const state = await imported(client, corpus_file(path), { name: path, fields: unit ? { unit } : {} });
      assert.equal(state.status, "finished", JSON.stringify(state));
      assert.equal(state.provider, provider);
      assert.deepEqual(state.counts, { created: wanted.workouts, updated: 0, unchanged: 0, failed: 0 });
      const { workouts, sets } = await stored(client);
      assert.equal(workouts.length, wanted.workouts);
      assert.equal(sets.length, wanted.sets);
      const reps = sets.reduce((sum, set) => sum + (set.reps ?? 0), 0);
      assert.equal(reps, wanted.reps);
      const volume = sets.reduce((sum, set) => sum + (set.reps ?? 0) * (set.weight?.value ?? 0), 0);
      assert.ok(Math.abs(volume - wanted.volume) < 0.5 + wanted.volume * 1e-6, `${volume} against ${wanted.volume}`);
      assert.ok(workouts.every((workout) => workout.state === "finished"));
    });

    it(`change nothing when ${path} comes again`, { skip: no_corpus }, async () => {
      const options = { name: path, fields: unit ? { unit } : {} };
      await imported(client, corpus_file(path), options);
      const before = await stored(client);
      const state = await imported(client, corpus_file(path), options);
      assert.deepEqual(state.counts, { created: 0, updated: 0, unchanged: expected(path).workouts, failed: 0 });
      assert.deepEqual(await stored(client), before);
    });
  }

  it("answer 202 with the import and its state", async () => {
    const answer = await upload(client, hevy_file(2), { name: "hevy.csv" });
    assert.equal(answer.status, 202, answer.text);
    assert.ok(["queued", "running"].includes(answer.json.status));
    assert.equal(answer.json.file_name, "hevy.csv");
    const state = await ended(client, answer.json.id);
    assert.equal(state.counts.created, 2);
    const list = await client.pages("/v1/imports", 50);
    assert.deepEqual(list.map(({ id }) => id), [answer.json.id]);
  });

  it("update what a corrected export has changed, and nothing else", async () => {
    await imported(client, hevy_file(5));
    const corrected = hevy_file(5).replace('"Day 3"', '"Day 3"').replace(/("Day 3".*?),60,/, "$1,62.5,");
    const state = await imported(client, corrected);
    assert.deepEqual(state.counts, { created: 0, updated: 1, unchanged: 4, failed: 0 });
    const { workouts, sets } = await stored(client);
    assert.equal(workouts.length, 5);
    assert.equal(sets.length, 15);
    assert.equal(sets.filter(({ weight }) => weight.value === 62.5).length, 1);
  });

  it("use the user's time zone for times without one", async () => {
    await imported(client, hevy_file(1));
    const { workouts } = await stored(client);
    assert.equal(Date.parse(workouts[0].started_at), Date.UTC(2024, 0, 1, 7));
    assert.equal(workouts[0].time_zone, "Europe/Berlin");
  });

  it("tell their progress on the live stream, and the end", async () => {
    const live = await Live.follow(server, client.token);
    const { json } = await upload(client, hevy_file(120));
    await live.wait(({ event }) => event === "import.finished", "import.finished", { ms: 60_000 });
    const log = await client.changes();
    await live.event(log.length);
    assert.deepEqual(live.events(), log);
    const told = log.filter(({ event }) => event.startsWith("import."));
    assert.ok(told.every(({ data }) => data.import.id === json.id));
    assert.ok(told.filter(({ event }) => event === "import.progress").length >= 2, "more than one step");
    const done = told.map(({ data }) => data.import.done);
    assert.deepEqual(done, [...done].sort((a, b) => a - b));
    assert.equal(told.at(-1).event, "import.finished");
    assert.equal(told.at(-1).data.import.counts.created, 120);
    await live.close();
  });

  it("say in the log what was not understood, with its line", async () => {
    const lines = hevy_file(3).split("\n");
    lines[4] = lines[4].replace(/,61,/, ",heavy,").replace(/,60,/, ",heavy,");
    const state = await imported(client, lines.join("\n"));
    assert.equal(state.status, "finished", JSON.stringify(state));
    const log = await client.pages(`/v1/imports/${state.id}/log`, 50);
    const line = log.find((one) => one.line === 5);
    assert.ok(line, JSON.stringify(log));
    assert.ok(["warning", "error"].includes(line.severity));
    assert.match(line.message, /heavy/);
  });

  it("make an own exercise of a name that the catalogue does not have", async () => {
    const state = await imported(client, hevy_file(1, { exercise: "Quux Fling (Zorb)" }));
    assert.equal(state.status, "finished", JSON.stringify(state));
    const { items } = (await client.get("/v1/exercises?q=quux%20fling")).json;
    assert.equal(items.length, 1);
    assert.equal(items[0].own, true);
    const { instances } = await stored(client);
    assert.deepEqual(instances.map(({ exercise_id }) => exercise_id), [items[0].id]);
  });

  it("match a name of the catalogue however it is written", async () => {
    await imported(client, hevy_file(1, { exercise: "Bench Press (Barbell)" }));
    const { instances } = await stored(client);
    const exercise = (await client.get(`/v1/exercises/${instances[0].exercise_id}`)).json;
    assert.equal(exercise.own, false, exercise.name);
    assert.match(exercise.name, /bench press/i);
  });

  it("ask for the unit where the file does not say it, and never guess", async () => {
    const strong =
      "Date,Workout Name,Duration,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,RPE\n" +
      '2024-11-28 17:36:08,"B",35m,"Bench Press (Barbell)",1,100.0,5.0,0,0.0,\n';
    const state = await imported(client, strong, { name: "strong.csv" });
    assert.equal(state.status, "needs_input", JSON.stringify(state));
    assert.equal(state.provider, "strong");
    assert.ok(state.problem.code && state.problem.detail);
    assert.deepEqual((await stored(client)).workouts, []);
    const again = await imported(client, strong, { name: "strong.csv", fields: { unit: "lb" } });
    assert.equal(again.status, "finished", JSON.stringify(again));
    const { sets } = await stored(client);
    assert.deepEqual(sets[0].weight, { value: 100, unit: "lb" });
  });

  it("fail clearly on what is no such file, and store nothing", async () => {
    for (const content of ["<html>not a CSV</html>", "a,b,c\n1,2,3\n", "\0\0\0\0binary"]) {
      const answer = await upload(client, content);
      if (answer.status === 202) {
        const state = await ended(client, answer.json.id);
        assert.equal(state.status, "failed", JSON.stringify(state));
        assert.ok(state.problem.code && state.problem.detail, content);
      } else {
        assert.equal(answer.status, 422, answer.text);
      }
    }
    assert.equal((await upload(client, "")).status, 422);
    assert.deepEqual((await stored(client)).workouts, []);
  });

  it("tell their owner what stands in an unreadable file, and nobody else", async () => {
    const { json } = await upload(client, "weight of my ex,zebra column\n1,2\n");
    const state = await ended(client, json.id);
    assert.match(state.problem.detail, /zebra column/);
    await until(10_000, "the end in the server's log", () => server.said.includes("Refused: unknown_format"));
    assert.ok(!/zebra|my ex/.test(server.said), server.said);
    assert.ok(!/zebra|my ex/.test(JSON.stringify(await psql(server, "SELECT to_jsonb(j)::text FROM spotter.job j"))));
  });

  it("refuse a body that is not multipart, has no file, or a field that they do not know", async () => {
    assert.equal((await client.post("/v1/imports", {})).status, 415);
    const no_file = "--b\r\nContent-Disposition: form-data; name=\"unit\"\r\n\r\nkg\r\n--b--\r\n";
    const type = { "content-type": "multipart/form-data; boundary=b" };
    assert.equal((await client.post("/v1/imports", no_file, type)).status, 422);
    assert.equal((await upload(client, hevy_file(1), { fields: { colour: "red" } })).status, 422);
    assert.equal((await upload(client, hevy_file(1), { fields: { unit: "stone" } })).status, 422);
    const broken = await client.post("/v1/imports", "--b\r\nnonsense", type);
    assert.ok([400, 422].includes(broken.status), broken.text);
  });

  it("have one effect for one Idempotency-Key", async () => {
    const headers = { "idempotency-key": uuid7() };
    const content = hevy_file(2);
    const first = await upload(client, content, { headers });
    const again = await upload(client, content, { headers });
    assert.equal(again.status, 202, again.text);
    assert.equal(again.json.id, first.json.id);
    assert.equal((await client.pages("/v1/imports", 50)).length, 1);
  });

  it("show nobody else's imports", async () => {
    const { id } = await imported(client, hevy_file(1));
    const stranger = await Client.register(server);
    for (const path of [`/v1/imports/${id}`, `/v1/imports/${id}/log`]) {
      assert.equal((await stranger.get(path)).status, 404, path);
    }
    for (const action of ["retry", "cancel"]) {
      assert.equal((await stranger.post(`/v1/imports/${id}/${action}`)).status, 404, action);
    }
    assert.deepEqual(await stranger.pages("/v1/imports", 50), []);
  });

  it("stop when they are cancelled, and stay so", async () => {
    const { json } = await upload(client, hevy_file(1_500));
    const cancelled = await client.expect(200, client.post(`/v1/imports/${json.id}/cancel`));
    assert.equal(cancelled.status, "cancelled");
    const again = await client.expect(200, client.post(`/v1/imports/${json.id}/cancel`));
    assert.equal(again.version, cancelled.version, "once is enough");
    // The next one runs after it: by its end the first can't be at work any more.
    await imported(client, hevy_file(1));
    assert.equal((await client.get(`/v1/imports/${json.id}`)).json.status, "cancelled");
    assert.ok((await client.pages("/v1/workouts", 200)).length < 1_500);
  });

  it("can be tried again when they have failed", async () => {
    const { id, status } = await imported(client, "a,b,c\n1,2,3\n");
    assert.equal(status, "failed");
    const queued = await client.expect(200, client.post(`/v1/imports/${id}/retry`));
    assert.equal(queued.status, "queued");
    assert.equal(queued.problem, null);
    const state = await ended(client, id);
    assert.equal(state.status, "failed", "the file has not become better");
  });

  it("can't be cancelled or tried again once they have finished", async () => {
    const { id } = await imported(client, hevy_file(1));
    assert.equal((await client.post(`/v1/imports/${id}/cancel`)).status, 409);
    assert.equal((await client.post(`/v1/imports/${id}/retry`)).status, 409);
  });
});

describe("an import whose server is killed", { skip: missing }, () => {
  let server;
  before(async () => (server = await Server.start({ env: { SPOTTER_JOBS_LEASE: "1000" } })));
  after(() => server?.stop());

  it("goes on after the restart and brings in everything once", async () => {
    const client = await Client.register(server);
    const COUNT = 1_500;
    const live = await Live.follow(server, client.token);
    const { json } = await upload(client, hevy_file(COUNT));
    const begun = await live.wait(
      ({ event, data }) => event?.startsWith("import.") && data.import.done > 0,
      "the first chunk",
      { ms: 60_000 },
    );
    assert.ok(begun.data.import.done < COUNT, "it is killed in the middle");
    await server.kill9();
    await server.launch();
    const state = await ended(client, json.id, 120_000);
    assert.equal(state.status, "finished", JSON.stringify(state));
    const { created, updated, unchanged, failed } = state.counts;
    assert.equal(created + unchanged, COUNT);
    assert.deepEqual([updated, failed], [0, 0]);
    const workouts = await client.pages("/v1/workouts", 200);
    assert.equal(workouts.length, COUNT);
    const events = await client.changes();
    assert.deepEqual(events.map(({ position }) => position.seq), events.map((_, i) => i + 1));
    const finished = events.filter(({ event }) => event === "workout.finished");
    assert.equal(new Set(finished.map(({ data }) => data.workout.id)).size, finished.length);
    const back = await Live.follow(server, client.token, "me", begun.position);
    assert.equal(typeof back.answer.recovered, "boolean");
    await back.close();
  });
});
