// Draws what is known; holds no truth of its own. Elements are kept by key, so that focus and scroll
// survive every event.

import { arrange, done_at, last_set } from "./workout.js";
import * as words from "./words.js";

const $ = (id) => document.getElementById(id);

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function set_text(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Makes `parent`'s children stand for `items` in order, reusing the element of each key. */
function reconcile(parent, items, key_of, create, update) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let before = parent.firstElementChild;
  for (const item of items) {
    const key = key_of(item);
    const node = old.get(key) ?? create(item);
    node.dataset.key = key;
    old.delete(key);
    update(node, item);
    if (node === before) before = before.nextElementSibling;
    else parent.insertBefore(node, before);
  }
  for (const gone of old.values()) gone.remove();
}

/** One section at a time: "gate", "idle" or "workout"; the summary may stand above "idle". */
export function show_section(name) {
  if (!$(name).hidden) return;
  for (const id of ["gate", "idle", "workout"]) $(id).hidden = id !== name;
  // The focus went with what was hidden: whoever listens or tabs goes on at the new heading.
  if (!document.activeElement?.checkVisibility() || document.activeElement === document.body) {
    $(name).querySelector("h1").focus({ preventScroll: true });
  }
}

const connection_words = {
  off: "",
  connecting: "Connecting",
  live: "Live",
  waiting: "Reconnecting",
  stopped: "Disconnected",
};

export function show_connection(state) {
  $("connection").dataset.state = state;
  set_text($("connection"), connection_words[state]);
  $("reconnect").hidden = state !== "stopped";
}

/** Says something to those who listen instead of look. */
export function announce(text) {
  $("announcer").append(element("p", "", text));
  while ($("announcer").childElementCount > 5) $("announcer").firstElementChild.remove();
}

/**
 * Draws the running workout. `name_of(exercise_id)` gives a name; `on` has `add(exercise_id)`,
 * `edit(entry)` and `discard(entry)`.
 */
export function draw_workout(workout, { records, waiting, name_of, on }) {
  const rows = arrange(workout, waiting);
  const title = workout.title || "Workout";
  set_text($("workout-title"), title);
  document.title = `${title} · Spotter`;
  const sets = rows.reduce((sum, row) => sum + row.sets.length, 0);
  set_text($("tally"), `${words.count(rows.length, "exercise")} · ${words.count(sets, "set")}`);
  $("empty").hidden = rows.length > 0;
  const follow = shows_last_set();
  reconcile(
    $("exercises"),
    rows,
    (row) => row.id,
    () => make_exercise(on),
    (node, row) => update_exercise(node, row, { records, name_of, on }),
  );
  if (follow) show_last_set();
}

const newest_line = () => [...document.querySelectorAll(".set")].at(-1);

// Whoever watches the end of the list stays there; whoever reads further up is left alone.
function shows_last_set() {
  const line = newest_line();
  return !line || line.getBoundingClientRect().top < innerHeight;
}

/** Scrolls to the end of the list. */
export function show_last_set() {
  newest_line()?.scrollIntoView({ block: "nearest" });
}

function make_exercise(on) {
  const node = element("li", "exercise");
  const head = element("div", "exercise-head");
  const add = element("button", "quiet add", "Add set");
  add.type = "button";
  add.addEventListener("click", () => on.add(node.dataset.exercise));
  head.append(element("h2"), add);
  node.append(head, element("ol", "sets"));
  return node;
}

function update_exercise(node, row, { records, name_of, on }) {
  const name = name_of(row.exercise_id);
  node.dataset.exercise = row.exercise_id;
  set_text(node.querySelector("h2"), name);
  node.querySelector(".add").setAttribute("aria-label", `Add a set of ${name}`);
  let number = 0;
  const numbered = row.sets.map((one) => ({
    ...one,
    label: one.set.kind === "warmup" ? "W" : String(++number),
    records: records.get(one.set.id) ?? [],
  }));
  reconcile(
    node.querySelector(".sets"),
    numbered,
    ({ set }) => set.id,
    () => element("li", "set"),
    (line, item) => update_set(line, item, on),
  );
}

function update_set(line, { set, entry, label, records }, on) {
  const state = entry ? (entry.problem ? "refused" : "waiting") : "stored";
  // Nothing is rebuilt unless something in it changed: a button under a finger must stay.
  const print = JSON.stringify([set, state, label, records]);
  if (line.dataset.print === print) return;
  line.dataset.print = print;
  line.dataset.state = state;
  const number = element("span", "number", label);
  const kind = words.kind_names[set.kind];
  if (kind) number.title = kind;
  const parts = [number, element("span", "effort", words.effort(set))];
  if (kind) parts.push(element("span", "note", kind));
  const exertion = words.exertion(set);
  if (exertion) parts.push(element("span", "note", exertion));
  if (state === "waiting") parts.push(element("span", "chip chip-waiting", "Sending"));
  if (records.length > 0)
    parts.push(element("span", "chip chip-record", words.records_of_set(records)));
  if (state === "refused") parts.push(refusal(entry, on));
  line.replaceChildren(...parts);
}

function refusal(entry, on) {
  const box = element("div", "refusal");
  const reasons =
    entry.problem.errors.map(({ detail }) => detail).join(" ") || entry.problem.message;
  box.append(element("p", "error", `Not saved. ${reasons}`));
  for (const [text, act] of [
    ["Edit", on.edit],
    ["Discard", on.discard],
  ]) {
    const button = element("button", "quiet", text);
    button.type = "button";
    button.addEventListener("click", () => act(entry));
    box.append(button);
  }
  return box;
}

/** Moves the clocks; `now` is the server's time. Returns true in the second in which a rest ends. */
export function tick(workout, now) {
  set_text($("elapsed"), words.clock(now - Date.parse(workout.started_at)));
  const last = last_set(workout);
  // The two clocks agree to a second only: never more than the whole rest.
  const left = last?.rest_ms ? Math.min(done_at(last) + last.rest_ms - now, last.rest_ms) : 0;
  const ended = !$("rest").hidden && left <= 0;
  $("rest").hidden = left <= 0;
  if (left > 0) {
    set_text($("rest-left"), words.clock(Math.ceil(left / 1000) * 1000));
    $("rest-bar").max = last.rest_ms;
    $("rest-bar").value = left;
  }
  return ended;
}

/** Shows what a finished workout came to; `summary` is the server's, where we have it. */
export function draw_summary(workout, { summary, records, name_of }) {
  $("summary").hidden = !workout;
  if (!workout) return;
  set_text($("summary-title"), workout.title || "Workout");
  const sets = workout.exercises.flatMap((instance) => instance.sets);
  const figures = [
    ["Time", words.clock(Date.parse(workout.finished_at) - Date.parse(workout.started_at))],
  ];
  figures.push(["Sets", String(summary?.sets ?? sets.length)]);
  if (summary?.volume_kg !== undefined) {
    figures.push(["Volume", words.weight({ value: Math.round(summary.volume_kg), unit: "kg" })]);
  }
  const pairs = figures.map(([term, value]) => {
    const pair = element("div");
    pair.append(element("dt", "", term), element("dd", "", value));
    return pair;
  });
  $("summary-figures").replaceChildren(...pairs);
  const achieved = Map.groupBy(
    summary?.records ?? sets.flatMap(({ id }) => records.get(id) ?? []),
    ({ exercise_id }) => exercise_id,
  );
  $("summary-records-title").hidden = achieved.size === 0;
  const lines = [...achieved].map(([exercise_id, of_exercise]) => {
    const best = new Map(of_exercise.map((record) => [record.kind, record]));
    const line = element("li", "", name_of(exercise_id));
    line.append(element("span", "chip chip-record", words.records([...best.values()])));
    return line;
  });
  $("summary-records").replaceChildren(...lines);
}
