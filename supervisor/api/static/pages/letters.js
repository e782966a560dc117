// Dead letters: what could not be processed, why, and giving it back to the component that gave it up.

import { ask } from "../api.js";
import { clock, count, plural } from "../format.js";
import { live } from "../live.js";
import { componentLink, note } from "../parts.js";
import { plan } from "../plan.js";
import { h } from "../render.js";
import { confirmed, say } from "../steering.js";
import { unavailable } from "./component.js";

const LIMIT = 200;

export function page({ redraw }) {
  let letters = null;
  let failed = null;
  let filter = "";
  const chosen = new Set();

  async function load() {
    try {
      const answer = await ask(
        "GET",
        `/api/v1/dead-letters?limit=${LIMIT}${filter ? `&component=${encodeURIComponent(filter)}` : ""}`,
      );
      letters = Array.isArray(answer) ? answer : (answer.letters ?? []);
      failed = null;
      const known = new Set(letters.map((letter) => letter.id));
      for (const id of chosen) if (!known.has(id)) chosen.delete(id);
    } catch (error) {
      failed = error;
    }
    redraw();
  }

  async function replay() {
    try {
      const answer = await ask("POST", "/api/v1/dead-letters/replay", { body: { ids: [...chosen] } });
      const number =
        typeof answer?.replayed === "number" ? answer.replayed : (answer?.replayed?.length ?? chosen.size);
      say(`${plural(number, "dead letter")} went back.`);
      chosen.clear();
    } catch (error) {
      say(unavailable(error), true);
    }
    load();
  }

  async function forget() {
    if (!(await confirmed(`Delete ${plural(chosen.size, "dead letter")}?`, "They are gone for good then.", "Delete")))
      return;
    try {
      for (const id of chosen) await ask("DELETE", `/api/v1/dead-letters/${encodeURIComponent(id)}`);
      say(`${plural(chosen.size, "dead letter")} deleted.`);
      chosen.clear();
    } catch (error) {
      say(unavailable(error), true);
    }
    load();
  }

  const choose = (id) => (event) => {
    if (event.target.checked) chosen.add(id);
    else chosen.delete(id);
    redraw();
  };

  return {
    title: "Dead letters",
    start: load,
    every: { seconds: 5, run: load },
    view() {
      const { dead_letters: all, kept_dead_letters: kept } = live.snapshot;
      return [
        h("p", { class: "lead" }, `${plural(all, "event")} given up since the start, ${count(kept)} of them kept.`),
        h(
          "div",
          { class: "toolbar" },
          h(
            "label",
            { class: "search" },
            h("span", { class: "hidden-text" }, "Component"),
            h("input", {
              type: "search",
              placeholder: "Component",
              value: filter,
              onchange: (event) => {
                filter = event.target.value;
                load();
              },
            }),
          ),
          !plan.readOnly &&
            letters?.length > 0 &&
            h(
              "div",
              { class: "buttons" },
              h(
                "button",
                {
                  type: "button",
                  onclick: () => {
                    if (chosen.size === letters.length) chosen.clear();
                    else for (const letter of letters) chosen.add(letter.id);
                    redraw();
                  },
                },
                chosen.size === letters.length ? "Choose none" : "Choose all",
              ),
              h(
                "button",
                { type: "button", class: "primary", disabled: chosen.size === 0, onclick: replay },
                `Replay ${chosen.size || ""}`,
              ),
              h(
                "button",
                { type: "button", disabled: chosen.size === 0, onclick: forget },
                `Delete ${chosen.size || ""}`,
              ),
            ),
        ),
        failed !== null
          ? note(unavailable(failed))
          : letters === null
            ? note("…")
            : letters.length === 0
              ? note("None is kept.")
              : h("ul", { class: "letters" }, [...letters].reverse().map(letterRow)),
      ];
    },
  };

  function letterRow(letter) {
    const component = letter.component ?? letter.recipient ?? "";
    return h(
      "li",
      { key: letter.id, class: "letter" },
      !plan.readOnly &&
        h("input", {
          type: "checkbox",
          checked: chosen.has(letter.id),
          onchange: choose(letter.id),
          "aria-label": `Choose dead letter ${letter.id}`,
        }),
      h(
        "details",
        {},
        h(
          "summary",
          {},
          h("time", {}, clock(letter.time ?? letter.at_ns ?? "")),
          h("span", { class: "letter-reason" }, letter.reason ?? letter.error ?? ""),
          component && h("span", { class: "muted" }, component),
        ),
        component && h("p", {}, "Given up by ", componentLink(component)),
        h("pre", {}, JSON.stringify(letter, null, 2)),
      ),
    );
  }
}
