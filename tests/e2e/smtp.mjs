// A mail server of the test's own: real TCP, STARTTLS or TLS from the first byte, real answers. What it is to
// answer is a list, one entry for each delivery, the last one for all that follow.

import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecureContext, TLSSocket } from "node:tls";
import { promisify } from "node:util";

import { until } from "./waiting.mjs";

const run = promisify(execFile);

/** A certificate for 127.0.0.1 by an authority of its own; `ca` is the file to trust. */
export async function make_certificate() {
  const folder = await mkdtemp(join(tmpdir(), "spotter-smtp-"));
  const at = (name) => join(folder, name);
  const openssl = (...args) => run("openssl", args, { cwd: folder });
  await openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem",
    "-subj", "/CN=mail authority", "-addext", "basicConstraints=critical,CA:TRUE");
  await openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "csr.pem", "-subj", "/CN=127.0.0.1");
  await run("sh", ["-c", "printf 'subjectAltName=IP:127.0.0.1' > san.txt"], { cwd: folder });
  await openssl("x509", "-req", "-in", "csr.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
    "-extfile", "san.txt", "-out", "cert.pem");
  return {
    ca: at("ca.pem"),
    key: await readFile(at("key.pem")),
    cert: await readFile(at("cert.pem")),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export class MailServer {
  /** Every message that was taken: `{from, to, raw, headers, text, html, user, secured}`. */
  messages = [];
  /** Every session's commands, in order, for those who look closer. */
  commands = [];
  connections = 0;
  /** What to do with deliveries: "take", "4xx", "5xx", "5xx-recipient", "silent", "drop". */
  script = ["take"];
  #sockets = new Set();

  static async start({ certificate, starttls = true, tls = false, login } = {}) {
    const server = new MailServer();
    Object.assign(server, { starttls, tls, login });
    server.context = certificate ? createSecureContext(certificate) : null;
    server.listener = createServer((socket) => server.#serve(socket));
    server.listener.listen(0, "127.0.0.1");
    await once(server.listener, "listening");
    server.port = server.listener.address().port;
    server.url = `${tls ? "smtps" : "smtp"}://127.0.0.1:${server.port}`;
    return server;
  }

  async stop() {
    for (const socket of this.#sockets) socket.destroy();
    this.listener.close();
    await once(this.listener, "close");
  }

  /** Waits for the message that fits. */
  async wait(fits, what = "a mail", ms = 20_000) {
    await until(ms, what, () => this.messages.some(fits));
    return this.messages.find(fits);
  }

  #next() {
    return this.script.length > 1 ? this.script.shift() : this.script[0];
  }

  #serve(plain) {
    this.connections += 1;
    this.#sockets.add(plain);
    plain.on("close", () => this.#sockets.delete(plain));
    plain.on("error", () => {});
    const first = this.tls ? this.#secure(plain) : plain;
    this.#talk(first, { secured: this.tls });
  }

  #secure(socket) {
    const secured = new TLSSocket(socket, { isServer: true, secureContext: this.context });
    secured.on("error", () => {});
    return secured;
  }

  #talk(socket, state) {
    let buffer = "";
    let data = null;
    let how = "take";
    let letter = {};
    const say = (line) => socket.writable && socket.write(`${line}\r\n`);
    const sign_in = (secret) => {
      const [, user, password] = Buffer.from(secret, "base64").toString().split("\0");
      state.user = user;
      say(this.login && user === this.login.user && password === this.login.password ? "235 welcome" : "535 no");
    };
    const command = (line) => {
      if (!state.asked) this.commands.push(line);
      const word = line.slice(0, 4).toUpperCase();
      if (word === "EHLO") {
        say("250-mail.test");
        if (this.starttls && !state.secured) say("250-STARTTLS");
        if (this.login && state.secured) say("250-AUTH PLAIN");
        say("250-SMTPUTF8");
        say("250 8BITMIME");
      } else if (line.toUpperCase() === "STARTTLS") {
        say("220 go ahead");
        socket.removeAllListeners("data");
        this.#talk(this.#secure(socket), { secured: true, begun: true });
      } else if (state.asked) {
        state.asked = false;
        sign_in(line);
      } else if (line.toUpperCase() === "AUTH PLAIN") {
        state.asked = true;
        say("334 ");
      } else if (line.toUpperCase().startsWith("AUTH PLAIN ")) {
        sign_in(line.slice(11));
      } else if (word === "MAIL") {
        how = this.#next();
        letter = { from: /<(.*?)>/.exec(line)?.[1], to: [], secured: state.secured, user: state.user };
        if (how === "drop") socket.destroy();
        else if (how !== "silent") say(how === "4xx" ? "451 later" : "250 ok");
      } else if (word === "RCPT") {
        letter.to.push(/<(.*?)>/.exec(line)?.[1]);
        say(how === "5xx-recipient" ? "550 nobody here of this name" : "250 ok");
      } else if (word === "DATA") {
        data = [];
        say("354 go on");
      } else if (word === "QUIT") {
        say("221 bye");
        socket.end();
      } else {
        say("250 ok");
      }
    };
    socket.on("data", (chunk) => {
      buffer += chunk.toString("latin1");
      for (let end; (end = buffer.indexOf("\r\n")) >= 0; ) {
        const line = buffer.slice(0, end);
        buffer = buffer.slice(end + 2);
        if (data === null) {
          command(line);
        } else if (line === ".") {
          if (how === "5xx") {
            say("554 no such content here");
          } else {
            this.messages.push({ ...letter, ...parse(data) });
            say("250 taken");
          }
          data = null;
        } else {
          data.push(line.startsWith("..") ? line.slice(1) : line);
        }
      }
    });
    if (!state.begun) say("220 mail.test ESMTP");
  }
}

/** Takes a message apart: unfolded headers, and the two parts of ours. */
function parse(lines) {
  const raw = lines.join("\r\n");
  const [head, ...rest] = raw.split("\r\n\r\n");
  const headers = {};
  for (const line of head.replace(/\r\n[ \t]+/g, " ").split("\r\n")) {
    const colon = line.indexOf(":");
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const boundary = /boundary="(.*?)"/.exec(headers["content-type"] ?? "")?.[1];
  const parts = rest.join("\r\n\r\n").split(`--${boundary}`);
  const part = (type) => {
    const found = parts.find((one) => one.includes(`Content-Type: ${type}`)) ?? "";
    return Buffer.from(found.split("\r\n\r\n")[1] ?? "", "base64").toString("utf8");
  };
  return { raw, headers, text: part("text/plain"), html: part("text/html") };
}

/** The text of a header with encoded words. */
export function decode_header(text) {
  return text
    .replace(/\?=\s+=\?/g, "?==?")
    .replace(/=\?UTF-8\?B\?(.*?)\?=/g, (_, word) => Buffer.from(word, "base64").toString("utf8"));
}

/** The token that a letter holds. */
export const token_in = (letter) => /account\.html#\w+=([\w-]{43})/.exec(letter.text)?.[1];
