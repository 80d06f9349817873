// One HTTP exchange, with nothing added, followed or retried.

import http from "node:http";
import https from "node:https";
import { gunzipSync } from "node:zlib";

import { remember_exchange } from "./secrets.mjs";

/**
 * Answers `{status, headers, text, bytes, json}`; rejects when no whole answer came. `body` is a string or
 * Buffer. `agent` keeps connections; without one each call has its own.
 */
export function exchange(url, { method = "GET", headers = {}, body, agent = false, signal, ca } = {}) {
  const { request } = new URL(url).protocol === "https:" ? https : http;
  const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers: { ...length, ...headers }, agent, signal, ca }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const got = whole(answer, Buffer.concat(chunks));
        remember_exchange(new URL(url).pathname, headers, body, got);
        resolve(got);
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

function whole({ statusCode, headers, rawHeaders }, bytes) {
  const text = (headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes).toString("utf8");
  let json;
  if (/\bjson\b/.test(headers["content-type"] ?? "")) json = text && JSON.parse(text);
  return { status: statusCode, headers, raw_headers: rawHeaders, bytes, text, json };
}
