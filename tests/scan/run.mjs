// A program of somebody else's, with an end.

import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";

/** Runs it and resolves with `{code, text}`, all that it wrote, which goes to the file `log` as well. */
export function run(program, words, { log, minutes, env = {} }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, TERM: "dumb", ...env }, detached: true });
    const file = createWriteStream(log, { flags: "a" });
    file.write(`\n$ ${program} ${words.join(" ")}\n`);
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        text += chunk.toString("latin1");
        file.write(chunk);
      });
    }
    // With all that it started.
    const end = () => {
      try {
        process.kill(-child.pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    };
    const timer = setTimeout(() => {
      text += "\nNOT FINISHED IN TIME\n";
      end();
    }, minutes * 60_000);
    process.once("exit", end);
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      process.off("exit", end);
      file.end();
      resolve({ code, text });
    });
  });
}
