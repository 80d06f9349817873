// A run: a cluster under load, a fault again and again, then the judgement of everything that was seen.

import { within } from "../e2e/waiting.mjs";
import { check } from "../load/checker.mjs";
import { Fleet } from "../load/fleet.mjs";
import { Gate } from "../load/gate.mjs";
import { generator } from "../load/random.mjs";
import { Cluster } from "./cluster.mjs";
import { FAULTS } from "./faults.mjs";

const RESUME_MS = 60_000;
const LOAD_MS = [300, 900]; // between two faults

/**
 * Sets a fleet on a cluster and does `fault` (a name of FAULTS) to it until `seconds` are over, once at least.
 * Answers `{violations, told, rounds, longest_pause_ms}`; an error when the cluster did not come back. `say` gets
 * a line a round.
 */
export async function run({ fault: name, seed, seconds, count = 3, binary, env, words, athletes = 6, pace_ms = 0, say }) {
  const { run: fault, way, standby } = FAULTS[name];
  const random = generator(seed);
  const cluster = await Cluster.start({ count, binary, way, standby, env, words });
  let fleet;
  try {
    const gate = new Gate();
    const habits = { athletes, pace_ms, reads: 0.1, watched_sets: 300 };
    fleet = await Fleet.set_out({ places: cluster, gate, random: random.split(), ...habits });
    const scene = { cluster, fleet, random, say };
    const rounds = [];
    const end = Date.now() + seconds * 1000;
    do {
      await resumed(fleet);
      await new Promise((resolve) => setTimeout(resolve, random.between(...LOAD_MS)));
      fleet.disturb(random);
      const told = await Promise.race([fault(scene), fleet.broken]);
      rounds.push(told);
      say(`round ${rounds.length}: ${JSON.stringify(told)}, ${fleet.acknowledged} acknowledged`);
    } while (Date.now() < end && !fault.once);
    await cluster.settled();
    await resumed(fleet);
    const history = await fleet.come_home();
    return { violations: check(history), told: fleet.told(), rounds, longest_pause_ms: fleet.longest_pause_ms() };
  } catch (error) {
    fleet?.abandon();
    error.message += `\n${cluster.said}`;
    throw error;
  } finally {
    await cluster.stop();
  }
}

/** Everybody gets acknowledgements again. */
function resumed(fleet) {
  return within(RESUME_MS, "an acknowledgement for everybody", fleet.served_since(Date.now()));
}
