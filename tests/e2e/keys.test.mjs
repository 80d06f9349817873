// Keys of access tokens come and go while people stay signed in.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";

import { Cluster } from "../chaos/cluster.mjs";
import { programs } from "../chaos/database.mjs";
import { Client } from "./client.mjs";
import { psql } from "./database.mjs";
import { Live } from "./live.mjs";
import { missing, Server } from "./server.mjs";
import { until } from "./waiting.mjs";

const run = promisify(execFile);
const WAIT_MS = 60_000;
const env = { SPOTTER_IDENTITY_SIGNING_KEY_LEAD: "5", SPOTTER_IDENTITY_SIGNING_KEY_ROTATION: "1" };

const header_of = (token) => JSON.parse(Buffer.from(token.split(".")[0], "base64url"));
const kid_of = (token) => header_of(token).kid;

/** `spotterd keys …` as whoever runs this server. */
async function keys(server, ...words) {
  const { stdout } = await run(server.binary, ["keys", ...words], {
    env: { ...process.env, SPOTTER_DATA: server.data, ...server.env },
  });
  return stdout;
}

const jwks = (server) => new Client(server).get("/.well-known/jwks.json");
const published = async (server) => (await jwks(server)).json.keys.map(({ kid }) => kid).sort();

/** Waits until all these nodes publish so many keys, and answers their names. */
function all_publish(servers, count) {
  return until(WAIT_MS, `${count} keys everywhere`, async () => {
    const lists = await Promise.all(servers.map(published));
    return lists.every((list) => list.length === count && list.join() === lists[0].join()) && lists[0];
  });
}

/** Renews until a new key has signed. */
function renewed_by_another(client, kid) {
  return until(WAIT_MS, "a token of the next key", async () => {
    await client.refresh();
    return kid_of(client.token) !== kid && kid_of(client.token);
  }, 200);
}

describe("signing keys of one node", { skip: missing }, () => {
  let server;
  let client;
  let first;

  before(async () => {
    server = await Server.start({ env });
    client = await Client.register(server);
    first = kid_of(client.token);
  });
  after(() => server?.stop());

  it("lets others keep the published keys for half of a new one's wait", async () => {
    const { headers, json } = await jwks(server);
    assert.equal(headers["cache-control"], "public, max-age=2");
    assert.deepEqual(json.keys.map(({ kid }) => kid), [first]);
    assert.match(await keys(server, "list"), new RegExp(`^${first}  current`));
  });

  it("publishes a new key before it signs, and signs nobody out", async () => {
    const live = await Live.open(server, { token: client.token });
    assert.match(await keys(server, "rotate"), /signs in 5 s.*Nobody is signed out/);
    await assert.rejects(keys(server, "rotate"), /waiting for its time/);
    const both = await all_publish([server], 2);
    assert.ok(both.includes(first));
    const old = client.token;
    const second = await renewed_by_another(client, first);
    assert.deepEqual(both, [first, second].sort());
    assert.equal((await client.get("/v1/me")).status, 200);
    assert.equal((await new Client(server, old).get("/v1/me")).status, 200, "the old token lives on");
    assert.equal(live.socket.readyState, live.socket.OPEN, "so does the socket");
    live.socket.close();
    assert.match(await keys(server, "list"), new RegExp(`${first}  retired[^\n]*\n${second}  current`));

    await psql(server, `UPDATE spotter.signing_key SET signs_from = now() - interval '3 s',
      signs_until = now() - interval '2 s', gone_at = now() - interval '1 s' WHERE key_id = '${first}'`);
    assert.deepEqual(await all_publish([server], 1), [second]);
    assert.equal((await new Client(server, old).get("/v1/me")).status, 401, "its key is gone");
    await client.refresh();
    assert.equal((await client.get("/v1/me")).status, 200);
  });

  it("keeps its keys over a restart", async () => {
    const before = await published(server);
    await server.stop_gracefully();
    await server.launch();
    assert.deepEqual(await published(server), before);
    assert.equal((await client.get("/v1/me")).status, 200);
    await client.refresh();
    assert.equal(kid_of(client.token), before[0]);
  });

  it("refuses tokens of keys that nobody knows, however many", async () => {
    const [, claims, signature] = client.token.split(".");
    const forged = Array.from({ length: 100 }, () => {
      const header = { ...header_of(client.token), kid: randomBytes(8).toString("hex") };
      return `${Buffer.from(JSON.stringify(header)).toString("base64url")}.${claims}.${signature}`;
    });
    const answers = await Promise.all(forged.map((token) => new Client(server, token).get("/v1/me")));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [401]);
    assert.equal((await client.get("/v1/me")).status, 200);
  });

  it("replaces a key by itself when it is old", async () => {
    const [before] = await published(server);
    await psql(server, "UPDATE spotter.signing_key SET signs_from = now() - interval '2 hours'");
    const both = await all_publish([server], 2);
    assert.ok(both.includes(before));
    assert.match(await keys(server, "list"), /next: signs in/);
  });
});

describe("signing keys of a cluster", { skip: missing || (!programs && "PostgreSQL's programs are not there") }, () => {
  let cluster;
  after(() => cluster?.stop());

  it("has all nodes agree, and each take the others' tokens", async () => {
    cluster = await Cluster.start({ count: 2, binary: process.env.SPOTTERD, env: { ...env, SPOTTER_IDENTITY_ACCESS_LIFETIME: "600" } });
    const nodes = [...cluster.nodes.values()];
    const client = await Client.register(nodes[0]);
    const first = kid_of(client.token);
    assert.deepEqual(await all_publish(nodes, 1), [first]);
    await keys(nodes[1], "rotate");
    await all_publish(nodes, 2);
    await renewed_by_another(client, first);
    for (const node of nodes) assert.equal((await new Client(node, client.token).get("/v1/me")).status, 200);

    await cluster.database.sql("UPDATE spotter.signing_key SET signs_from = signs_from - interval '2 hours'");
    const three = await all_publish(nodes, 3);
    assert.equal(three.length, 3, "two nodes that find a key old make one successor");
  });
});
