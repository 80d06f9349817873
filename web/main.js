// Puts the parts together: session → live stream → workouts → view.

import { Api } from "./api.js";
import { Exercises } from "./exercises.js";
import { Live } from "./live.js";
import { LogForm } from "./log_form.js";
import { Outbox } from "./outbox.js";
import { clear_problems, show_problem } from "./problems.js";
import { uuid7 } from "./uuid.js";
import * as view from "./view.js";
import * as words from "./words.js";
import { Workouts } from "./workout.js";

const $ = (id) => document.getElementById(id);

const api = new Api();
const exercises = new Exercises(api, draw);
let session = null; // {live, outbox, workouts} while signed in
let summary = null; // what the server said when this page finished a workout

// ---- session

async function begin() {
  const user = await api.call("GET", "/v1/me");
  if (user.unit) $("unit").value = user.unit;
  const workouts = new Workouts();
  const live = new Live({
    topic: "me",
    token: (how) => api.token(how),
    handlers: { state: on_state, snapshot: on_snapshot, event: on_event },
  });
  const outbox = new Outbox(user.id, (id, data) => live.command("set.log", id, data), draw);
  session = { live, outbox, workouts, loaded: false };
  api.on_token = (token) => live.renew(token);
  $("sign-out").hidden = false;
  live.start();
}

function end(words_for_gate) {
  session?.live.stop();
  session = null;
  $("sign-out").hidden = true;
  $("finish-dialog").close();
  view.show_connection("off");
  view.draw_summary(null, {});
  document.title = "Spotter";
  view.show_section("gate");
  set_gate(false);
  $("password").value = "";
  if (words_for_gate) show_problem($("auth"), { message: words_for_gate });
  $("email").focus();
}

api.on_signed_out = () => end("Your session has ended. Sign in again.");

// ---- live stream

function on_state(state) {
  view.show_connection(state);
  if (state === "live") session.outbox.flush();
  // Told not to come back: either the session is over, which a refresh finds out, or we wait.
  if (state === "stopped") api.token({ renew: true }).catch(() => {});
}

function on_snapshot(snapshot) {
  session.workouts.load(snapshot);
  session.loaded = true;
  draw();
}

async function on_event(message) {
  const { event, data } = message;
  const { workouts } = session;
  session.loaded = true;
  workouts.apply(message);
  draw();
  if (event === "set.logged") {
    view.announce(`${exercises.name_of(data.set.exercise_id)}: ${words.effort(data.set)}`);
  } else if (event === "record.achieved") {
    view.announce(
      `Record. ${exercises.name_of(data.record.exercise_id)}: ${words.records([data.record])}`,
    );
  } else if (event === "workout.finished") {
    view.announce("Workout finished");
  } else if (event === "workout.restored" && data.workout.state === "live") {
    // The event carries the workout alone: its sets have to be read.
    workouts.put(await api.call("GET", `/v1/workouts/${data.workout.id}`));
    draw();
  }
}

// ---- drawing

function draw() {
  if (!session?.loaded) return;
  const { workouts, outbox } = session;
  const workout = workouts.current;
  view.show_section(workout ? "workout" : "idle");
  const finished = workout ? null : workouts.finished;
  view.draw_summary(finished, {
    summary: summary?.id === finished?.id ? summary : null,
    records: workouts.records,
    name_of: exercises.name_of,
  });
  if (!workout) {
    document.title = "Spotter";
    return;
  }
  view.draw_workout(workout, {
    records: workouts.records,
    waiting: outbox.entries,
    name_of: exercises.name_of,
    on: { add: prepare_set, edit: edit_set, discard: (entry) => outbox.remove(entry.data.id) },
  });
  tick();
}

function tick() {
  const workout = session?.workouts.current;
  if (workout && view.tick(workout, Date.now() + api.clock_offset)) view.announce("Rest is over");
}
setInterval(tick, 1000);

// ---- logging sets

const log_form = new LogForm({
  search: (text, signal) => exercises.search(text, signal),
  last_of: (exercise_id) =>
    session.workouts.current?.exercises
      .findLast((one) => one.exercise_id === exercise_id)
      ?.sets.at(-1),
  async submit(set) {
    const { workouts, outbox } = session;
    const workout = workouts.current;
    const instance = workout.exercises.findLast(
      ({ exercise_id }) => exercise_id === set.exercise_id,
    );
    if (instance) set.exercise_instance_id = instance.id;
    const outcome = outbox.add({ ...set, workout_id: workout.id });
    view.show_last_set();
    return outcome;
  },
});

function prepare_set(exercise_id) {
  log_form.choose({ id: exercise_id, name: exercises.name_of(exercise_id) });
}

function edit_set(entry) {
  session.outbox.remove(entry.data.id);
  const { exercise_id } = entry.data;
  log_form.edit(
    entry.data,
    { id: exercise_id, name: exercises.name_of(exercise_id) },
    entry.problem,
  );
}

// ---- forms

/** Runs `act` once at a time for a form's button, and shows what went wrong beside its fields. */
async function submitting(form, button, act) {
  clear_problems(form);
  button.disabled = true;
  try {
    await act();
  } catch (error) {
    show_problem(form, error);
  } finally {
    button.disabled = false;
  }
}

let registering = false;

function set_gate(to_register) {
  registering = to_register;
  const label = registering ? "Create account" : "Sign in";
  $("gate-title").textContent = label;
  $("auth-submit").textContent = label;
  $("auth-mode").textContent = registering
    ? "Have an account? Sign in"
    : "New here? Create an account";
  $("name-field").hidden = !registering;
  $("password").autocomplete = registering ? "new-password" : "current-password";
  clear_problems($("auth"));
}

$("auth-mode").addEventListener("click", () => {
  set_gate(!registering);
  $(registering ? "name" : "email").focus();
});

$("auth").addEventListener("submit", (event) => {
  event.preventDefault();
  submitting($("auth"), $("auth-submit"), async () => {
    const fields = { email: $("email").value.trim(), password: $("password").value };
    if (registering) {
      const name = $("name").value.trim();
      if (name) fields.display_name = name;
      fields.time_zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    }
    await (registering ? api.register(fields) : api.login(fields));
    $("password").value = "";
    await begin();
  });
});

$("sign-out").addEventListener("click", async () => {
  // The server hears of it if it can; this device forgets in any case.
  await api.logout().catch(() => {});
  $("auth").reset();
  log_form.clear();
  end();
});

$("reconnect").addEventListener("click", () => session?.live.start());

$("start").addEventListener("submit", (event) => {
  event.preventDefault();
  submitting($("start"), event.submitter, async () => {
    const body = { id: uuid7(), time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone };
    const title = $("title").value.trim();
    if (title) body.title = title;
    const workout = await api.call("POST", "/v1/workouts", body);
    session.workouts.finished = null;
    session.workouts.put(workout);
    $("title").value = "";
    log_form.clear();
    draw();
    $("exercise").focus();
  });
});

$("finish").addEventListener("click", () => {
  const waiting = session.outbox.entries.length;
  $("finish-dialog-text").textContent = waiting
    ? `${words.count(waiting, "set")} not saved yet. Finishing now leaves them out.`
    : $("tally").textContent;
  clear_problems($("finish-dialog"));
  $("finish-dialog").showModal();
});

$("finish-confirm").addEventListener("click", () => {
  submitting($("finish-dialog"), $("finish-confirm"), async () => {
    const { workouts } = session;
    const workout = workouts.current;
    if (workout) {
      const answer = await api.call("POST", `/v1/workouts/${workout.id}/finish`, undefined, {
        key: uuid7(),
      });
      summary = { id: workout.id, ...answer.summary };
      draw();
    }
    $("finish-dialog").close();
    $("summary").focus();
  });
});

// ---- start

if (api.has_session) {
  view.show_connection("connecting");
  begin().catch((error) => {
    if (error.status !== 401) end(error.message);
  });
} else {
  end();
}
