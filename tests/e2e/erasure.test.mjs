// Taking one's data out, and leaving for good: nothing of a person stays in any column of any table.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { inflateRawSync } from "node:zlib";

import { Client, PASSWORD, fresh_email } from "./client.mjs";
import { psql, verify_address } from "./database.mjs";
import { imported } from "./importing.mjs";
import { Live } from "./live.mjs";
import { missing, Server } from "./server.mjs";
import { until } from "./waiting.mjs";

/** The files of a ZIP, by its central directory. */
function unzip(bytes) {
  const files = {};
  const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; --left) {
    const [method, packed, name_size] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20), bytes.readUInt16LE(at + 28)];
    const local = bytes.readUInt32LE(at + 42);
    const name = bytes.toString("utf8", at + 46, at + 46 + name_size);
    const begin = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const content = bytes.subarray(begin, begin + packed);
    files[name] = method === 8 ? inflateRawSync(content) : content;
    at += 46 + name_size + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return files;
}

/** Where a text occurs in the database: every column of every table of ours, as text. */
async function occurrences(server, text) {
  const columns = await psql(server, `SELECT c.relname || '|' || a.attname FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'spotter'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition`);
  assert.ok(columns.length > 100);
  const quoted = text.replaceAll("'", "''");
  const bytes = Buffer.from(text).toString("hex");
  const looks = columns.map((column) => {
    const [table, name] = column.split("|");
    return `SELECT '${column}' WHERE EXISTS (SELECT FROM spotter."${table}" t
      WHERE strpos(t."${name}"::text, '${quoted}') > 0 OR strpos(t."${name}"::text, '${bytes}') > 0)`;
  });
  return psql(server, looks.join(" UNION ALL "));
}

describe("export and erasure", { skip: missing }, () => {
  let server;
  before(async () => (server = await Server.start({ name: "erasure" })));
  after(() => server?.stop());

  /** A person with something in as many tables as the API can fill. */
  async function somebody(mark) {
    const client = await Client.register(server, { display_name: `${mark} name`, email: fresh_email() });
    const bench = await client.exercise();
    const workout = await client.start_workout({ title: `${mark} title`, notes: `${mark} notes` });
    const set = await client.log_set(workout.id, { exercise_id: bench.id, reps: 5, weight: { value: 80, unit: "kg" } });
    await client.patch(`/v1/workouts/${workout.id}`, { title: `${mark} other title` });
    await client.patch(`/v1/workouts/${workout.id}/sets/${set.id}`, { reps: 6 });
    await client.post(`/v1/workouts/${workout.id}/finish`, {}, { "idempotency-key": `${mark}-key` });
    const own = await client.expect(201, client.post("/v1/exercises", { name: `${mark} exercise` }));
    await client.patch(`/v1/exercises/${own.id}`, { name: `${mark} exercise again` });
    await client.post("/v1/recommendations", { kind: "next_set", exercise_id: bench.id });
    const csv = `Date,Workout Name,Duration,Exercise Name,Set Order,Weight,Reps,Distance,Seconds,Notes,Workout Notes,RPE\n` +
      `2026-01-02 10:00:00,${mark} import,1h,Bench Press (Barbell),1,100,5,0,0,${mark} note,,\n`;
    const { status } = await imported(client, csv, { name: `${mark}.csv`, fields: { unit: "kg" } });
    assert.equal(status, "finished");
    await new Client(server).post("/v1/auth/login", { email: client.email, password: "not the password" });
    await new Client(server).post("/v1/auth/login", { email: client.email, password: PASSWORD }, { "user-agent": `${mark} device` });
    await new Client(server).post("/v1/auth/recovery", { email: client.email });
    await client.post("/v1/me/email", { email: fresh_email() });
    for (const path of ["/v1/me/mfa/totp", "/v1/me/tokens", "/v1/shares"])
      await client.post(path, path.endsWith("tokens") ? { name: `${mark} key`, scopes: ["read"] } : {});
    return client;
  }

  it("gives out everything that is held, with a manifest", async () => {
    const client = await somebody("Exporter");
    const answer = await client.get("/v1/me/export");
    assert.equal(answer.status, 200, answer.text.slice(0, 200));
    assert.equal(answer.headers["content-type"], "application/zip");
    const files = unzip(answer.bytes);
    const manifest = JSON.parse(files["manifest.json"]);
    assert.equal(manifest.user_id, client.user.id);
    for (const { name, rows, bytes } of manifest.files) {
      assert.equal(files[name].length, bytes, name);
      if (name.endsWith(".json")) assert.equal(JSON.parse(files[name]).length, rows, name);
    }
    const rows = (table) => JSON.parse(files[`data/${table}.json`]);
    assert.equal(rows("app_user")[0].email, client.email);
    assert.equal(rows("workout").length, 2);
    assert.equal(rows("workout_set").length, 2);
    assert.ok(rows("event").length > 5 && rows("audit").length > 0 && rows("login").length >= 2);
    assert.ok(rows("security_event").length > 0 && rows("mail").length > 0);
    const sets = files["sets.csv"].toString();
    assert.match(sets, /Exporter other title/);
    assert.match(sets, /Exporter import/);
    const original = Object.keys(files).find((name) => name.endsWith("/original"));
    assert.match(files[original].toString(), /^Date,Workout Name/);
    const all = Buffer.concat(Object.values(files)).toString();
    assert.ok(!/argon2id|password_hash|refresh_hash|family_salt|token_hash/.test(all));
    const tables = await psql(server, `SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE a.attname = 'user_id' AND c.relnamespace = 'spotter'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition`);
    const closed = ["account_email", "account_token"];
    for (const table of tables)
      if (!closed.includes(table)) assert.ok(files[`data/${table}.json`] || (await psql(server,
        `SELECT has_any_column_privilege('spotter_reader', 'spotter.${table}', 'SELECT')`))[0] === "f", table);
  });

  it("names kinds of sets as the API does, and gives out what others share", async () => {
    const client = await Client.register(server, { email: fresh_email() });
    const bench = await client.exercise();
    const workout = await client.start_workout();
    const kinds = ["normal", "warmup", "dropset", "failure"];
    for (const kind of kinds) await client.log_set(workout.id, { exercise_id: bench.id, reps: 5, kind });
    await verify_address(server, client);
    const athlete = await Client.register(server, { display_name: "Sharer" });
    const share = await athlete.expect(201, athlete.post("/v1/shares", { email: client.email, scopes: ["live"] }));
    const shares = async () => JSON.parse(unzip((await client.get("/v1/me/export")).bytes)["data/share_received.json"]);
    assert.deepEqual((await shares()).map(({ id, state }) => [id, state]), [[share.id, "pending"]]);
    await client.expect(200, client.post(`/v1/shares/${share.id}/accept`));
    await athlete.expect(204, athlete.delete(`/v1/shares/${share.id}`));
    const [ended] = await shares();
    assert.deepEqual([ended.id, ended.state, ended.athlete.display_name], [share.id, "ended", "Sharer"]);
    const files = unzip((await client.get("/v1/me/export")).bytes);
    const [header, ...lines] = files["sets.csv"].toString().trim().split("\r\n");
    const column = header.split(",").indexOf("kind");
    assert.deepEqual(lines.map((line) => line.split(",")[column]), kinds);
  });

  it("does not tell by an export whose address is taken", async () => {
    const owner = await Client.register(server, { email: fresh_email() });
    const looks = async (email) => {
      const client = await Client.register(server, { email: fresh_email() });
      assert.equal((await client.post("/v1/me/email", { email })).status, 202);
      await until(30_000, "the end of the job", async () => (await psql(server, `SELECT count(*) FROM spotter.job
        WHERE user_id = '${client.user.id}' AND state IN ('queued', 'running')`))[0] === "0");
      const files = unzip((await client.get("/v1/me/export")).bytes);
      const [mail] = JSON.parse(files["data/mail.json"]).filter(({ template }) => template === "address_confirmation");
      assert.equal(mail.recipient, email);
      const jobs = JSON.parse(files["data/job.json"]);
      assert.ok(!jobs.some(({ subject_id }) => subject_id === mail.mail_id));
      return Object.keys(mail).filter((name) => mail[name] !== null).sort();
    };
    assert.deepEqual(await looks(owner.email), await looks(fresh_email()));
  });

  it("limits exports, and asks for a fresh proof of identity", async () => {
    const client = await Client.register(server);
    for (let i = 0; i < 5; ++i) assert.equal((await client.get("/v1/me/export")).status, 200);
    const more = await client.get("/v1/me/export");
    assert.equal(more.status, 429);
    assert.ok(Number(more.headers["retry-after"]) > 0);
    await psql(server, `UPDATE spotter.login SET reauthenticated_at = NULL WHERE user_id = '${client.user.id}'`);
    for (const call of [client.get("/v1/me/export"), client.delete("/v1/me"), client.delete("/v1/me/sessions")])
      assert.equal((await call).json.code, "reauthentication_required");
  });

  it("leaves nothing of a person in any column of any table", async () => {
    const stays = await somebody("Stayer");
    const leaves = await somebody("Leaver");
    assert.ok((await occurrences(server, leaves.user.id)).length > 12);
    const live = await Live.follow(server, leaves.token);
    const answer = await leaves.delete("/v1/me");
    assert.equal(answer.status, 202, answer.text);
    await live.end();
    assert.equal((await leaves.get("/v1/me")).status, 401);
    assert.equal((await leaves.delete("/v1/me")).status, 401, "the same again is over");
    const sign_in = await new Client(server).post("/v1/auth/login", { email: leaves.email, password: PASSWORD });
    assert.equal(sign_in.status, 401);
    const { refresh_token } = leaves.tokens;
    assert.equal((await new Client(server).post("/v1/auth/refresh", { refresh_token })).status, 401);
    await until(60_000, "the end of the erasure", async () =>
      (await psql(server, `SELECT count(*) FROM spotter.app_user WHERE user_id = '${leaves.user.id}'`))[0] === "0");
    for (const trace of [leaves.user.id, leaves.email, leaves.email.split("@")[0], "Leaver"])
      assert.deepEqual(await occurrences(server, trace), [], trace);
    assert.ok((await occurrences(server, "Stayer")).length > 5, "others keep what is theirs");
    assert.equal((await stays.get("/v1/workouts")).json.items.length, 2);
    const again = await Client.register(server, { email: leaves.email });
    assert.notEqual(again.user.id, leaves.user.id);
    assert.equal((await again.get("/v1/workouts")).json.items.length, 0);
  });
});
