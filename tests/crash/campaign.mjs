// A run: load from many devices, a fault again and again, then the history for the checker.

import { Client } from "../e2e/client.mjs";
import { Server } from "../e2e/server.mjs";
import { deferred, within } from "../e2e/waiting.mjs";
import { Athlete } from "./athlete.mjs";
import { Device } from "./device.mjs";
import { LiveDevice } from "./live_device.mjs";
import { generator } from "./random.mjs";
import { RestDevice } from "./rest_device.mjs";
import { Watcher } from "./watcher.mjs";

const ATHLETES = 5;
const LOAD_MS = [5, 800]; // from the first acknowledgement after a fault to the next fault
const RESUME_MS = 60_000;
const CATCH_UP_MS = 20_000;

/** Devices and watchers wait here while the server is down. */
class Gate {
  #opened = deferred();

  open() {
    return this.#opened.promise;
  }

  set(is_open) {
    if (is_open) this.#opened.resolve();
    else this.#opened = deferred();
  }
}

/**
 * Runs `rounds` faults; `fault(server, random)` is one. Answers `{history, told}`, where `told` has the numbers
 * that show how much was tried. `say` gets a line a round.
 */
export async function run({ seed, rounds, fault, binary, say = () => {} }) {
  const random = generator(seed);
  const server = await Server.start({ binary, name: "crash" });
  const gate = new Gate();
  let fleet;
  try {
    fleet = await Fleet.set_out(server, gate, random);
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

class Fleet {
  acknowledged = 0;
  #next = deferred();
  #broken = deferred(); // a device's own work has failed
  #work = [];

  static async set_out(server, gate, random) {
    const fleet = new Fleet();
    fleet.athletes = await Promise.all(
      Array.from({ length: ATHLETES }, (_, i) => fleet.#athlete(server, gate, random.split(), `u${i + 1}`)),
    );
    gate.set(true);
    for (const { devices, watchers, next_op } of fleet.athletes) {
      for (const watcher of watchers) watcher.following = watcher.follow();
      for (const device of devices) fleet.#work.push(device.work(next_op));
    }
    fleet.#broken.promise.catch(() => {});
    for (const work of fleet.#work) work.catch(fleet.#broken.reject);
    return fleet;
  }

  async #athlete(server, gate, random, name) {
    const client = await Client.register(server);
    const { items } = await client.expect(200, client.get("/v1/exercises?limit=6"));
    const athlete = new Athlete({ name, client, exercises: items.map(({ id }) => id), random });
    const workout = await client.start_workout();
    const first = { op: `${name}-0`, kind: "start", workout: workout.id, outcome: "acknowledged" };
    athlete.operations = [{ ...first, version: workout.version }];
    athlete.learn(first);
    const concluded = (op) => {
      athlete.learn(op);
      if (op.outcome !== "acknowledged") return;
      ++this.acknowledged;
      this.#next.resolve();
    };
    const device = (kind, transport, always_keyed) =>
      athlete.devices.push(
        new Device({ name: `${name}-${kind}`, transport, gate, random: random.split(), always_keyed, concluded }),
      );
    device("phone", new RestDevice(server, client.token), false);
    device("tablet", new RestDevice(server, client.token), true);
    device("watch", new LiveDevice(server, client.token), true);
    for (const topic of ["me", "me", `workout:${workout.id}`]) {
      const { token } = client;
      const watcher = new Watcher({ name: `${name} ${topic}`, server, token, topic, gate });
      athlete.watchers.push(watcher);
    }
    return athlete;
  }

  /** Resolves with the next acknowledgement that any device gets. */
  next_acknowledgement() {
    this.#next = deferred();
    return Promise.race([this.#next.promise, this.#broken.promise]);
  }

  /** Ends everything at once, after a failure. */
  abandon() {
    for (const athlete of this.athletes) {
      athlete.stopping = true;
      for (const device of athlete.devices) device.abandon();
      for (const watcher of athlete.watchers) watcher.stop();
      athlete.client.close();
    }
  }

  /** Some watchers lose their connection, too. */
  disturb(random) {
    for (const watcher of this.#watchers()) if (random.chance(0.2)) watcher.drop();
  }

  #watchers() {
    return this.athletes.flatMap(({ watchers }) => watchers);
  }

  /** Ends the load, lets every device get its definite answer, and reads what the server says. */
  async come_home() {
    for (const athlete of this.athletes) athlete.stopping = true;
    await Promise.all(this.#work);
    const users = [];
    for (const athlete of this.athletes) users.push(await settle(athlete));
    for (const watcher of this.#watchers()) watcher.stop();
    await Promise.all(this.#watchers().map(({ following }) => following));
    for (const { client } of this.athletes) client.close();
    return { users };
  }

  told() {
    const watchers = this.#watchers();
    const operations = this.athletes.flatMap(({ devices }) => devices.flatMap((one) => one.operations));
    const sum = (items, number) => items.reduce((total, one) => total + number(one), 0);
    const devices = this.athletes.flatMap((one) => one.devices);
    return {
      operations: operations.length,
      acknowledged: this.acknowledged,
      refused: operations.filter(({ outcome }) => outcome === "refused").length,
      undecided: operations.filter(({ outcome }) => outcome === "unknown").length,
      repeated: sum(devices, ({ attempts }) => attempts) - operations.length,
      resumes: sum(watchers, ({ resumes }) => resumes),
      reloads: sum(watchers, ({ reloads }) => reloads),
      undecided_because: operations.filter(({ outcome }) => outcome === "unknown").map(({ kind, last }) => `${kind}: ${last}`),
      refused_because: [...new Set(operations.filter(({ why }) => why).map(({ kind, why }) => `${kind}: ${why}`))].slice(0, 20),
    };
  }
}

/** One user's part of the history. */
async function settle({ name, client, devices, watchers, operations }) {
  const log = await client.changes();
  await Promise.all(
    watchers.map(async (watcher) => {
      const last = log.findLast((event) => watcher.topic === "me" || in_workout(watcher.topic, event));
      await watcher.reached(last.position.seq, CATCH_UP_MS);
    }),
  );
  const listed = await client.pages("/v1/workouts", 200);
  const workouts = [];
  for (const { id } of listed) workouts.push(await client.expect(200, client.get(`/v1/workouts/${id}`)));
  return {
    user: name,
    operations: [...operations, ...devices.flatMap((one) => one.operations)],
    log,
    workouts,
    streams: watchers.map(({ name: stream, topic, records }) => ({ name: stream, topic, records: [...records] })),
  };
}

function in_workout(topic, { data }) {
  return topic === `workout:${data.set?.workout_id ?? data.workout?.id}`;
}
