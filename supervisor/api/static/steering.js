// Pause, resume, drain and restart: the buttons, the question before a restart, and what became of it.

import { ask } from "./api.js";
import { plural } from "./format.js";
import { plan } from "./plan.js";
import { h, render } from "./render.js";

const DONE = { pause: "Paused", resume: "Resumed", restart: "Restarted", drain: "Drained" };
const DRAIN_SECONDS = 30;

/** The buttons for a component or flow, `target` as the API names it. None in read-only mode. */
export function steeringButtons(target, states, redraw) {
  if (plan.readOnly) return null;
  const paused = states.includes("paused");
  const allPaused = states.every((state) => state === "paused");
  const button = (action, text) =>
    h(
      "button",
      { type: "button", key: action, onclick: () => act(action, target, redraw), "aria-label": `${text} ${target}` },
      text,
    );
  return h(
    "div",
    { class: "buttons", role: "group", "aria-label": `Steer ${target}` },
    !allPaused && button("pause", "Pause"),
    paused && button("resume", "Resume"),
    !allPaused && button("drain", "Drain"),
    button("restart", "Restart"),
  );
}

async function act(action, target, redraw) {
  if (
    action === "restart" &&
    !(await confirmed(
      `Restart ${target}?`,
      "It stops in order and starts anew, with the mailbox that it has. Nothing is lost.",
      "Restart",
    ))
  )
    return;
  try {
    if (action === "drain") say(`Draining ${target}, for ${DRAIN_SECONDS} s at most …`);
    const body = action === "drain" ? { action, target, timeout: DRAIN_SECONDS } : { action, target };
    const { components } = await ask("POST", "/api/v1/actions", { body });
    say(`${DONE[action]} ${components.length === 1 ? components[0] : plural(components.length, "component")}.`);
  } catch (error) {
    say(error.message, true);
  }
  redraw();
}

/** Ask a question in a dialog; whether the answer was yes. */
export function confirmed(title, text, yes) {
  const dialog = document.getElementById("question");
  render(
    dialog,
    h(
      "form",
      { method: "dialog" },
      h("h2", { id: "question-title" }, title),
      h("p", {}, text),
      h(
        "div",
        { class: "buttons" },
        h("button", { value: "no", autofocus: true }, "Cancel"),
        h("button", { value: "yes", class: "primary" }, yes),
      ),
    ),
  );
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(dialog.returnValue === "yes");
  });
}

let clearing = 0;

/** Say in a corner, and to screen readers, what became of something. */
export function say(text, failed = false) {
  const place = document.getElementById("said");
  place.className = failed ? "failed" : "";
  render(
    place,
    h("p", {}, text),
    h("button", { type: "button", "aria-label": "Dismiss", onclick: () => render(place) }, "×"),
  );
  clearTimeout(clearing);
  clearing = setTimeout(() => render(place), failed ? 15000 : 6000);
}
