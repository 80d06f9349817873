// A run: load from many devices, a fault again and again, then the history for the checker.

import { Server } from "../e2e/server.mjs";
import { within } from "../e2e/waiting.mjs";
import { Fleet, only } from "../load/fleet.mjs";
import { Gate } from "../load/gate.mjs";
import { generator } from "../load/random.mjs";

const LOAD_MS = [5, 800]; // from the first acknowledgement after a fault to the next fault
const RESUME_MS = 60_000;

/**
 * Runs `rounds` faults; `fault(server, random)` is one. Answers `{history, told}`, where `told` has the numbers
 * that show how much was tried. `say` gets a line a round.
 */
export async function run({ seed, rounds, fault, binary, env, say = () => {} }) {
  const random = generator(seed);
  const server = await Server.start({ binary, env, name: "crash" });
  const gate = new Gate();
  let fleet;
  try {
    fleet = await Fleet.set_out({ places: only(server), gate, random, reads: 0.02 });
    for (let round = 1; round <= rounds; ++round) {
      await within(RESUME_MS, `an acknowledgement in round ${round}`, fleet.next_acknowledgement());
      await new Promise((resolve) => setTimeout(resolve, random.between(...LOAD_MS)));
      fleet.disturb(random);
      gate.set(false);
      const before = fleet.acknowledged;
      const began = Date.now();
      await fault(server, random);
      say(`round ${round}: ${before} acknowledged, back after ${Date.now() - began} ms`);
      gate.set(true);
    }
    await within(RESUME_MS, "an acknowledgement after the last round", fleet.next_acknowledgement());
    const history = await fleet.come_home();
    return { history, told: fleet.told() };
  } catch (error) {
    fleet?.abandon();
    gate.set(true);
    throw error;
  } finally {
    await server.stop();
  }
}
