import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { requests, TOKEN } from "./requests.mjs";
import { run } from "./run.mjs";

const at_once = 2;

/** SQL injection into every parameter of every route that has some. Errors of the server are findings, too. */
export async function sqlmap(server, logs) {
  const folder = join(logs, "sqlmap");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { client, all } = await requests(server);
  let renewed = Date.now();
  const findings = [];
  let asked = 0;
  const scan = async ({ name, text }, n) => {
    const file = join(folder, `${n}.txt`);
    if (Date.now() - renewed > 600_000) {
      renewed = Date.now();
      await client.refresh();
    }
    writeFileSync(file, text.replace(TOKEN, client.token));
    const how = ["--batch", "--flush-session", "--level=2", "--risk=2", "--technique=BEUST", "--time-sec=4", "--dbms=PostgreSQL"];
    const quiet = ["--ignore-stdin", "--disable-coloring", "--ignore-code=400,401,403,404,409,412,422", "--output-dir", join(folder, `${n}`), "--timeout=30", "--answers=redirect=N,crack=N,dict=N"];
    const { text: said } = await run("sqlmap", ["-r", file, ...how, ...quiet], { log: join(folder, `${n}.log`), minutes: 5 });
    asked += Number(/performed (\d+) quer/.exec(said)?.[1] ?? 0);
    const errors = [...said.matchAll(/(5\d\d) \([^)]*\) - (\d+) times/g)].map(([whole]) => whole);
    // What only appears to be injectable is looked at again by sqlmap itself.
    if (/identified the following injection point|is vulnerable/.test(said))
      findings.push({ id: name, text: /(Parameter: .*|parameter '.*' is vulnerable)/.exec(said)?.[0] ?? "injectable" });
    else if (!/do not appear to be injectable/.test(said)) findings.push({ id: name, text: `not finished: ${said.replaceAll(/\s+/g, " ").slice(-200)}` });
    if (errors.some((one) => one.startsWith("500"))) findings.push({ id: name, text: `the server broke: ${errors.join(", ")}` });
  };
  const queue = [...all.entries()];
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) await scan(next[1], next[0]);
  };
  await Promise.all(Array.from({ length: at_once }, work));
  client.close();
  return { findings, figures: `${all.length} routes, ${asked} requests`.replace(", 0 requests", "") };
}
