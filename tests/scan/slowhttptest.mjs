import { join } from "node:path";

import { Client } from "../e2e/client.mjs";
import { run } from "./run.mjs";

const seconds = 45;
const connections = 2_000;
const slow_ms = 5_000; // for an answer to somebody else; without the attack it takes a few

const attacks = [
  ["slow headers", "/livez", ["-H", "-i", "5", "-x", "24"]],
  ["slow bodies", "/v1/auth/login", ["-B", "-i", "5", "-s", "8192", "-x", "10", "-t", "POST", "-f", "application/json"]],
  ["slow reading", "/v1/openapi.json", ["-X", "-w", "1", "-y", "64", "-n", "5", "-z", "32", "-k", "3"]],
];

/** Very slow clients: meanwhile everybody else must be served. */
export async function slowhttptest(server, logs) {
  const findings = [];
  const figures = [];
  const client = await Client.register(server);
  const { id } = await client.start_workout();
  const exercise_id = (await client.exercise()).id;
  for (const [name, path, how] of attacks) {
    let ended = false;
    const words = [...how, "-c", String(connections), "-r", "400", "-l", String(seconds), "-p", "5", "-u", server.url + path];
    const attack = run("slowhttptest", words, { log: join(logs, "slowhttptest.log"), minutes: 3 }).finally(() => (ended = true));
    const times = [];
    const failures = [];
    while (!ended) {
      const began = Date.now();
      try {
        // A connection of its own each time: that is what these attacks use up.
        const fresh = new Client(server, client.token);
        await fresh.log_set(id, { exercise_id, reps: 5 });
        fresh.close();
        times.push(Date.now() - began);
      } catch (error) {
        failures.push(error.message);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const { text } = await attack;
    const down = /service available:\s*NO/i.test(text.replaceAll(/\x1b\[[0-9;]*m/g, ""));
    const reached = Number(/connected:\s+(\d+)/.exec(text.replaceAll(/\x1b\[[0-9;]*m/g, "").split("slow HTTP test status").at(-1))?.[1] ?? 0);
    times.sort((a, b) => a - b);
    figures.push(`${name}: ${times.length} others served, p99 ${times[Math.floor(times.length * 0.99)]} ms, longest ${times.at(-1)} ms`);
    if (failures.length > 0) findings.push({ id: name, text: `${failures.length} requests of others failed: ${failures[0]}` });
    if (times.length === 0 || times.at(-1) > slow_ms) findings.push({ id: name, text: `others waited ${times.at(-1)} ms` });
    if (down) findings.push({ id: name, text: "slowhttptest found the service not available" });
    if (!/slow HTTP test status|Exit status|test ended/i.test(text)) findings.push({ id: name, text: `did not run: ${text.slice(-200)}` });
    void reached;
  }
  client.close();
  return { findings, figures: figures.join("; ") };
}
