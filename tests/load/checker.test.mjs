// The checker itself, on made-up histories: each promise broken once must be seen.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { check } from "./checker.mjs";

const W = "workout-1";
const workout = (fields = {}) => ({ id: W, state: "live", notes: "", ...fields });
const set = (id, version, fields = {}) => ({ id, workout_id: W, version, kind: "normal", reps: 5, ...fields });
const event = (seq, name, data, epoch = 1) => ({
  type: "event",
  topic: "me",
  position: { epoch, seq },
  event: name,
  at: `t${seq}`,
  data,
});

/** A history in which all is well, made anew for each test to spoil. */
function sound() {
  const log = [
    event(1, "workout.started", { workout: workout() }),
    event(2, "set.logged", { set: set("a", 2) }),
    event(3, "record.achieved", { record: { set_id: "a" } }),
    event(4, "set.logged", { set: set("b", 4) }, 2),
    event(5, "set.updated", { set: set("a", 5, { duration_ms: 77 }) }, 2),
    event(6, "set.deleted", { set: set("b", 6) }, 2),
    event(7, "workout.updated", { workout: workout({ notes: "seven" }) }, 2),
  ];
  const done = (op, kind, fields) => ({ op, kind, workout: W, outcome: "acknowledged", ...fields });
  const operations = [
    done("1", "start", { version: 1 }),
    done("2", "log", { set: "a", version: 2, position: { epoch: 1, seq: 3 } }),
    done("3", "log", { set: "b", position: { epoch: 2, seq: 4 } }),
    done("4", "update", { set: "a", marker: 77, version: 5 }),
    done("5", "remove", { set: "b", position: { epoch: 2, seq: 6 } }),
    done("6", "rename", { marker: "seven", version: 7 }),
    { op: "7", kind: "log", workout: W, set: "c", outcome: "refused", surely_absent: true },
    { op: "8", kind: "log", workout: W, set: "d", outcome: "unknown" },
  ];
  const shown = workout({ notes: "seven", version: 7 });
  shown.exercises = [{ sets: [set("a", 5, { duration_ms: 77 })] }];
  shown.listed = { version: 7, summary: { sets: 1, reps: 5, volume_kg: 0, exercises: 1 } };
  const subscribed = (seq, recovered, snapshot) => ({
    type: "subscribed",
    position: { epoch: 1, seq },
    recovered,
    snapshot,
  });
  const streams = [
    {
      name: "me",
      topic: "me",
      records: [subscribed(0, false, { workouts: [] }), log[0], log[1], subscribed(4, true), ...log.slice(2)],
    },
    {
      name: "one workout",
      topic: `workout:${W}`,
      records: [subscribed(1, false, { workout: workout() }), ...log.slice(1)],
    },
  ];
  operations.forEach((op, i) => (op.acked_at = i));
  const reads = [
    { by: "b", began: 3, since: 1, limit: 100, items: log.slice(1, 5) },
    { by: "b", began: 2, workout: W, shown: { ...workout(), version: 5, exercises: [{ sets: [set("a", 5, { duration_ms: 77 }), set("b", 4)] }] } },
    { by: "b", began: 9, workout: W, shown },
  ];
  return { users: [{ user: "u", operations, reads, log, workouts: [shown], streams }] };
}

const records_of = (user, which = 0) => user.streams[which].records;

const BREACHES = [
  ["a lost acknowledgement", "lost", (u) => u.operations.push({ op: "9", kind: "log", set: "z", outcome: "acknowledged" })],
  ["a lost update", "lost", (u) => (u.operations[3].marker = 78)],
  [
    "an operation that took effect twice",
    "doubled",
    (u) => u.log.push(event(8, "set.logged", { set: set("a", 8) }, 2)),
  ],
  [
    "an unacknowledged operation that took effect twice",
    "doubled",
    (u) => u.log.push(event(8, "set.logged", { set: set("d", 8) }, 2), event(9, "set.logged", { set: set("d", 9) }, 2)),
  ],
  ["a refusal that took effect", "refused", (u) => u.log.push(event(8, "set.logged", { set: set("c", 8) }, 2))],
  ["a gap in seq", "gap", (u) => u.log.splice(2, 1)],
  ["a log that does not begin at 1", "gap", (u) => u.log.shift()],
  ["an epoch that goes back", "epoch", (u) => (u.log[6].position.epoch = 1)],
  ["an answer with another version", "answer", (u) => (u.operations[0].version = 2)],
  ["an ack before its event", "answer", (u) => (u.operations[4].position.seq = 5)],
  ["an ack beyond its unit", "answer", (u) => (u.operations[2].position.seq = 5)],
  ["an ack of another epoch", "answer", (u) => (u.operations[2].position.epoch = 1)],
  ["a set that is not shown", "state", (u) => (u.workouts[0].exercises = [])],
  ["a deleted set that is shown", "state", (u) => u.workouts[0].exercises[0].sets.push(set("b", 4))],
  ["a set that is shown twice", "doubled", (u) => u.workouts[0].exercises.push(u.workouts[0].exercises[0])],
  ["a stale set", "state", (u) => (u.workouts[0].exercises[0].sets[0].duration_ms = 76)],
  ["a stale workout", "state", (u) => (u.workouts[0].notes = "six")],
  ["a list that is a version behind", "state", (u) => (u.workouts[0].listed.version = 6)],
  ["sums of other sets", "state", (u) => (u.workouts[0].listed.summary.reps = 10)],
  ["a workout that is not shown", "state", (u) => u.workouts.pop()],
  ["a workout that nobody started", "state", (u) => u.workouts.push(workout({ id: "other" }))],
["a read of changes that misses what was acknowledged", "read", (u) => (u.reads[0].began = 4)],
  ["a read of changes that were otherwise", "read", (u) => (u.reads[0].items[1] = u.log[0])],
  ["a read of a workout that misses what was acknowledged", "read", (u) => (u.reads[1].began = 5)],
  ["a read that misses a set", "read", (u) => u.reads[1].shown.exercises[0].sets.pop()],
  ["a read of what is not stored yet", "read", (u) => (u.reads[2].shown = { ...u.reads[2].shown, version: 8 })],
  ["a read that finds nothing", "read", (u) => (u.reads[1].shown = null)],
  ["a subscriber that missed an event", "stream", (u) => records_of(u).splice(2, 1)],
  ["a subscriber that missed an event while away", "stream", (u) => records_of(u).splice(4, 1)],
  ["a subscriber that missed the end", "stream", (u) => records_of(u).pop()],
  ["a subscriber that got an event twice", "stream", (u) => records_of(u).splice(3, 0, records_of(u)[2])],
  ["a subscriber whose events were reordered", "stream", (u) => records_of(u).push(records_of(u).splice(5, 1)[0])],
  ["a subscriber of a workout that missed a record", "stream", (u) => records_of(u, 1).splice(2, 1)],
  [
    "an event that was changed on its way",
    "stream",
    (u) => (records_of(u)[2] = event(2, "set.logged", { set: set("a", 2, { reps: 6 }) })),
  ],
  ["an event of which the log knows nothing", "stream", (u) => records_of(u).push(event(8, "set.logged", {}, 2))],
  ["a recovery from nowhere", "stream", (u) => (records_of(u)[0].recovered = true)],
  ["a snapshot that runs ahead", "stream", (u) => (records_of(u)[0].position.seq = 9)],
  ["a snapshot that lacks a workout", "stream", (u) => ((records_of(u)[0].position.seq = 1), records_of(u).splice(1, 1))],
];

describe("the checker", () => {
  it("finds nothing where all is well", () => assert.deepEqual(check(sound()), []));

  for (const [what, rule, spoil] of BREACHES) {
    it(`reports ${what}`, () => {
      const history = sound();
      spoil(history.users[0]);
      const rules = check(history).map((violation) => violation.rule);
      assert.ok(rules.includes(rule), `wanted ${rule}, got ${JSON.stringify(check(history))}`);
    });
  }

  it("lets a snapshot stand in for what was missed", () => {
    const history = sound();
    const snapshot = { workouts: [{ ...workout(), exercises: [{ sets: [set("a", 2), set("b", 4)] }] }] };
    records_of(history.users[0]).splice(2, 4, {
      type: "subscribed",
      position: { epoch: 2, seq: 4 },
      recovered: false,
      snapshot,
    });
    assert.deepEqual(check(history), []);
  });
});
