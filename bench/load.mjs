// The load generator, and what to make of its figures.

import { build } from "./spotterd.mjs";
import { run } from "./processes.mjs";

/** Runs one measurement of spotter_load; see load/measurements.hpp. */
export async function load(what, options, { may_fail = false } = {}) {
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const found = JSON.parse(await run(`${build}/bench/spotter_load`, [what, ...args]));
  if (found.errors > 0 && !may_fail)
    throw new Error(`${found.errors} wrong answers in "${what} ${args.join(" ")}", first: ${found.first_error}`);
  return found;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The medians of the same figure over rounds. */
export function medians(rounds) {
  const names = Object.keys(rounds[0]).filter((name) => typeof rounds[0][name] === "number");
  return Object.fromEntries(names.map((name) => [name, median(rounds.map((round) => round[name]))]));
}

/**
 * The median of the ratios of interleaved pairs: what drifts with the machine drifts for both.
 * `a` and `b` are the same rounds' figures.
 */
export function ratio(a, b) {
  return median(a.map((value, i) => value / b[i]));
}

export function whole(number) {
  return Math.round(number).toLocaleString("en-US");
}

export function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}
