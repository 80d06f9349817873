// Numbers and times as a lifter reads them.

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

/** "1:02:07" or "4:31". */
export function clock(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (parts[0] === 0) parts.shift();
  return parts.map((part, i) => (i === 0 ? part : String(part).padStart(2, "0"))).join(":");
}

/** "1 set", "2 sets". */
export function count(amount, noun) {
  return `${number.format(amount)} ${noun}${amount === 1 ? "" : "s"}`;
}

/** "100 kg". */
export function weight({ value, unit }) {
  return `${number.format(value)} ${unit}`;
}

/** "100 kg × 5", "12 reps", "2.5 km · 15:00": what was done in a set. */
export function effort(set) {
  const parts = [];
  if (set.weight && set.reps !== undefined) parts.push(`${weight(set.weight)} × ${set.reps}`);
  else if (set.weight) parts.push(weight(set.weight));
  else if (set.reps !== undefined) parts.push(count(set.reps, "rep"));
  if (set.distance_m !== undefined) {
    const km = set.distance_m >= 1000;
    parts.push(
      km ? `${number.format(set.distance_m / 1000)} km` : `${number.format(set.distance_m)} m`,
    );
  }
  if (set.duration_ms !== undefined) parts.push(clock(set.duration_ms));
  return parts.join(" · ") || "–";
}

/** "RPE 8", "2 in reserve" or "". */
export function exertion({ rpe, rir }) {
  if (rpe !== undefined) return `RPE ${number.format(rpe)}`;
  return rir !== undefined ? `${rir} in reserve` : "";
}

const record_names = { weight: "weight", e1rm: "e1RM", reps: "reps" };

/** "weight 100 kg, e1RM 116.7 kg": records in words. */
export function records(all) {
  const parts = all.map(({ kind, value }) => {
    const rounded = number.format(Math.round(value * 10) / 10);
    return `${record_names[kind]} ${rounded}${kind === "reps" ? "" : " kg"}`;
  });
  return parts.join(", ");
}

/** "Record: weight, e1RM 116.7 kg": as said beside the set, which tells the rest itself. */
export function records_of_set(all) {
  const parts = all.map((one) => (one.kind === "e1rm" ? records([one]) : record_names[one.kind]));
  return `Record: ${parts.join(", ")}`;
}

/** "normal" sets have no name of their own. */
export const kind_names = { warmup: "Warm-up", dropset: "Drop set", failure: "To failure" };
