// Dead letters: what could not be processed, why, and giving it back to the component that gave it up.

import { ask } from "../api.js";
import { bytes, clock, count, plural } from "../format.js";
import { live } from "../live.js";
import { componentLink, note, unavailable } from "../parts.js";
import { plan } from "../plan.js";
import { h } from "../render.js";
import { confirmed, say } from "../steering.js";

const LIMIT = 200;

export function page({ redraw }) {
  let letters = null;
  let failed = null;
  let filter = "";
  const chosen = new Set();
  /** What was asked for of those that are open, by id. */
  const documents = new Map();

  async function load() {
    try {
      const component = filter ? `&component=${encodeURIComponent(filter)}` : "";
      letters = await ask("GET", `/api/v1/dead-letters?limit=${LIMIT}${component}`);
      failed = null;
      const known = new Set(letters.map((letter) => letter.id));
      for (const id of chosen) if (!known.has(id)) chosen.delete(id);
      for (const id of documents.keys()) if (!known.has(id)) documents.delete(id);
    } catch (error) {
      failed = error;
    }
    redraw();
  }

  async function replay() {
    try {
      const { delivered, kept } = await ask("POST", "/api/v1/dead-letters/replay", { body: { ids: [...chosen] } });
      const reasons = [...new Set(Object.values(kept))];
      const rest = Object.keys(kept).length;
      say(
        `${plural(delivered.length, "dead letter")} delivered.` +
          (rest ? ` ${plural(rest, "letter")} kept: ${reasons.slice(0, 3).join("; ")}` : ""),
        rest > 0,
      );
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

  const open = (id) => async (event) => {
    if (!event.target.open || documents.has(id)) return;
    documents.set(id, await ask("GET", `/api/v1/dead-letters/${encodeURIComponent(id)}`).catch((error) => error));
    redraw();
  };

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
        { ontoggle: open(letter.id) },
        h(
          "summary",
          {},
          h("time", {}, clock(letter.time)),
          h("span", { class: "letter-reason" }, letter.error || letter.reason),
          h("span", { class: "muted" }, letter.component),
        ),
        h(
          "p",
          { class: "muted" },
          `${letter.reason}, after ${plural(letter.attempts, "attempt")} since ${clock(letter.first_time)}, by `,
          componentLink(letter.component),
          letter.origin && `; from ${letter.origin}`,
          `; ${bytes(letter.bytes)}`,
        ),
        letterDocument(documents.get(letter.id)),
      ),
    );
  }
}

function letterDocument(found) {
  if (found === undefined) return note("…");
  if (found instanceof Error) return note(found.message);
  return [
    h("pre", {}, found.value === null ? found.original : JSON.stringify(found.value, null, 2)),
    found.truncated && note("It is longer than 64 KiB, and cut."),
  ];
}
