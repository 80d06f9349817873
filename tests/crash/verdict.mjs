// What a run has to show, said once for all crash tests.

import assert from "node:assert/strict";

import { check } from "../load/checker.mjs";

/** Fails unless every promise was kept, and enough was tried for that to mean something. */
export function assert_kept({ history, told }) {
  const violations = check(history);
  assert.equal(violations.length, 0, `${violations.length} violations, such as\n${in_words(violations)}`);
  assert.equal(told.undecided, 0, `operations without a definite answer: ${told.undecided_because.join("\n")}`);
  assert.ok(told.acknowledged > 500, `only ${told.acknowledged} operations were acknowledged`);
  assert.ok(told.repeated > 0, "no operation had to be sent again");
  assert.ok(told.resumes > 0, "no watcher had to resume");
  // What is missed while a server restarts is little: it has to be replayed, not reloaded.
  assert.equal(told.reloads, 0, `${told.reloads} of ${told.resumes} resumes were answered with a snapshot`);
}

export function in_words(violations) {
  return violations
    .slice(0, 20)
    .map(({ rule, user, detail }) => `  ${rule} (${user}): ${detail}`)
    .join("\n");
}
