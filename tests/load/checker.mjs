// Judges the history of a run. Pure: the same history gives the same verdict, and nothing is asked of anyone.
//
// history: {users: [{user, operations, reads, log, workouts, streams}]}
//   operations  [{op, kind, workout, set, marker, outcome, version, position, surely_absent, acked_at}], what a
//               device did. `outcome`: acknowledged, refused or unknown. `version` and `position`: where the
//               answer said that the effect stands, when it said so of the first effect. `surely_absent`: refused
//               before it could have had an effect. `acked_at`: which acknowledgement of this user it was.
//   reads       see check_reads.mjs
//   log         every event of the user from seq 1 on, as GET /v1/changes gives them
//   workouts    every workout that GET /v1/workouts/{id} shows, in full; `listed` is how GET /v1/workouts has it
//   streams     [{name, topic, records}]: the frames `subscribed` and `event` that a watcher got, in order

import { isDeepStrictEqual } from "node:util";

import { check_reads } from "./check_reads.mjs";
import { retell, shown_otherwise, workout_of } from "./story.mjs";

/** The violations found, each `{rule, user, detail}`; empty when every promise was kept. */
export function check(history) {
  return history.users.flatMap((one) => {
    const effects = effects_of(one.operations, one.log);
    const found = [
      ...check_log(one.log),
      ...check_operations(effects, one.log),
      ...check_reads(one.reads ?? [], effects, one.log),
      ...check_state(one.workouts, one.log),
      ...one.streams.flatMap((stream) => [...check_stream(stream, one.log)]),
    ];
    return found.map((violation) => ({ user: one.user, ...violation }));
  });
}

function* check_log(log) {
  let epoch = 0;
  for (const [i, { position }] of log.entries()) {
    if (position.seq !== i + 1) {
      yield { rule: "gap", detail: `event ${i + 1} of the log has seq ${position.seq}` };
      return;
    }
    if (position.epoch < epoch) yield { rule: "epoch", detail: `the epoch goes back at ${position.seq}` };
    epoch = position.epoch;
  }
}

const EFFECTS = {
  start: ["workout.started", ({ workout }, op) => workout.id === op.workout],
  rename: ["workout.updated", ({ workout }, op) => workout.id === op.workout && workout.notes === op.marker],
  finish: ["workout.finished", ({ workout }, op) => workout.id === op.workout],
  delete: ["workout.deleted", ({ workout }, op) => workout.id === op.workout],
  restore: ["workout.restored", ({ workout }, op) => workout.id === op.workout],
  log: ["set.logged", ({ set }, op) => set.id === op.set],
  update: ["set.updated", ({ set }, op) => set.id === op.set && set.duration_ms === op.marker],
  remove: ["set.deleted", ({ set }, op) => set.id === op.set],
};

/** Each operation with the events of the log that are its effects. */
function effects_of(operations, log) {
  const by_subject = new Map();
  for (const event of log) {
    const subject = subject_of(event);
    if (!by_subject.has(subject)) by_subject.set(subject, []);
    by_subject.get(subject).push(event);
  }
  return operations.map((op) => {
    const [name, fits] = EFFECTS[op.kind];
    const about = by_subject.get(`${name} ${op.set ?? op.workout}`) ?? [];
    return { op, effects: about.filter((event) => fits(event.data, op)) };
  });
}

function* check_operations(done, log) {
  for (const { op, effects } of done) {
    const what = `${op.op} (${op.kind} ${op.set ?? op.workout})`;
    if (effects.length > 1) {
      yield { rule: "doubled", detail: `${what} stands at ${effects.map((e) => e.position.seq).join(" and ")}` };
    } else if (op.outcome === "acknowledged" && effects.length === 0) {
      yield { rule: "lost", detail: `${what} was acknowledged and is not in the log` };
    } else if (op.outcome === "refused" && op.surely_absent && effects.length === 1) {
      yield { rule: "refused", detail: `${what} was refused and stands at ${effects[0].position.seq}` };
    } else if (op.outcome === "acknowledged") {
      yield* check_answer(op, effects[0], log, what);
    }
  }
}

function subject_of({ event, data }) {
  return `${event} ${data.set?.id ?? data.workout?.id}`;
}

// The version names the event itself, the position the last event of its unit: records come after a set.
function* check_answer(op, effect, log, what) {
  const { seq } = effect.position;
  if (op.version !== undefined && op.version !== seq) {
    yield { rule: "answer", detail: `${what} was answered with version ${op.version} and stands at ${seq}` };
  }
  if (op.position === undefined) return;
  const last = log[op.position.seq - 1];
  const between = log.slice(seq, op.position.seq);
  const in_unit = op.position.seq >= seq && between.every(({ event }) => event === "record.achieved");
  if (!last || !in_unit || last.position.epoch !== op.position.epoch) {
    yield { rule: "answer", detail: `${what} was acked at ${JSON.stringify(op.position)} and stands at ${seq}` };
  }
}

function* check_state(workouts, log) {
  const wanted = retell(log);
  const shown = new Map();
  for (const workout of workouts) {
    if (shown.has(workout.id)) yield { rule: "state", detail: `workout ${workout.id} is shown twice` };
    shown.set(workout.id, workout);
  }
  for (const [id, { deleted }] of wanted) {
    if (!deleted && !shown.has(id)) yield { rule: "state", detail: `workout ${id} is in the log and not shown` };
  }
  for (const [id, workout] of shown) {
    const told = wanted.get(id);
    if (!told || told.deleted) {
      yield { rule: "state", detail: `workout ${id} is shown and ${told ? "deleted" : "absent"} in the log` };
    } else {
      yield* shown_otherwise(workout, told);
    }
  }
}

function* check_stream({ name, topic, records }, log) {
  const where = `stream ${name}`;
  const mine = of_topic(topic, log);
  let at; // the position that the watcher stands at
  for (const record of records) {
    const { seq } = record.position;
    if (record.type === "subscribed") {
      if (record.recovered && at === undefined) {
        yield { rule: "stream", detail: `${where} says recovered without a position to recover from` };
      }
      if (!record.recovered) {
        yield* check_snapshot(record, topic, log, where);
        at = seq;
      }
      continue;
    }
    const next = mine.find_after(at ?? Infinity);
    if (seq <= at) {
      yield { rule: "stream", detail: `${where} has ${seq} after ${at}: repeated or out of order` };
      continue;
    }
    if (next === undefined || seq !== next.position.seq) {
      const wanted = next ? next.position.seq : "nothing";
      yield { rule: "stream", detail: `${where} has ${seq} after ${at}, wanted ${wanted}` };
    }
    const original = log[seq - 1];
    if (original && !same_event(record, original)) {
      yield { rule: "stream", detail: `${where}: event ${seq} is not what the log has` };
    }
    at = seq;
  }
  const missed = mine.find_after(at ?? 0);
  if (missed) yield { rule: "stream", detail: `${where} ends at ${at}; ${missed.position.seq} never came` };
}

function of_topic(topic, log) {
  const sets = new Map();
  const mine = log.map((event) => {
    const workout = workout_of(event, sets);
    return topic === "me" || topic === `workout:${workout}`;
  });
  // The first event of the topic with a higher seq.
  const following = new Array(log.length + 1);
  for (let i = log.length - 1; i >= 0; --i) following[i] = mine[i] ? log[i] : following[i + 1];
  return { find_after: (seq) => following[seq] };
}

function same_event(one, other) {
  const of = ({ position, event, at, data }) => ({ position, event, at, data });
  return isDeepStrictEqual(of(one), of(other));
}

function* check_snapshot({ position, snapshot }, topic, log, where) {
  if (position.seq > log.length) {
    yield { rule: "stream", detail: `${where} has a snapshot at ${position.seq}, the log ends at ${log.length}` };
    return;
  }
  const told = retell(log.slice(0, position.seq));
  const wanted = [...told.values()].filter(({ id, state, deleted }) =>
    topic === "me" ? state === "live" && !deleted : topic === `workout:${id}`,
  );
  const shown = topic === "me" ? snapshot?.workouts : snapshot && [snapshot.workout];
  const sets_of = (workout) => (workout.exercises ?? []).flatMap((one) => one.sets.map(({ id }) => id)).sort();
  const of_shown = new Map((shown ?? []).map((workout) => [workout.id, sets_of(workout)]));
  const of_wanted = new Map(wanted.map(({ id, sets }) => [id, [...sets.keys()].sort()]));
  if (!isDeepStrictEqual(of_shown, of_wanted)) {
    yield { rule: "stream", detail: `${where}: the snapshot at ${position.seq} is not what the log says` };
  }
}
