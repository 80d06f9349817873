// A read sees what was acknowledged before it was asked, through whatever node, and nothing that never was.
//
// reads: [{by, began, node, workout, shown}] or [{by, began, node, since, limit, items}]
//   began   how many acknowledgements the user's devices had when the question was sent
//   shown   GET /v1/workouts/{id}: the answer, or null when there was none such
//   items   GET /v1/changes?since=…&limit=…

import { isDeepStrictEqual } from "node:util";

import { shown_otherwise, tell } from "./story.mjs";

/** `done`: each operation with its effects in the log. Violations `{rule: "read", detail}`. */
export function* check_reads(reads, done, log) {
  const of_changes = newest_by_acknowledgement(done, () => true);
  const of_workout = new Map();
  const floor_of = ({ workout, began }) => {
    if (!of_workout.has(workout)) {
      of_workout.set(workout, newest_by_acknowledgement(done, (op) => op.workout === workout));
    }
    return of_workout.get(workout)(began);
  };
  for (const read of reads.filter(({ items }) => items)) yield* check_changes(read, of_changes(read.began), log);
  const shown = reads.filter(({ items, shown: one }) => !items && one);
  for (const read of shown) {
    const floor = floor_of(read);
    if (read.shown.version < floor) {
      yield { rule: "read", detail: `${of(read)} shows version ${read.shown.version}, ${floor} was acknowledged before` };
    }
  }
  yield* check_contents(shown, log);
  for (const read of reads.filter(({ items, shown: one }) => !items && one === null)) {
    if (!deleted_since(read.workout, floor_of(read), log)) {
      yield { rule: "read", detail: `${of(read)} finds nothing, and it was not deleted` };
    }
  }
}

const of = ({ by, node = "the server", workout, since }) =>
  `${by} at ${node}: ${workout ? `workout ${workout}` : `changes since ${since}`}`;

/** n → the highest seq that the first n acknowledgements stand for. */
function newest_by_acknowledgement(done, fits) {
  const acked = done
    .filter(({ op, effects }) => op.outcome === "acknowledged" && effects.length > 0 && fits(op))
    .map(({ op, effects }) => ({ at: op.acked_at ?? 0, seq: effects[0].position.seq }))
    .sort((one, other) => one.at - other.at);
  let newest = 0;
  for (const one of acked) one.newest = newest = Math.max(newest, one.seq);
  return (began) => {
    let low = 0;
    for (let high = acked.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (acked[middle].at <= began) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : acked[low - 1].newest;
  };
}

function* check_changes(read, floor, log) {
  const { since, items, limit } = read;
  const last = items.at(-1)?.position.seq ?? since;
  if (last < floor && items.length < limit) {
    yield { rule: "read", detail: `${of(read)} ends at ${last}, ${floor} was acknowledged before` };
  }
  const wrong = items.find((item, i) => !isDeepStrictEqual(item, log[since + i]));
  if (wrong) yield { rule: "read", detail: `${of(read)}: event ${wrong.position.seq} is not what the log has there` };
}

// Each as the log tells it up to the version shown, in one pass over the log.
function* check_contents(shown, log) {
  const workouts = new Map();
  let told = 0;
  const by_version = [...shown].sort((one, other) => one.shown.version - other.shown.version);
  for (const read of by_version) {
    const { version } = read.shown;
    while (told < Math.min(version, log.length)) tell(workouts, log[told++]);
    const wanted = workouts.get(read.workout);
    if (!wanted || wanted.deleted || version > log.length) {
      yield { rule: "read", detail: `${of(read)} is shown at version ${version}, which the log does not have` };
      continue;
    }
    for (const { detail } of shown_otherwise(read.shown, wanted)) {
      yield { rule: "read", detail: `${of(read)} at version ${version}: ${detail}` };
    }
  }
}

/** Was this workout deleted at `seq` or at any time after it? */
function deleted_since(workout, seq, log) {
  let deleted = false;
  for (const { event, data, position } of log) {
    if (data.workout?.id !== workout) continue;
    if (event === "workout.deleted") {
      deleted = true;
      if (position.seq >= seq) return true;
    } else if (event === "workout.restored" && position.seq <= seq) {
      deleted = false;
    }
  }
  return deleted;
}
