// Live traffic while everybody signs in at once. Only when asked for.

import { load, median, medians, ratio, table, whole } from "../load.mjs";
import { Spotterd } from "../spotterd.mjs";
import { USERS, make_users, some_exercise } from "../users.mjs";

const CONNECTIONS = 64;
const CLIENTS = 64; // who sign in, again and again
const RATE = 10_000; // sets in a second: about half of what a node bears

export async function storm({ rounds, seconds, note }) {
  const server = await Spotterd.start({
    // Limits would end the storm, and it is the passwords that are to be measured.
    env: { SPOTTER_IDENTITY_SIGN_INS_PER_MINUTE: "0", SPOTTER_LIMITS_FAILED_LOGINS: "0" },
  });
  try {
    const exercise = await some_exercise(server);
    const live = async () => load("latency", {
      ...server.target, first: await make_users(server, USERS.latency, CONNECTIONS),
      connections: CONNECTIONS, exercise, seconds, rate: RATE,
    });
    const found = { calm: [], storm: [] };
    const signed = [];
    for (let round = 0; round < rounds; ++round) {
      found.calm.push(await live());
      const clients = sign_in_often(server.port);
      found.storm.push(await live());
      signed.push(await clients.end());
      note(`watcher p99: calm ${found.calm.at(-1).watcher_p99} ms, storm ${found.storm.at(-1).watcher_p99} ms; `
        + `${signed.at(-1).judged} passwords judged, ${signed.at(-1).refused} refused`);
    }
    return { text: describe(found, signed, seconds) };
  } finally {
    await server.stop();
  }
}

/** Wrong passwords for unknown addresses; who is refused comes again after the time that the answer names. */
function sign_in_often(port) {
  let going = true;
  const counts = { judged: 0, refused: 0 };
  const client = async (number) => {
    for (let i = 0; going; ++i) {
      const answer = await fetch(`http://127.0.0.1:${port}/v1/auth/login`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ email: `storm-${number}-${i}@example.org`, password: "correct horse battery" }),
      });
      await answer.arrayBuffer();
      if (answer.status === 401) ++counts.judged;
      else if (answer.status === 503) ++counts.refused;
      else throw new Error(`a sign-in was answered with ${answer.status}`);
      const pause = Number(answer.headers.get("retry-after") ?? 0) * 1000;
      if (going && pause) await new Promise((wake) => setTimeout(wake, pause));
    }
  };
  const clients = Array.from({ length: CLIENTS }, (_, number) => client(number));
  return {
    end: async () => {
      going = false;
      await Promise.all(clients);
      return counts;
    },
  };
}

function describe({ calm, storm }, signed, seconds) {
  const row = (title, figure) => {
    const [before, during] = [calm, storm].map((rounds) => rounds.map((round) => round[figure]));
    return [title, median(before).toFixed(2), median(during).toFixed(2), `${ratio(during, before).toFixed(2)}×`];
  };
  const { judged, refused } = medians(signed);
  return `## Live traffic in a storm of sign-ins\n\n${CLIENTS} clients sign in at once, without a pause but for the one they are told: `
    + `${whole(judged / seconds)} passwords judged in a second, ${whole(refused / seconds)} answers "come again". `
    + `${whole(RATE)} sets in a second meanwhile.\n\n${table(["ms", "calm", "storm", "ratio"], [
      row("set sent → answer, p50", "answer_p50"),
      row("p99", "answer_p99"),
      row("set sent → event at the watcher, p50", "watcher_p50"),
      row("p99", "watcher_p99"),
    ])}\n`;
}
