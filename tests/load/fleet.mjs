// Users with their devices and watchers, set to work against one server or many, and what they saw.

import { Client } from "../e2e/client.mjs";
import { deferred, within } from "../e2e/waiting.mjs";
import { Athlete } from "./athlete.mjs";
import { Device } from "./device.mjs";
import { LiveDevice } from "./live_device.mjs";
import { Reader } from "./reader.mjs";
import { RestDevice } from "./rest_device.mjs";
import { tell_of } from "./told.mjs";
import { Watcher } from "./watcher.mjs";

const ATHLETES = 5;
const CATCH_UP_MS = 20_000;
const PATIENCE_MS = 60_000;

/** One server as the only place to turn to; `Fleet.set_out` says what a place is. */
export const only = (server) => ({ choose: () => server });

export class Fleet {
  acknowledged = 0;
  #next = deferred();
  #broken = deferred(); // a device's own work has failed
  #work = [];
  #last; // when the newest acknowledgement came
  #longest_pause_ms = 0;

  /**
   * Registers the users and starts their load. `places.choose(random, unlike)` gives the server for the next
   * connection, another one than `unlike` where it can; `places.patience_ms` is how long a device waits for an
   * answer. `gate.open()` resolves while a server is thought to run. `reads` is the share of acknowledgements
   * after which somebody reads; `pace_ms` a device's pause between its operations.
   */
  static async set_out({ places, gate, random, athletes = ATHLETES, ...habits }) {
    const fleet = new Fleet();
    Object.assign(fleet, { places, gate, habits });
    fleet.athletes = await Promise.all(
      Array.from({ length: athletes }, (_, i) => fleet.#athlete(random.split(), `u${i + 1}`)),
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

  async #athlete(random, name) {
    const { places, gate } = this;
    const { reads = 0, pace_ms = 0, watched_sets } = this.habits;
    const client = await Client.register(places.choose(random));
    const { token } = client;
    const { items } = await client.expect(200, client.get("/v1/exercises?limit=6"));
    const athlete = new Athlete({ name, client, exercises: items.map(({ id }) => id), random, watched_sets });
    const workout = await client.start_workout();
    const first = { op: `${name}-0`, kind: "start", workout: workout.id, outcome: "acknowledged", acked_at: 0 };
    athlete.operations = [{ ...first, version: workout.version }];
    athlete.learn(first);
    athlete.reader = new Reader({ places, token, random: random.split() });
    const concluded = (op) => {
      athlete.learn(op);
      if (op.outcome !== "acknowledged") return;
      op.acked_at = athlete.reader.acknowledged();
      athlete.served = Math.max(athlete.served ?? 0, op.asked);
      this.#acknowledged_now();
      ++this.acknowledged;
      this.#next.resolve();
      this.#next = deferred();
    };
    const rested = async (op, by) => {
      if (op.outcome === "acknowledged" && random.chance(reads)) await athlete.reader.read(op, by);
      if (pace_ms > 0) await new Promise((resolve) => setTimeout(resolve, random.between(0, 2 * pace_ms)));
    };
    const device = (kind, transport, always_keyed) =>
      athlete.devices.push(
        new Device({ name: `${name}-${kind}`, transport, gate, random: random.split(), always_keyed, concluded, rested }),
      );
    device("phone", new RestDevice(places, token, random.split()), false);
    device("tablet", new RestDevice(places, token, random.split()), true);
    device("watch", new LiveDevice(places, token, random.split()), true);
    for (const topic of ["me", "me", `workout:${workout.id}`]) {
      const watcher = new Watcher({ name: `${name} ${topic}`, places, token, topic, gate, random: random.split() });
      athlete.watchers.push(watcher);
    }
    return athlete;
  }

  /** Resolves with the next acknowledgement that any device gets. */
  next_acknowledgement() {
    return Promise.race([this.#next.promise, this.#broken.promise]);
  }

  /** Rejects as soon as a device's own work has failed; resolves never. */
  get broken() {
    return this.#broken.promise;
  }

  /**
   * Resolves with the time when every user has had an acknowledgement of what was asked after `moment`; both in
   * ms as of Date.now().
   */
  async served_since(moment) {
    while (!this.athletes.every(({ served }) => served >= moment)) await this.next_acknowledgement();
    return Date.now();
  }

  /** The longest time without any acknowledgement for anybody. */
  longest_pause_ms() {
    return this.#longest_pause_ms;
  }

  #acknowledged_now() {
    const now = Date.now();
    this.#longest_pause_ms = Math.max(this.#longest_pause_ms, now - (this.#last ?? now));
    this.#last = now;
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
    for (const athlete of this.athletes) users.push(await this.#settle(athlete));
    for (const watcher of this.#watchers()) watcher.stop();
    await Promise.all(this.#watchers().map(({ following }) => following));
    for (const { client, reader } of this.athletes) {
      client.close();
      reader.close();
    }
    return { users };
  }

  /** The numbers that show how much was tried; see told.mjs. */
  told() {
    return tell_of(this.athletes);
  }

  // One user's part of the history.
  async #settle({ name, client, devices, watchers, operations, reader, random }) {
    const patiently = (ask) => this.#patiently(client, random, ask);
    const log = await patiently(() => client.changes());
    await Promise.all(
      watchers.map(async (watcher) => {
        const last = log.findLast((event) => watcher.topic === "me" || in_workout(watcher.topic, event));
        await watcher.reached(last.position.seq, CATCH_UP_MS);
      }),
    );
    const listed = await patiently(() => client.pages("/v1/workouts", 200));
    const workouts = [];
    for (const one of listed) {
      const full = await patiently(() => client.expect(200, client.get(`/v1/workouts/${one.id}`)));
      workouts.push({ ...full, listed: one });
    }
    return {
      user: name,
      operations: [...operations, ...devices.flatMap((one) => one.operations)],
      reads: reader.reads,
      log,
      workouts,
      streams: watchers.map(({ name: stream, topic, records }) => ({ name: stream, topic, records: [...records] })),
    };
  }

  // Everything runs again by now, but the place that this client knows may be gone for good.
  async #patiently(client, random, ask) {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await within(PATIENCE_MS, "an answer in the end", ask());
      } catch (error) {
        if (Date.now() > end) throw error;
        client.server = this.places.choose(random, client.server);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
}

function in_workout(topic, { data }) {
  return topic === `workout:${data.set?.workout_id ?? data.workout?.id}`;
}
