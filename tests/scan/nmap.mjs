import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { run } from "./run.mjs";

// Everything that nmap knows of HTTP and that stays on this machine and does not set out to break it;
// slowhttptest does that better.
const scripts = "http-* and not (dos or brute or external or broadcast or exploit)";

// Scripts whose output is a finding, unless it says that there was nothing.
const telling =
  /^http-(auth|backup-finder|cookie-flags|config-backup|cors|cross-domain-policy|csrf|default-accounts|dombased-xss|enum|errors|fileupload-exploiter|git|internal-ip-disclosure|iis-webdav-vuln|jsonp-detection|ls|method-tamper|open-proxy|open-redirect|passwd|phpself-xss|put|rfi-spider|robots\.txt|shellshock|sql-injection|stored-xss|svn-enum|svn-info|trace|unsafe-output-escaping|userdir-enum|webdav-scan)$/;
const nothing = /couldn't find any|could not find any|no (vulnerable|forms|errors)|not vulnerable|nothing|ERROR: Script execution failed/i;

/** nmap's scripts for HTTP. */
export async function nmap(server, logs) {
  const xml = join(logs, "nmap.xml");
  rmSync(xml, { force: true });
  const words = ["-Pn", "-n", "-sT", "-p", String(server.port), "--script", scripts];
  const bounds = ["--script-timeout", "90s", "--host-timeout", "20m", "-oX", xml, "127.0.0.1"];
  const { text } = await run("nmap", [...words, ...bounds], { log: join(logs, "nmap.log"), minutes: 22 });
  const findings = [];
  const report = readFileSync(xml, "utf8");
  const decode = (value) =>
    value.replaceAll("&#xa;", "\n").replaceAll("&quot;", '"').replaceAll("&apos;", "'").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
  let said = 0;
  for (const [, id, output] of report.matchAll(/<script id="([^"]+)" output="([^"]*)"/g)) {
    ++said;
    const words_of = decode(output).trim();
    const vulnerable = /State: (LIKELY )?VULNERABLE/.test(words_of);
    const risky = id === "http-methods" && /Potentially risky methods: *(.*)/.exec(words_of)?.[1];
    if (vulnerable || risky || (telling.test(id) && words_of !== "" && !nothing.test(words_of)))
      findings.push({ id, text: words_of.replaceAll(/\s+/g, " ").slice(0, 300) });
  }
  if (!/Nmap done/.test(text) || said < 10) findings.push({ id: "unfinished", text: text.slice(-300) });
  return { findings, figures: `${said} scripts had something to say` };
}
