// Problems in words, next to the field that they are about.

/** Takes every message away from a form. */
export function clear_problems(form) {
  for (const place of form.querySelectorAll(".error, [data-form-error]")) place.textContent = "";
  for (const field of form.querySelectorAll("[aria-invalid]"))
    field.removeAttribute("aria-invalid");
}

/** Writes one message beside `field`; where several fields share a line, it names the field. */
export function mark_field(field, words) {
  field.setAttribute("aria-invalid", "true");
  const place = document.getElementById(field.getAttribute("aria-describedby"));
  place.textContent = place.dataset.name ? `${place.dataset.name}: ${words}` : words;
}

/**
 * Shows an error beside the fields that its pointers name, or above the form when it names none of
 * them, and moves the focus to the first marked field.
 */
export function show_problem(form, error) {
  clear_problems(form);
  const fields = [...form.querySelectorAll("[data-pointer]")];
  const elsewhere = [];
  for (const { pointer, detail } of error.errors ?? []) {
    const path = (pointer ?? "").replace(/^\/data(?=\/)/, "");
    const field = fields.find(
      ({ dataset }) => dataset.pointer === path || dataset.pointer.startsWith(`${path}/`),
    );
    if (path && field) mark_field(field, detail);
    else elsewhere.push(detail);
  }
  const marked = form.querySelector("[aria-invalid]");
  if (!marked && elsewhere.length === 0) elsewhere.push(error.message);
  form.querySelector("[data-form-error]").textContent = elsewhere.join(" ");
  marked?.focus();
}
