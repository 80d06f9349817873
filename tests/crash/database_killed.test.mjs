// kill -9 of the embedded PostgreSQL under load, while the server lives on.

import { describe, it } from "node:test";

import { missing } from "../e2e/server.mjs";
import { run } from "./campaign.mjs";
import { kill_database } from "./faults.mjs";
import { chosen_seed } from "../load/random.mjs";
import { assert_kept } from "./verdict.mjs";

const ROUNDS = Number(process.env.SPOTTER_ROUNDS ?? 20);

describe("a server whose database is killed under load", { skip: missing }, () => {
  it("recovers by itself and keeps what it acknowledged, once and in order", async (t) => {
    const seed = chosen_seed();
    t.diagnostic(`SPOTTER_SEED=${seed}`);
    const say = (line) => t.diagnostic(line);
    const result = await run({ seed, rounds: ROUNDS, fault: kill_database, say });
    t.diagnostic(JSON.stringify(result.told));
    assert_kept(result);
  });
});
