// The test of the test: a server that acknowledges before the commit has to be caught.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { run } from "./campaign.mjs";
import { check } from "../load/checker.mjs";
import { freeze_database_and_kill } from "./faults.mjs";
import { chosen_seed } from "../load/random.mjs";
import { in_words } from "./verdict.mjs";

const ROUNDS = 3;
const RUNS = 3;
const binary = process.env.SPOTTERD_BROKEN;
const missing = binary ? false : "SPOTTERD_BROKEN, a server whose guards can be taken out, is not set";

describe("a server that acknowledges before the commit", { skip: missing }, () => {
  it("is caught by the checker", async (t) => {
    for (let attempt = 1; attempt <= RUNS; ++attempt) {
      const seed = chosen_seed();
      t.diagnostic(`SPOTTER_SEED=${seed}`);
      const say = (line) => t.diagnostic(line);
      const env = { SPOTTER_BREAK: "ack_before_commit" };
      const fault = freeze_database_and_kill;
      const { history } = await run({ seed, rounds: ROUNDS, fault, binary, env, say });
      const violations = check(history);
      t.diagnostic(`${violations.length} violations, such as\n${in_words(violations)}`);
      if (violations.some(({ rule }) => rule === "lost")) return;
    }
    assert.fail("no acknowledged operation was found missing");
  });
});
