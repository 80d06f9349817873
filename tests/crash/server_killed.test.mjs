// kill -9 of the server at random moments under load.

import { describe, it } from "node:test";

import { missing } from "../e2e/server.mjs";
import { run } from "./campaign.mjs";
import { freeze_database_and_kill, kill_server } from "./faults.mjs";
import { chosen_seed } from "../load/random.mjs";
import { assert_kept } from "./verdict.mjs";

const ROUNDS = Number(process.env.SPOTTER_ROUNDS ?? 24);

describe("a server that is killed under load", { skip: missing }, () => {
  it("keeps what it acknowledged, once and in order", async (t) => {
    const seed = chosen_seed();
    t.diagnostic(`SPOTTER_SEED=${seed}`);
    let round = 0;
    // Every fourth time the database stops first, so that the server dies with commits under way.
    const fault = (server, random) =>
      ++round % 4 === 0 ? freeze_database_and_kill(server, random) : kill_server(server, random);
    const result = await run({ seed, rounds: ROUNDS, fault, say: (line) => t.diagnostic(line) });
    t.diagnostic(JSON.stringify(result.told));
    assert_kept(result);
  });
});
