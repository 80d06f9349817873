// What the demo prints: aligned columns, in colour where a person looks on.

const colours = { phone: 33, watch: 36, coach: 35, good: 32, bad: 31, dim: 2, bold: 1 };
const coloured = process.stdout.isTTY && !process.env.NO_COLOR;
const names = { warmup: "warm-up", dropset: "drop set", failure: "to failure" };
const number = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

/** `text` in the colour of that name, on a terminal. */
export function paint(colour, text) {
  return coloured ? `\x1b[${colours[colour]}m${text}\x1b[0m` : text;
}

/** "1 set", "25 sets". */
export function count(amount, noun) {
  return `${amount} ${noun}${amount === 1 ? "" : "s"}`;
}

/** "1:25:00" or "4:31". */
export function clock(ms) {
  const seconds = Math.round(ms / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  if (parts[0] === 0) parts.shift();
  return parts.map((part, i) => (i === 0 ? part : String(part).padStart(2, "0"))).join(":");
}

/** "39 kg × 10". */
export function effort({ weight, reps, distance_m, duration_ms }) {
  const parts = [];
  if (weight) parts.push(`${number.format(weight.value)} ${weight.unit}`.padStart(8));
  if (reps !== undefined) parts.push(weight ? `× ${reps}` : `${reps} reps`.padStart(8));
  if (distance_m !== undefined) parts.push(`${number.format(distance_m)} m`.padStart(8));
  if (duration_ms !== undefined) parts.push(clock(duration_ms));
  return parts.join(" ");
}

/** "RPE 8, warm-up" or "". */
export function remark({ rpe, kind }) {
  return [rpe !== undefined && `RPE ${rpe}`, names[kind]].filter(Boolean).join(", ");
}

/** "record: e1RM 116.7 kg". */
export function record({ kind, value }) {
  const what = { weight: "weight", e1rm: "e1RM", reps: "reps" }[kind];
  return `record: ${what} ${number.format(Math.round(value * 10) / 10)}${kind === "reps" ? "" : " kg"}`;
}

/** Prints lines of one width: time, who, number, exercise, what. */
export class Paper {
  #began = performance.now();

  constructor(exercise_names) {
    this.width = Math.min(40, Math.max(8, ...exercise_names.map((name) => name.length)));
  }

  line(who, count, exercise, text, rest = "", delay = "") {
    const seconds = ((performance.now() - this.#began) / 1000).toFixed(1);
    const name = exercise.length > this.width ? `${exercise.slice(0, this.width - 1)}…` : exercise;
    const cells = [
      paint("dim", `${seconds.padStart(6)} s`),
      paint(who, who.padEnd(5)),
      String(count).padStart(3),
      name.padEnd(this.width),
      text.padEnd(16),
      paint("dim", rest.padEnd(19)),
      delay.padStart(9),
    ];
    console.log(cells.join("  ").trimEnd());
  }
}
