// What tests of imports share: uploads, waits, and files of our own making.

import { randomBytes } from "node:crypto";

import { until } from "./waiting.mjs";

const ENDED = ["needs_input", "finished", "failed", "cancelled"];

/** POST /v1/imports with a file; `fields` are the other parts. */
export function upload(client, content, { name = "export.csv", fields = {}, headers = {} } = {}) {
  const boundary = `b${randomBytes(12).toString("hex")}`;
  const parts = Object.entries(fields).map(
    ([key, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${key}"\r\n\r\n${value}\r\n`,
  );
  const head =
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n` +
    "Content-Type: text/csv\r\n\r\n";
  const body = Buffer.concat([Buffer.from(parts.join("") + head), Buffer.from(content), Buffer.from(`\r\n--${boundary}--\r\n`)]);
  return client.post("/v1/imports", body, { "content-type": `multipart/form-data; boundary=${boundary}`, ...headers });
}

/** The import once it has ended, or asks for something. */
export function ended(client, id, ms = 60_000) {
  return until(ms, `the end of import ${id}`, async () => {
    const state = await client.expect(200, client.get(`/v1/imports/${id}`));
    return ENDED.includes(state.status) && state;
  }, 50);
}

/** Uploads, waits, and answers the import's last state. */
export async function imported(client, content, options) {
  const answer = await upload(client, content, options);
  if (answer.status !== 202) throw new Error(`upload: ${answer.status} ${answer.text}`);
  return ended(client, answer.json.id);
}

/** A Hevy export of our own: `count` workouts of three sets. */
export function hevy_file(count, { exercise = "Bench Press (Barbell)", weight = 60, unit = "kg" } = {}) {
  const names = ["title", "start_time", "end_time", "description", "exercise_title", "superset_id", "exercise_notes"];
  const more = ["set_index", "set_type", `weight_${unit === "kg" ? "kg" : "lbs"}`, "reps", "distance_km", "duration_seconds", "rpe"];
  const lines = [[...names, ...more].map((name) => `"${name}"`).join(",")];
  for (let n = 0; n < count; ++n) {
    const day = new Date(Date.UTC(2024, 0, 1 + n));
    const date = `${day.getUTCDate()} ${day.toLocaleString("en", { month: "short", timeZone: "UTC" })} ${day.getUTCFullYear()}`;
    for (let set = 0; set < 3; ++set) {
      lines.push(`"Day ${n}","${date}, 08:00","${date}, 09:00","","${exercise}",,"",${set},"normal",${weight + set},${5 + set},,0,`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** All sets of all workouts, as they are stored. */
export async function stored(client) {
  const workouts = [];
  for (const { id } of await client.pages("/v1/workouts", 200)) {
    workouts.push(await client.expect(200, client.get(`/v1/workouts/${id}`)));
  }
  const instances = workouts.flatMap(({ exercises }) => exercises);
  const sets = instances.flatMap((one) => one.sets);
  return { workouts, instances, sets };
}
