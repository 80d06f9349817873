// Access tokens as forgers make them: by header, by query, in a socket. The server's own key is read from its
// folder for those forgeries that nobody else could sign.

import assert from "node:assert/strict";
import { createHash, createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";

import { Client, PASSWORD } from "../e2e/client.mjs";
import { exchange } from "../e2e/http.mjs";
import { turn_on } from "../e2e/authenticator.mjs";
import { Live } from "../e2e/live.mjs";
import { missing, Server } from "../e2e/server.mjs";
import { token_in } from "../e2e/smtp.mjs";
import { until } from "../e2e/waiting.mjs";
import { NO_LIMITS } from "./person.mjs";

const base64url = (value) => Buffer.from(typeof value === "string" || Buffer.isBuffer(value) ? value : JSON.stringify(value)).toString("base64url");
const json_of = (part) => JSON.parse(Buffer.from(part, "base64url"));

describe("access tokens", { skip: missing }, () => {
  let server;
  let client;
  let admin;
  let key;
  let jwk;
  let header;
  let claims;
  let now;

  before(async () => {
    server = await Server.start({ name: "jwt", env: NO_LIMITS });
    client = await Client.register(server);
    admin = await Client.register(server);
    jwk = (await client.get("/.well-known/jwks.json")).json.keys[0];
    // RFC 8410's wrapping of the 32 bytes that the server keeps.
    const seed = readFileSync(join(server.data, "signing.key"));
    const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
    key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    const [head, body] = client.token.split(".");
    header = json_of(head);
    claims = json_of(body);
    now = Math.floor(Date.now() / 1000);
  });
  after(() => server?.stop());

  /** A token of these parts, signed as the server would. */
  const signed = (head, body, by = key) => {
    const text = `${base64url(head)}.${base64url(body)}`;
    return `${text}.${sign(null, Buffer.from(text), by).toString("base64url")}`;
  };
  const hashed = (head, body, secret) => {
    const text = `${base64url(head)}.${base64url(body)}`;
    const size = /\d+$/.exec(head.alg)?.[0] ?? "256";
    return `${text}.${createHmac(`sha${size}`, secret).update(text).digest("base64url")}`;
  };

  /** Refused everywhere, with the same words; `what` says what it was. */
  const refused = async (token, what) => {
    const answer = await new Client(server, token).get("/v1/me");
    // What is no header at all is refused before anybody looks at tokens.
    assert.ok([401, 400, 431].includes(answer.status), `${what}: ${answer.status} ${answer.text}`);
    if (answer.status === 401) {
      assert.equal(answer.json.code, "invalid_token", what);
      assert.match(answer.headers["www-authenticate"], /^Bearer.*invalid_token/, what);
    }
    const stream = await exchange(`${server.url}/v1/live/sse?topic=me`, { headers: { authorization: `Bearer ${token}` } });
    assert.ok([401, 400, 431].includes(stream.status), `${what}: a stream opened: ${stream.status}`);
    const write = await new Client(server, token).post("/v1/workouts", {});
    assert.ok([401, 400, 431].includes(write.status), `${what}: a write: ${write.status}`);
    await assert.rejects(Live.open(server, { token }), ({ status }) => [401, 400, 431].includes(status), `${what}: a socket by header`);
    const live = await Live.open(server);
    live.auth(token).then(
      (answer_frame) => assert.equal(answer_frame.type, "error", `${what}: a socket took it: ${JSON.stringify(answer_frame)}`),
      () => {}, // closed at once is as good
    );
    const seen = live.frames.length;
    live.send({ id: 900, type: "subscribe", topic: "me" });
    await Promise.race([
      live.end().catch(() => {}),
      live.wait((frame) => frame.id === 900, "an answer", { seen }).then((frame) => assert.equal(frame.type, "error", what), () => {}),
    ]);
    live.socket.terminate();
  };

  const accepted = async (token) => assert.equal((await new Client(server, token).get("/v1/me")).status, 200);

  it("are taken as the server makes them, and as it could have made them", async () => {
    await accepted(client.token);
    await accepted(signed(header, claims));
    await accepted(signed({ kid: header.kid, typ: "JWT", alg: "EdDSA" }, { ...claims, jti: "more than was asked for" }));
  });

  it("choose no other algorithm", async () => {
    const body = base64url(claims);
    const [, , signature] = client.token.split(".");
    for (const alg of ["none", "None", "NONE", "nOnE", "", null, ["EdDSA"], 0, "eddsa", "EDDSA", "Ed25519", "EdDSA ", "EdDSA\u0000",
      "Ed448", "RS256", "ES256", "PS256", "HS256", "HS512", "dir"]) {
      const head = base64url({ ...header, alg });
      for (const tail of ["", signature, base64url("x")]) await refused(`${head}.${body}.${tail}`, `alg ${JSON.stringify(alg)}`);
      await refused(signed({ ...header, alg }, claims), `alg ${JSON.stringify(alg)}, well signed`);
    }
    const { alg, ...without } = header;
    await refused(signed(without, claims), "no alg");
  });

  it("are not taken where the public key has become a secret", async () => {
    const raw = Buffer.from(jwk.x, "base64url");
    const pem = createPublicKey({ key: jwk, format: "jwk" }).export({ format: "pem", type: "spki" });
    const der = createPublicKey({ key: jwk, format: "jwk" }).export({ format: "der", type: "spki" });
    const secrets = { raw, "base64url": jwk.x, hex: raw.toString("hex"), pem, "pem without its end": pem.trim(), der,
      jwk: JSON.stringify(jwk), jwks: JSON.stringify({ keys: [jwk] }), "the kid": header.kid, nothing: "" };
    for (const [name, secret] of Object.entries(secrets))
      for (const alg of ["HS256", "HS384", "HS512", "EdDSA"]) await refused(hashed({ ...header, alg }, claims, secret), `${alg} by ${name}`);
  });

  it("bring no key of their own", async () => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const own = publicKey.export({ format: "jwk" });
    const digest = createHash("sha256").update(own.x).digest("base64url");
    await refused(signed(header, claims, privateKey), "another key under our name");
    for (const more of [{ jwk: own }, { jwk: own, kid: digest }, { jku: "http://127.0.0.1:9/jwks.json" }, { x5u: "http://127.0.0.1:9/" },
      { x5c: [own.x] }, { kid: digest }]) await refused(signed({ ...header, ...more }, claims, privateKey), JSON.stringify(more));
  });

  it("name a key that there is", async () => {
    for (const kid of ["", "0000000000000000", header.kid.toUpperCase(), `${header.kid} `, `${header.kid}\u0000`, "../signing.key",
      "../../../../../../dev/null", "file:///dev/null", "' OR '1'='1", "'; DROP TABLE spotter.login; --", "%00", "*", null, 0, true,
      [header.kid], { kid: header.kid }, "a".repeat(1500)]) {
      await refused(signed({ ...header, kid }, claims), `kid ${JSON.stringify(kid).slice(0, 40)}`);
      await refused(hashed({ ...header, alg: "HS256", kid }, claims, ""), `kid ${JSON.stringify(kid).slice(0, 40)} by nothing`);
    }
    const { kid, ...without } = header;
    await refused(signed(without, claims), "no kid");
  });

  it("ask for nothing that is not understood", async () => {
    await refused(signed({ ...header, crit: ["exp"] }, claims), "crit");
    await refused(signed({ ...header, crit: [] }, claims), "an empty crit");
    await refused(signed({ ...header, b64: false, crit: ["b64"] }, claims), "b64");
    for (const typ of ["at+jwt+x", "refresh", "JWE", 7]) await refused(signed({ ...header, typ }, claims), `typ ${typ}`);
  });

  it("keep to their times", async () => {
    await refused(signed(header, { ...claims, exp: now - 1 }), "expired");
    await refused(signed(header, { ...claims, iat: now - 7200, exp: now - 3600 }), "long expired");
    await refused(signed(header, { ...claims, iat: now + 3600, exp: now + 7200 }), "of the future");
    await refused(signed(header, { ...claims, nbf: now + 3600 }), "not yet");
    for (const exp of [undefined, null, "never", String(now + 600), 0, -1, 1e300, now + 600.5, [now + 600], Number.MAX_SAFE_INTEGER])
      await refused(signed(header, { ...claims, exp }), `exp ${exp}`);
    await refused(signed(header, JSON.stringify(claims).replace(/"exp":\d+/, '"exp":99999999999999999999')), "exp beyond numbers");
  });

  it("are of this issuer and for it", async () => {
    for (const iss of [undefined, null, "", "Spotter", "spotter ", "https://spotter.example", ["spotter"], "spotter\u0000"])
      await refused(signed(header, { ...claims, iss }), `iss ${iss}`);
    for (const aud of ["elsewhere", ["spotter", "elsewhere"], "", 7, { spotter: true }])
      if (aud !== "") await refused(signed(header, { ...claims, aud }), `aud ${JSON.stringify(aud)}`);
  });

  it("say whose they are, once", async () => {
    for (const sub of [undefined, null, "", "admin", "00000000-0000-0000-0000-000000000000", `${claims.sub}'--`, [claims.sub], 1])
      await refused(signed(header, { ...claims, sub }), `sub ${sub}`);
    for (const sid of [undefined, null, "", "00000000-0000-0000-0000-000000000000", [claims.sid]])
      await refused(signed(header, { ...claims, sid }), `sid ${sid}`);
    for (const role of [undefined, null, "", ["admin"], 1]) await refused(signed(header, { ...claims, role }), `role ${role}`);
    const text = JSON.stringify(claims);
    const other = json_of(admin.token.split(".")[1]).sub;
    for (const twice of [`"sub":"${other}"`, `"exp":${now + 100}`, `"role":"admin"`, `"iss":"spotter"`, `"sid":"${claims.sid}"`]) {
      await refused(signed(header, `{${twice},${text.slice(1)}`), `${twice} first`);
      await refused(signed(header, `${text.slice(0, -1)},${twice}}`), `${twice} last`);
    }
    await refused(signed(`{"alg":"none",${JSON.stringify(header).slice(1)}`, claims), "two algorithms");
    await refused(signed(header, `${text}{}`), "two objects");
    await refused(signed(header, `[${text}]`), "a list");
    await refused(signed(header, text.replace("spotter", "spot\\u0074er").slice(0, -1)), "not JSON");
  });

  it("are refused with any change, in any other shape", async () => {
    const parts = client.token.split(".");
    const other = admin.token.split(".");
    await refused(`${parts[0]}.${other[1]}.${parts[2]}`, "another's claims");
    await refused(`${parts[0]}.${parts[1]}.${other[2]}`, "another's signature");
    await refused(`${parts[0]}.${base64url({ ...claims, role: "admin" })}.${parts[2]}`, "a role of one's own");
    for (const at of [0, 1, 2])
      for (const place of [0, Math.floor(parts[at].length / 2), parts[at].length - 2]) {
        const letter = parts[at][place] === "A" ? "B" : "A";
        const changed = parts.map((part, n) => (n === at ? part.slice(0, place) + letter + part.slice(place + 1) : part));
        await refused(changed.join("."), `letter ${place} of part ${at}`);
      }
    for (const length of [0, 1, 10, parts[0].length, parts[0].length + 1, client.token.length - 1])
      if (length > 0) await refused(client.token.slice(0, length), `${length} letters`);
    for (const shape of [`${client.token}.`, `${client.token}.x`, `.${client.token}`, `${client.token}=`, `${parts[0]}..${parts[2]}`, "..",
      `${parts.join(".")}${"A".repeat(100)}`, client.token.replaceAll("-", "+").replaceAll("_", "/") + "+", `"${client.token}"`,
      `${client.token},${client.token}`, `${client.token} ${client.token}`]) await refused(shape, shape.slice(0, 30));
    await refused("A".repeat(4_000), "4,000 letters");
    await refused("A".repeat(200_000), "200,000 letters");
    await refused(signed(header, { ...claims, more: randomBytes(4_000).toString("hex") }), "oversized and well signed");
    for (const scheme of ["Basic", "bearerx", "", "Token"]) {
      const answer = await new Client(server).get("/v1/me", { authorization: `${scheme} ${client.token}`.trim() });
      assert.equal(answer.status, 401, scheme);
    }
    assert.equal((await new Client(server).get(`/v1/me?access_token=${client.token}`)).status !== 200, true, "in the query");
    assert.equal((await new Client(server).get("/v1/me", { cookie: `access_token=${client.token}` })).status, 401, "in a cookie");
  });

  it("are no other kind of token, and no other kind is one of them", async () => {
    const outbox = async () => (await new Client(server).get("/outbox", { accept: "application/json" })).json.letters;
    const letter = await until(15_000, "a letter", async () => (await outbox()).find(({ to }) => to === client.email));
    const made = await client.expect(201, client.post("/v1/me/tokens", { name: "k", scopes: ["read"] }));
    const factored = await Client.register(server);
    await turn_on(factored);
    const half = await new Client(server).post("/v1/auth/login", { email: factored.email, password: PASSWORD });
    assert.ok(half.json.mfa_token);
    const others = { mailed: token_in(letter), refresh: client.tokens.refresh_token, challenge: half.json.mfa_token,
      "half a key": made.token.slice(0, -1), "a key in other letters": made.token.toUpperCase(), "a key without its kind": made.token.slice(4) };
    for (const [name, token] of Object.entries(others)) await refused(token, name);
    const anonymous = new Client(server);
    for (const token of [client.token, made.token, half.json.mfa_token, token_in(letter)])
      assert.equal((await anonymous.post("/v1/auth/refresh", { refresh_token: token })).status, 401);
    for (const token of [client.token.slice(0, 256), made.token, client.tokens.refresh_token]) {
      assert.equal((await anonymous.post("/v1/auth/verify", { token })).status, 422);
      assert.equal((await anonymous.post("/v1/auth/recovery/confirm", { token, password: "quiet marmots row uphill" })).status, 422);
      assert.equal((await anonymous.post("/v1/auth/login/mfa", { mfa_token: token, code: "000000" })).status, 401);
    }
    // A letter's token is good for what it was sent for only.
    assert.equal((await anonymous.post("/v1/auth/recovery/confirm", { token: token_in(letter), password: "quiet marmots row uphill" })).status, 422);
    assert.equal((await anonymous.post("/v1/auth/verify", { token: token_in(letter) })).status, 204);
  });

  it("do not come back when the server does", async () => {
    const other = new Client(server);
    other.adopt(await other.expect(200, other.post("/v1/auth/login", { email: client.email, password: PASSWORD })));
    await other.expect(204, other.post("/v1/auth/logout"));
    assert.equal((await other.get("/v1/me")).status, 401);
    await server.stop_gracefully();
    await server.launch();
    await accepted(client.token);
    assert.equal((await other.get("/v1/me")).status, 401, "a login that had ended");
  });
});
