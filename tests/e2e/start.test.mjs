// A start that fails: the reason in a sentence, and an end that others can tell from success.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { free_port, missing, Server } from "./server.mjs";

describe("a start that fails", { skip: missing }, () => {
  it("says so when there is no database", async () => {
    const port = await free_port();
    const server = await Server.made({ env: { SPOTTER_DATABASE: `host=127.0.0.1 port=${port} dbname=spotter` } });
    try {
      await assert.rejects(server.launch(), ({ message }) => {
        assert.match(message, /spotterd ended \(1\)/);
        assert.match(message, /the database's schema could not be brought up to date: .*refused/s);
        return true;
      });
    } finally {
      await server.kill9();
      await server.stop();
    }
  });
});
