// The numbers of a run, for people and for the tests that want to know whether enough was tried.

export function tell_of(athletes) {
  const devices = athletes.flatMap((one) => one.devices);
  const watchers = athletes.flatMap((one) => one.watchers);
  const operations = devices.flatMap((one) => one.operations);
  const undecided = operations.filter(({ outcome }) => outcome === "unknown");
  const sum = (items, number) => items.reduce((total, one) => total + number(one), 0);
  return {
    operations: operations.length,
    acknowledged: operations.filter(({ outcome }) => outcome === "acknowledged").length,
    refused: operations.filter(({ outcome }) => outcome === "refused").length,
    undecided: undecided.length,
    repeated: sum(devices, ({ attempts }) => attempts) - operations.length,
    reads: sum(athletes, ({ reader }) => reader.reads.length),
    resumes: sum(watchers, ({ resumes }) => resumes),
    reloads: sum(watchers, ({ reloads }) => reloads),
    longest_wait_ms: Math.max(0, ...devices.map(({ longest_wait_ms }) => longest_wait_ms)),
    unanswered: count(devices.flatMap((one) => one.unanswered)),
    undecided_because: undecided.map(({ kind, last }) => `${kind}: ${last}`),
    refused_because: [...new Set(operations.filter(({ why }) => why).map(({ kind, why }) => `${kind}: ${why}`))].slice(0, 20),
  };
}

/** How often each of these was seen. */
function count(items) {
  const out = {};
  for (const item of items) out[item] = (out[item] ?? 0) + 1;
  return out;
}
