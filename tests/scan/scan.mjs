// Lets other people's scanners try the server: `./spotter scan [sqlmap|testssl|slowhttptest|nmap …]`. It is
// a server of its own, on the loopback, with a database that is thrown away. What a scanner complains of
// fails the run, unless findings.mjs explains why it is none. The logs stay in build/scan.

import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { join } from "node:path";

import { explain } from "./findings.mjs";
import { nmap } from "./nmap.mjs";
import { slowhttptest } from "./slowhttptest.mjs";
import { sqlmap } from "./sqlmap.mjs";
import { testssl } from "./testssl.mjs";
import { plain_server, secured_server, server_on_known_port } from "./target.mjs";

const logs = join(fileURLToPath(new URL("../..", import.meta.url)), "build", "scan");
const tools = {
  nmap: { scan: nmap, start: server_on_known_port },
  slowhttptest: { scan: slowhttptest, start: plain_server },
  sqlmap: { scan: sqlmap, start: plain_server },
  testssl: { scan: testssl, start: secured_server },
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in tools));
if (unknown.length > 0) {
  console.error(`There is no scanner '${unknown[0]}' here; there are ${Object.keys(tools).join(", ")}.`);
  process.exit(2);
}

mkdirSync(logs, { recursive: true });
let bad = 0;
for (const name of wanted.length > 0 ? wanted : Object.keys(tools)) {
  const { scan, start } = tools[name];
  const target = await start();
  const began = Date.now();
  try {
    const { findings, figures } = await scan(target, logs);
    console.log(`${name}: ${figures} in ${Math.round((Date.now() - began) / 1000)} s`);
    for (const finding of findings) {
      const why = explain(name, finding);
      if (!why) ++bad;
      console.log(`  ${why ? "explained" : "FINDING"}: ${finding.id}: ${finding.text}${why ? ` — ${why}` : ""}`);
    }
  } finally {
    await target.stop();
  }
}
console.log(bad === 0 ? "No findings." : `${bad} findings; the logs are in ${logs}.`);
process.exit(bad === 0 ? 0 : 1);
