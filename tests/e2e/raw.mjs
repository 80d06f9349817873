// Bytes over TCP, for what no well-behaved client sends.

import { connect } from "node:net";

import { within } from "./waiting.mjs";

/** Sends `bytes` and resolves with all that came until the server closed or `enough(text)` said so. */
export function talk(server, bytes, enough = () => false, ms = 20_000) {
  const socket = connect(server.port, "127.0.0.1");
  let text = "";
  const over = new Promise((resolve) => {
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      if (enough(text)) resolve(text);
    });
    socket.on("close", () => resolve(text));
    socket.on("error", () => {}); // a reset is followed by close, and what came before it counts
    socket.on("connect", () => socket.write(bytes));
  });
  return within(ms, "the server's answer", over).finally(() => socket.destroy());
}

/** The status of the first answer in what `talk` gave. */
export const status_of = (text) => Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1]);

/** The statuses of all answers, in order. */
export const statuses = (text) => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
