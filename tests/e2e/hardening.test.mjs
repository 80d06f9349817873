// What a hostile client, page or proxy between could make of HTTP: each request is read in one way only.

import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";

import { Client, PASSWORD } from "./client.mjs";
import { status_of, statuses, talk } from "./raw.mjs";
import { missing, Server } from "./server.mjs";
import { uuid7 } from "./uuid.mjs";

const MARKER = "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"; // must never be answered: its answer would be the only 200

describe("HTTP", { skip: missing }, () => {
  let server;
  let client;
  before(async () => {
    server = await Server.start();
    client = await Client.register(server);
  });
  after(() => server?.stop());

  describe("a request that could be read in two ways", () => {
    const post = (lines, body = "") => `POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${lines}\r\n\r\n${body}`;
    const get = (lines, target = "/livez", version = "HTTP/1.1") => `GET ${target} ${version}\r\n${lines}\r\n\r\n`;
    const chunked = (body) => post("Transfer-Encoding: chunked", body);
    const smuggled = `0\r\n\r\n${MARKER}`;

    const cases = {
      "a length and chunks": [post("Content-Length: 5\r\nTransfer-Encoding: chunked", smuggled), 400],
      "chunks and a length": [post("Transfer-Encoding: chunked\r\nContent-Length: 5", smuggled), 400],
      "a length of nothing and chunks": [post("Content-Length: 0\r\nTransfer-Encoding: chunked", smuggled), 400],
      "differing lengths": [post("Content-Length: 0\r\nContent-Length: 5", MARKER), 400],
      "the same length twice": [post("Content-Length: 0\r\nContent-Length: 0", MARKER), 400],
      "a list of lengths": [post("Content-Length: 0, 0", MARKER), 400],
      "a signed length": [post("Content-Length: +0", MARKER), 400],
      "a negative length": [post("Content-Length: -1", MARKER), 400],
      "a hexadecimal length": [post("Content-Length: 0x0", MARKER), 400],
      "a length with a blank inside": [post("Content-Length: 0 0", MARKER), 400],
      "a length with a fraction": [post("Content-Length: 0.0", MARKER), 400],
      "an empty length": [post("Content-Length:", MARKER), 400],
      "a length beyond all numbers": [post(`Content-Length: ${"9".repeat(40)}`, MARKER), 400],
      "a length in a folded line": [post("Content-Length:\r\n 0", MARKER), 400],
      "a folded line": [get("Host: x\r\nX-A: 1\r\n folded") + MARKER, 400],
      "a line folded with a tab": [get("Host: x\r\nX-A: 1\r\n\tfolded") + MARKER, 400],
      "a blank before the first header": [get(" Host: x\r\nHost: x") + MARKER, 400],
      "bare line feeds": [`GET /livez HTTP/1.1\nHost: x\n\n${MARKER}`, 400, 505],
      "a bare line feed in a header": [get("Host: x\r\nX-A: 1\nX-B: 2") + MARKER, 400],
      "a bare carriage return in a header": [get("Host: x\r\nX-A: 1\rX-B: 2") + MARKER, 400],
      "a NUL in a value": [get("Host: x\r\nX-A: a\0b") + MARKER, 400],
      "a NUL in a name": [get("Host: x\r\nX-\0A: b") + MARKER, 400],
      "a control character in a value": [get("Host: x\r\nX-A: a\x01b") + MARKER, 400],
      "a blank before the colon": [get("Host: x\r\nX-A : b") + MARKER, 400],
      "a blank before the colon of a length": [post("Content-Length : 0", MARKER), 400],
      "a blank before the colon of a coding": [post("Transfer-Encoding : chunked", smuggled), 400],
      "a header without a colon": [get("Host: x\r\nX-A") + MARKER, 400],
      "a header without a name": [get("Host: x\r\n: b") + MARKER, 400],
      "a name with odd bytes": [get("Host: x\r\nX(A): b") + MARKER, 400],
      "a name that is not ASCII": [get("Host: x\r\nX-\xe4: b") + MARKER, 400],
      "another coding": [post("Transfer-Encoding: gzip", smuggled), 400, 501],
      "another coding before chunks": [post("Transfer-Encoding: gzip, chunked", smuggled), 400, 501],
      "chunks before another coding": [post("Transfer-Encoding: chunked, identity", smuggled), 400, 501],
      "chunks in chunks": [post("Transfer-Encoding: chunked, chunked", smuggled), 400, 501],
      "two codings in two lines": [post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", smuggled), 400, 501],
      "a coding that begins like chunks": [post("Transfer-Encoding: chunkedx", smuggled), 400, 501],
      "a coding with a vertical tab": [post("Transfer-Encoding: \vchunked", smuggled), 400, 501],
      "a quoted coding": [post('Transfer-Encoding: "chunked"', smuggled), 400, 501],
      "an empty coding": [post("Transfer-Encoding:", MARKER), 400, 501],
      "chunks over HTTP/1.0": [post("Transfer-Encoding: chunked", smuggled).replace("HTTP/1.1", "HTTP/1.0"), 400],
      "a chunk size that is none": [chunked(`zz\r\n${MARKER}`), 400],
      "an empty chunk size": [chunked(`\r\n${MARKER}`), 400],
      "a signed chunk size": [chunked(`+0\r\n\r\n${MARKER}`), 400],
      "a chunk size with 0x": [chunked(`0x0\r\n\r\n${MARKER}`), 400],
      "a chunk size beyond all numbers": [chunked(`${"f".repeat(17)}\r\n${MARKER}`), 400, 413],
      "a chunk size that is everything": [chunked(`${"f".repeat(16)}\r\n${MARKER}`), 400, 413],
      "a chunk size with a thousand zeros": [chunked(`${"0".repeat(1000)}\r\n\r\n${MARKER}`), 400],
      "a chunk that ends elsewhere": [chunked(`1\r\nabc\r\n${smuggled}`), 400],
      "a chunk that ends with a line feed": [chunked(`1\r\na\n0\r\n\r\n${MARKER}`), 400],
      "a chunk size that ends with a line feed": [chunked(`1\na\r\n0\r\n\r\n${MARKER}`), 400],
      "an extension with a line feed": [chunked(`1;a\nb\r\na\r\n${smuggled}`), 400],
      "an extension without end": [chunked(`1;${"a".repeat(5_000)}`), 400],
      "very many extensions": [chunked(`1;${"a".repeat(200)}\r\na\r\n`.repeat(50) + smuggled), 400],
      "trailers": [chunked(`0\r\nX-A: b\r\n\r\n${MARKER}`), 400],
      "a trailer that is a length": [chunked(`0\r\nContent-Length: 5\r\n\r\n${MARKER}`), 400],
      "a trailer that is a token": [chunked(`0\r\nAuthorization: Bearer x\r\n\r\n${MARKER}`), 400],
      "no host": [get("X-A: b") + MARKER, 400],
      "two hosts": [get("Host: x\r\nHost: y") + MARKER, 400],
      "the same host twice": [get("Host: x\r\nHost: x") + MARKER, 400],
      "an empty host": [get("Host:") + MARKER, 400],
      "a list of hosts": [get("Host: x, y") + MARKER, 400],
      "a host with a path": [get("Host: x/livez") + MARKER, 400],
      "a host with a user": [get("Host: user@x") + MARKER, 400],
      "a host with a port that is none": [get("Host: x:y") + MARKER, 400],
      "an absolute target of another host": [get("Host: x", "http://y/livez") + MARKER, 400],
      "an absolute target with a user": [get("Host: x", "http://user@x/livez") + MARKER, 400],
      "an absolute target of another scheme": [get("Host: x", "ftp://x/livez") + MARKER, 400],
      "an authority for a target": [`CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n${MARKER}`, 400],
      "an authority for the target of a GET": [get("Host: x", "x:80") + MARKER, 400],
      "an asterisk for the target of a GET": [get("Host: x", "*") + MARKER, 400],
      "a target without a slash": [get("Host: x", "livez") + MARKER, 400],
      "a target with a fragment": [get("Host: x", "/livez#a") + MARKER, 400],
      "a target with a backslash": [get("Host: x", "/v1\\..\\livez") + MARKER, 400],
      "a target that is not ASCII": [get("Host: x", "/livez\xc0\xaf") + MARKER, 400],
      "a target with a tab": [get("Host: x", "/livez\t") + MARKER, 400],
      "two blanks in the request line": [get("Host: x", " /livez") + MARKER, 400],
      "a blank behind the version": [get("Host: x", "/livez", "HTTP/1.1 ") + MARKER, 400, 505],
      "HTTP/0.9": [`GET /livez\r\n${MARKER}`, 400, 505],
      "HTTP/2": [`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${MARKER}`, 400, 505],
      "HTTP/1.2": [get("Host: x", "/livez", "HTTP/1.2") + MARKER, 400, 505],
      "a version in small letters": [get("Host: x", "/livez", "http/1.1") + MARKER, 400, 505],
      "a version without a number": [get("Host: x", "/livez", "HTTP/") + MARKER, 400, 505],
      "a method that is none": [`G@T /livez HTTP/1.1\r\nHost: x\r\n\r\n${MARKER}`, 400],
      "an empty line before the request": [`\r\n${MARKER}${MARKER}`, 400],
      "two hundred headers": [get(`Host: x\r\n${"a:\r\n".repeat(200)}b: c`) + MARKER, 431],
    };

    for (const [name, [bytes, ...expected]] of Object.entries(cases)) {
      it(`is refused and ends the connection: ${name}`, async () => {
        const text = await talk(server, Buffer.from(bytes, "latin1"));
        const got = statuses(text);
        assert.equal(got.length, 1, text);
        assert.ok(expected.includes(got[0]), text);
        assert.match(text, /\r\nConnection: close\r\n/);
        assert.match(text, /\r\nX-Content-Type-Options: nosniff\r\n/);
      });
    }

    it("is refused in single bytes as well", async () => {
      for (const name of ["a length and chunks", "a folded line", "trailers", "an extension with a line feed"]) {
        const socket = connect({ port: server.port, host: "127.0.0.1", noDelay: true });
        let text = "";
        const over = new Promise((resolve) => socket.on("close", resolve));
        socket.on("error", () => {});
        socket.on("data", (chunk) => (text += chunk.toString("latin1")));
        for (const byte of cases[name][0]) socket.write(byte);
        await over;
        assert.deepEqual(statuses(text).filter((status) => status === 200), [], name);
        assert.ok(cases[name].includes(status_of(text)), `${name}: ${text}`);
      }
    });

    it("is none that HTTP allows", async () => {
      const close = "\r\nConnection: close";
      const fine = [
        get(`Host: x${close}`),
        get(`Host: x${close}`, "http://X/livez"),
        get(`Host: [::1]:80${close}`),
        get("Connection: close", "/livez", "HTTP/1.0"),
        get(`Host: x\r\nX-Empty:\r\nX-Latin: \xe4${close}`),
        chunked(`1;name="a b"\r\n{\r\n1\r\n}\r\n0\r\n\r\n`) + get(`Host: x${close}`),
      ];
      for (const bytes of fine) {
        const text = await talk(server, Buffer.from(bytes, "latin1"));
        assert.equal(statuses(text).at(-1), 200, text);
      }
    });
  });

  describe("a path", () => {
    const status = async (target, token, method = "GET") =>
      status_of(await talk(server,
        `${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n` +
        `${token ? `Authorization: Bearer ${token}\r\n` : ""}Content-Length: 0\r\n\r\n`));

    it("is one route's or none's, however it is written", async () => {
      const { id } = await client.start_workout();
      assert.equal(await status(`/v1/workouts/${id}`, client.token), 200);
      for (const path of [
        `//v1/workouts/${id}`, `/v1//workouts/${id}`, `/v1/workouts//${id}`, `/v1/workouts/${id}/`,
        `/v1/./workouts/${id}`, `/v1/muscles/../workouts/${id}`, `/v1/muscles/%2e%2e/workouts/${id}`,
        `/v1/muscles/%2E./workouts/${id}`, `/%761/workouts/${id}`, `/v1/w%6frkouts/${id}`, `/v1%2fworkouts/${id}`,
        `/v1/workouts%2F${id}`, `/v1/workouts/%2f${id}`, `/v1/workouts/${id}%00`, `/v1/workouts/${id}%20`,
        `/v1/workouts/${id};a=b`, `/v1/workouts;a=b/${id}`, `/V1/workouts/${id}`, `/v1/Workouts/${id}`,
        `/v1/workouts/%c0%ae%c0%ae/${id}`, `/v1/workouts/..%c0%af${id}`, `/v1/workouts/%252e%252e/${id}`,
        `/v1/workouts/%u002e/${id}`, `/docs/../v1/workouts/${id}`, "/docs/..%2f..%2fetc/passwd", "/../../etc/passwd",
      ]) {
        assert.equal(await status(path, client.token), 404, path);
      }
    });

    it("leads no one past the token", async () => {
      for (const path of ["/v1/me", "/v1/me?", "/v1/me?/livez", "/v1/me?x=/../livez"]) {
        assert.equal(await status(path, null), 401, path);
      }
      for (const path of ["//v1/me", "/v1/me/", "/livez/../v1/me", "/livez/%2e%2e/v1/me", "/v1/%6de"]) {
        assert.equal(await status(path, null), 404, path);
      }
    });

    it("leads no API key past its scopes", async () => {
      const made = await client.expect(201, client.post("/v1/me/tokens", { name: "reader", scopes: ["read"] }));
      const secret = made.token;
      const { id } = await client.start_workout();
      assert.equal(await status(`/v1/workouts/${id}`, secret), 200);
      for (const [method, path] of [
        ["DELETE", `/v1/workouts/${id}`], ["POST", `/v1/workouts/${id}/finish`], ["DELETE", "/v1/me"],
        ["GET", "/v1/me/sessions"], ["GET", "/v1/me/export"], ["GET", "/v1/me/sessions?/v1/workouts"],
      ]) {
        assert.equal(await status(path, secret, method), 403, `${method} ${path}`);
      }
      for (const [method, path] of [
        ["DELETE", `/v1/muscles/../workouts/${id}`], ["DELETE", `//v1/workouts/${id}`],
        ["GET", "/v1/workouts/../me/sessions"], ["GET", "/v1/workouts/%2e%2e/me/sessions"],
      ]) {
        assert.equal(await status(path, secret, method), 404, `${method} ${path}`);
      }
      assert.equal(await status(`/v1/workouts/${id}`, client.token), 200, "nothing was changed");
    });

    it("and a query may hold any bytes", async () => {
      for (const query of ["%00", "%c0%af", "%ff", "%ed%a0%80", "%", "%zz", "%u0041", "'", "%27%20OR%201=1--"]) {
        const got = await status(`/v1/exercises?q=${query}`, client.token);
        assert.ok([200, 422].includes(got), `${query}: ${got}`);
      }
      const many = await client.get(`/v1/workouts/${uuid7()}?${"a&".repeat(3_000)}`);
      assert.equal(many.status, 422);
      assert.ok(many.text.length < 20_000, `${many.text.length} bytes`);
    });
  });

  describe("an answer", () => {
    it("tells browsers to take it for what it is", async () => {
      const pages = ["/", "/docs", "/outbox"];
      const others = ["/livez", "/readyz", "/v1/openapi.json", "/v1/me", "/v1/nothing", "/.well-known/jwks.json", "/docs/docs.js"];
      for (const path of [...pages, ...others]) {
        const { headers } = await client.get(path);
        assert.equal(headers["x-content-type-options"], "nosniff", path);
        assert.equal(headers["referrer-policy"], "no-referrer", path);
        assert.equal(headers["x-frame-options"], "DENY", path);
        assert.equal(headers["cross-origin-resource-policy"], "same-origin", path);
        const policy = headers["content-security-policy"];
        assert.match(policy, /^default-src 'none'/, path);
        assert.match(policy, /frame-ancestors 'none'/, path);
        assert.doesNotMatch(policy, /unsafe|\*|data:/, path);
        assert.equal(headers["strict-transport-security"], undefined, "not without TLS");
        assert.equal(headers.server, undefined);
        assert.equal(headers["x-powered-by"], undefined);
        if (!pages.includes(path)) continue;
        assert.match(headers["content-type"], /^text\/html; charset=utf-8/, path);
        assert.equal(headers["cross-origin-opener-policy"], "same-origin", path);
        assert.equal(headers["cross-origin-embedder-policy"], "require-corp", path);
        assert.match(headers["permissions-policy"], /camera=\(\)/, path);
      }
    });

    it("says the same of a page that has not changed", async () => {
      const first = await client.get("/");
      const again = await client.get("/", { "if-none-match": first.headers.etag });
      assert.equal(again.status, 304);
      for (const name of ["content-security-policy", "cross-origin-opener-policy", "permissions-policy"])
        assert.equal(again.headers[name], first.headers[name], name);
    });

    it("that is private is kept by nobody", async () => {
      const { id } = await client.start_workout();
      for (const path of ["/v1/me", "/v1/me/sessions", "/v1/changes", "/v1/me/security-events", "/v1/nothing",
        "/v1/workouts", `/v1/workouts/${id}`, "/v1/records", "/v1/me/tokens", "/v1/shares", "/v1/me/export"]) {
        const { headers } = await client.get(path);
        assert.equal(headers["cache-control"], "no-store", path);
      }
      const login = await client.post("/v1/auth/login", { email: client.email, password: "wrong" });
      assert.match(login.headers["cache-control"], /no-store/);
    });

    it("can be read by no other page", async () => {
      const origin = "https://evil.example";
      for (const [method, path] of [["GET", "/v1/me"], ["OPTIONS", "/v1/me"], ["GET", "/livez"], ["POST", "/v1/workouts"]]) {
        const preflight = method === "OPTIONS" ? { "access-control-request-method": "PATCH" } : {};
        const { headers } = await client.call(method, path, method === "POST" ? {} : undefined, { origin, ...preflight });
        for (const name of Object.keys(headers)) assert.doesNotMatch(name, /^access-control-/, `${method} ${path}`);
      }
    });

    it("opens no socket to another page", async () => {
      const open = (lines) => talk(server,
        `GET /v1/live HTTP/1.1\r\nHost: spotter.example:80\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${lines}\r\n`, (text) => /hello|403/.test(text));
      for (const origin of ["https://evil.example", "http://spotter.example.evil.example:80", "null", "http://spotter.example",
        "ftp://spotter.example:80", "spotter.example:80", "http://spotter.example:80@evil.example", "http://spotter.example:80/"]) {
        assert.equal(status_of(await open(`Origin: ${origin}\r\n`)), 403, origin);
      }
      assert.equal(status_of(await open("Origin: http://spotter.example:80\r\n")), 101);
      assert.equal(status_of(await open("")), 101);
    });
  });
});

describe("an address behind a proxy", { skip: missing }, () => {
  let server;
  before(async () => {
    server = await Server.start({ env: { SPOTTER_LISTEN_TRUSTED_PROXIES: "127.0.0.1,10.0.0.0/8" } });
  });
  after(() => server?.stop());

  it("is what the trusted proxy says, in security events and sessions", async () => {
    const client = await Client.register(server);
    const login = { email: client.email, password: PASSWORD };
    const from = { "x-forwarded-for": "6.6.6.6, 203.0.113.7, 10.1.2.3", forwarded: "for=7.7.7.7" };
    await client.expect(200, client.post("/v1/auth/login", login, from));
    await client.expect(200, client.post("/v1/auth/login", login, { "x-forwarded-for": "not an address" }));
    const events = (await client.expect(200, client.get("/v1/me/security-events"))).items;
    const sessions = (await client.expect(200, client.get("/v1/me/sessions"))).items;
    for (const text of [JSON.stringify(events), JSON.stringify(sessions)]) {
      assert.match(text, /203\.0\.113\.7/);
      assert.match(text, /127\.0\.0\.1/);
      assert.doesNotMatch(text, /6\.6\.6\.6|7\.7\.7\.7/);
    }
  });

  it("came by TLS if the proxy says so, and is told to do so again", async () => {
    const client = new Client(server);
    const { headers } = await client.get("/livez", { "x-forwarded-proto": "https" });
    assert.match(headers["strict-transport-security"], /^max-age=31536000; includeSubDomains$/);
    assert.equal((await client.get("/livez")).headers["strict-transport-security"], undefined);
  });
});
