import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { run } from "./run.mjs";

const bad = new Set(["LOW", "MEDIUM", "HIGH", "CRITICAL", "WARN"]);

/** Protocols, ciphers, certificates and known holes of TLS; anything from LOW on is a finding. */
export async function testssl(server, logs) {
  const json = join(logs, "testssl.json");
  rmSync(json, { force: true });
  const words = ["--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--add-ca", server.certificate];
  const { text } = await run("testssl", [...words, "--jsonfile", json, server.url], { log: join(logs, "testssl.log"), minutes: 15 });
  const all = JSON.parse(readFileSync(json, "utf8"));
  const findings = all
    .filter(({ severity }) => bad.has(severity))
    .map(({ id, severity, finding }) => ({ id: id.trim().split(" ")[0], text: `${severity}: ${finding}` }));
  if (/NOT FINISHED IN TIME/.test(text) || all.length < 50) findings.push({ id: "unfinished", text: `only ${all.length} checks` });
  const grade = all.find(({ id }) => id === "overall_grade")?.finding;
  return { findings, figures: `${all.length} checks${grade ? `, grade ${grade}` : ""}` };
}
