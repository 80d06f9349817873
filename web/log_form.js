// The form that logs a set: exercise search with suggestions, checks in words, and the body to send.

import { clear_problems, mark_field, show_problem } from "./problems.js";
import { uuid7 } from "./uuid.js";

const SEARCH_AFTER_MS = 150;

export class LogForm {
  #form = document.getElementById("log");
  #exercise = document.getElementById("exercise");
  #list = document.getElementById("suggestions");
  #weight = document.getElementById("weight");
  #unit = document.getElementById("unit");
  #reps = document.getElementById("reps");
  #rpe = document.getElementById("rpe");
  #rest = document.getElementById("rest-after");

  #chosen = null; // {id, name}
  #found = [];
  #active = -1;
  #timer = 0;
  #search = null;

  /**
   * `search(text, signal)` finds exercises; `last_of(exercise_id)` is the last set of one, if any;
   * `submit(set)` resolves with a Problem or null.
   */
  constructor({ search, last_of, submit }) {
    this.search = search;
    this.last_of = last_of;
    this.submit = submit;
    this.#form.addEventListener("submit", (event) => this.#on_submit(event));
    this.#exercise.addEventListener("input", () => this.#on_input());
    this.#exercise.addEventListener("keydown", (event) => this.#on_key(event));
    this.#exercise.addEventListener("focus", () => this.#exercise.select());
    this.#exercise.addEventListener("blur", () => this.#close());
    // A press must not take the focus from the field before the click chooses.
    this.#list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.#list.addEventListener("click", ({ target }) => {
      const option = target.closest("[role=option]");
      if (option) this.choose(this.#found[[...this.#list.children].indexOf(option)]);
    });
  }

  /** Puts an exercise into the form, starting from the last set of it, and goes to the weight. */
  choose(exercise, like = this.last_of(exercise.id)) {
    this.#chosen = exercise;
    this.#exercise.value = exercise.name;
    if (like) this.#fill(like);
    clear_problems(this.#form);
    this.#close();
    this.#form.scrollIntoView({ block: "nearest" });
    this.#weight.focus();
    this.#weight.select();
  }

  /** Brings a refused set back, with the reason beside its fields. */
  edit(set, exercise, problem) {
    this.choose(exercise, set);
    this.#rpe.value = set.rpe ?? "";
    this.#rest.value = set.rest_ms ?? "";
    show_problem(this.#form, problem);
  }

  /** Empties the form for another workout; unit and rest stay as they were. */
  clear() {
    this.#chosen = null;
    for (const field of [this.#exercise, this.#weight, this.#reps, this.#rpe]) field.value = "";
    clear_problems(this.#form);
    this.#close();
  }

  #fill({ weight, reps }) {
    this.#weight.value = weight?.value ?? "";
    if (weight) this.#unit.value = weight.unit;
    this.#reps.value = reps ?? "";
  }

  async #on_submit(event) {
    event.preventDefault();
    const set = this.#read();
    if (!set) return;
    const exercise = this.#chosen;
    this.#rpe.value = "";
    const refused = await this.submit(set);
    // Only while the form still shows what was refused; else the row in the list says it.
    if (refused && this.#chosen === exercise && this.#reps.value === String(set.reps)) {
      this.#rpe.value ||= set.rpe ?? "";
      show_problem(this.#form, refused);
    }
  }

  #read() {
    clear_problems(this.#form);
    const set = { id: uuid7(), exercise_id: this.#chosen?.id };
    if (!this.#chosen) mark_field(this.#exercise, "choose one from the list.");
    const weight = this.#number(this.#weight, { most: 2000, words: "a number from 0 to 2,000." });
    if (weight !== undefined) set.weight = { value: weight, unit: this.#unit.value };
    const reps = this.#number(this.#reps, {
      most: 10_000,
      step: 1,
      needed: true,
      words: "how many, as a whole number.",
    });
    if (reps !== undefined) set.reps = reps;
    const rpe = this.#number(this.#rpe, {
      least: 1,
      most: 10,
      step: 0.5,
      words: "from 1 to 10, in halves.",
    });
    if (rpe !== undefined) set.rpe = rpe;
    if (this.#rest.value) set.rest_ms = Number(this.#rest.value);
    const wrong = this.#form.querySelector("[aria-invalid]");
    wrong?.focus();
    return wrong ? null : set;
  }

  // A comma is a decimal sign on half of the world's keyboards.
  #number(field, { least = 0, most, step, needed = false, words }) {
    const text = field.value.trim().replace(",", ".");
    const value = Number(text);
    if (!text && !needed) return undefined;
    const fits =
      text && value >= least && value <= most && (!step || Number.isInteger(value / step));
    if (fits) return value;
    mark_field(field, words);
    return undefined;
  }

  #on_input() {
    this.#chosen = null;
    clearTimeout(this.#timer);
    this.#search?.abort();
    const text = this.#exercise.value.trim();
    if (!text) return this.#close();
    this.#timer = setTimeout(async () => {
      this.#search = new AbortController();
      try {
        this.#found = await this.search(text, this.#search.signal);
        this.#open();
      } catch (error) {
        if (error.name !== "AbortError") mark_field(this.#exercise, error.message);
      }
    }, SEARCH_AFTER_MS);
  }

  #open() {
    if (document.activeElement !== this.#exercise) return;
    clear_problems(this.#form);
    if (this.#found.length === 0) {
      this.#close();
      return mark_field(this.#exercise, "none has that name.");
    }
    const options = this.#found.map(({ name, equipment }, index) => {
      const option = document.createElement("li");
      option.id = `suggestion-${index}`;
      option.setAttribute("role", "option");
      option.textContent = name;
      if (
        typeof equipment === "string" &&
        !name.toLowerCase().includes(equipment.replaceAll("_", " "))
      ) {
        const note = document.createElement("span");
        note.className = "note";
        note.textContent = equipment.replaceAll("_", " ");
        option.append(" ", note);
      }
      return option;
    });
    this.#list.replaceChildren(...options);
    this.#list.hidden = false;
    this.#exercise.setAttribute("aria-expanded", "true");
    this.#mark(0);
  }

  #close() {
    clearTimeout(this.#timer);
    this.#search?.abort();
    this.#list.hidden = true;
    this.#exercise.setAttribute("aria-expanded", "false");
    this.#exercise.removeAttribute("aria-activedescendant");
  }

  #mark(index) {
    this.#active = index;
    for (const [i, option] of [...this.#list.children].entries()) {
      option.setAttribute("aria-selected", String(i === index));
      if (i === index) option.scrollIntoView({ block: "nearest" });
    }
    this.#exercise.setAttribute("aria-activedescendant", `suggestion-${index}`);
  }

  #on_key(event) {
    if (this.#list.hidden) return;
    const last = this.#found.length - 1;
    if (event.key === "ArrowDown") this.#mark(this.#active === last ? 0 : this.#active + 1);
    else if (event.key === "ArrowUp") this.#mark(this.#active === 0 ? last : this.#active - 1);
    else if (event.key === "Enter") this.choose(this.#found[this.#active]);
    else if (event.key === "Escape") this.#close();
    else return;
    event.preventDefault();
  }
}
