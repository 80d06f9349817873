// Where links in mails lead. The token stands behind `#`, so it is sent to the API only, by the press of a
// button: whoever opens links by themselves, as mail scanners do, uses nothing up.

const $ = (id) => document.getElementById(id);
const [purpose, token = ""] = location.hash.slice(1).split("=");

// Out of the address bar, the history and whatever is copied from them.
history.replaceState(null, "", location.pathname);

function show(id) {
  for (const form of ["verify", "recovery", "forgotten", "done"]) $(form).hidden = form !== id;
  $(id).querySelector("h1").focus();
}

function end(words) {
  $("done-title").textContent = words;
  show("done");
}

async function post(form, path, body) {
  const error = form.querySelector("[data-form-error]");
  const button = form.querySelector("button");
  error.textContent = "";
  button.disabled = true;
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (answer.ok) return true;
    const problem = await answer.json().catch(() => ({}));
    error.textContent = problem.detail ?? "That did not work. Try again.";
  } catch {
    error.textContent = "The server can't be reached. Try again.";
  } finally {
    button.disabled = false;
  }
  return false;
}

function on_submit(id, run) {
  $(id).addEventListener("submit", (event) => {
    event.preventDefault();
    run($(id));
  });
}

on_submit("verify", async (form) => {
  if (await post(form, "/v1/auth/verify", { token })) end("Your address is confirmed.");
});

on_submit("recovery", async (form) => {
  const password = $("new-password").value;
  if (await post(form, "/v1/auth/recovery/confirm", { token, password }))
    end("Your password is set. All devices are signed out.");
});

on_submit("forgotten", async (form) => {
  const email = $("address").value.trim();
  if (await post(form, "/v1/auth/recovery", { email }))
    end("If there is an account with this address, a mail is on its way.");
});

show(purpose === "verify" || purpose === "recovery" ? purpose : "forgotten");
