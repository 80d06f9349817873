import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

import { read_csv } from "../../demo/csv.mjs";
import { read_recording } from "../../demo/recording.mjs";

const corpus =
  process.env.SPOTTER_CORPUS ?? fileURLToPath(new URL("../../../shared/corpus", import.meta.url));

test("a quoted field keeps delimiters, quotes and line breaks", () => {
  const { records } = read_csv('\uFEFFa,b\r\n"x, ""y""","one\ntwo"\r\n');
  assert.deepEqual(records, [{ a: 'x, "y"', b: "one\ntwo" }]);
});

test("a semicolon file is told by its header", () => {
  assert.deepEqual(read_csv("a;b\n1,5;2\n").records, [{ a: "1,5", b: "2" }]);
});

test("a Hevy row keeps its pounds, and a zero duration is no duration", () => {
  const { workouts } = read_recording(
    '"title","start_time","end_time","exercise_title","set_type","weight_lbs","reps","distance_miles","duration_seconds","rpe"\n' +
      '"A","28 Mar 2025, 17:29","28 Mar 2025, 18:29","Squat (Barbell)","warmup",135,8,,0,7.5\n',
  );
  assert.equal(workouts[0].duration_ms, 3_600_000);
  assert.deepEqual(workouts[0].sets, [
    {
      exercise: "Squat (Barbell)",
      kind: "warmup",
      reps: 8,
      weight: { value: 135, unit: "lb" },
      rpe: 7.5,
    },
  ]);
});

test("a Strong rest timer belongs to the set before it, and a missing unit is said", () => {
  const text =
    "Date,Workout Name,Duration,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,RPE\n" +
    "2025-05-05 18:00:01,Upper,1h 2m,Bench Press (Barbell),1,80.0,8.0,0,0.0,\n" +
    "2025-05-05 18:00:01,Upper,1h 2m,Bench Press (Barbell),Rest Timer,0,0,0,120.0,\n";
  const { workouts, notes } = read_recording(text, { unit: "lb" });
  assert.deepEqual(workouts[0].sets, [
    {
      exercise: "Bench Press (Barbell)",
      reps: 8,
      weight: { value: 80, unit: "lb" },
      rest_ms: 120_000,
    },
  ]);
  assert.equal(notes.length, 1);
});

test("a decimal comma is read as one", () => {
  const text =
    "Date;Workout Name;Exercise Name;Set Order;Weight;Weight Unit;Reps;RPE;Distance;Distance Unit;Seconds\n" +
    '2024-01-11 12:31:54;"Legs";"Deadlift (Barbell)";1;100,5;kg;5;8,5;2,5;km;\n';
  assert.deepEqual(read_recording(text).workouts[0].sets[0], {
    exercise: "Deadlift (Barbell)",
    reps: 5,
    weight: { value: 100.5, unit: "kg" },
    rpe: 8.5,
    distance_m: 2500,
  });
});

test("what is no export is refused in words", () => {
  assert.throws(() => read_recording("a,b\n1,2\n"), /neither a Strong nor a Hevy/);
});

test("every Strong and Hevy file of the corpus gives workouts", (t) => {
  if (!existsSync(corpus)) return t.skip(`no corpus at ${corpus} (SPOTTER_CORPUS)`);
  const files = [
    "hevy/sample_hevy_newest_quarter.csv",
    "hevy/own-hevy-lbs-miles.csv",
    "strong/own-strong-12col.csv",
    "strong/own-strong-semicolon-units.csv",
    "strong/sample_strong_first160.csv",
    "strong/sample_strong_legacy.csv",
  ];
  for (const file of files) {
    const { workouts } = read_recording(readFileSync(`${corpus}/csv/${file}`, "utf8"));
    assert.ok(workouts.length > 0, file);
    for (const { title, started, sets } of workouts) {
      assert.ok(title && started && sets.every(({ exercise }) => exercise), `${file}: ${title}`);
    }
  }
});
