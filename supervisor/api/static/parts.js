// Small pieces that several pages show.

import { needsAttention } from "./model.js";
import { h } from "./render.js";

// A shape for each state, so that it can be told without colours.
const GLYPHS = {
  running: "M6 2.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z",
  paused: "M3 2.5h2.2v7H3zM6.8 2.5H9v7H6.8z",
  connecting: "M6 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8zm0 1.7a2.3 2.3 0 1 1 0 4.6 2.3 2.3 0 0 1 0-4.6z",
  starting: "M6 2a4 4 0 1 0 0 8 4 4 0 0 0 0-8zm0 1.7a2.3 2.3 0 1 1 0 4.6 2.3 2.3 0 0 1 0-4.6z",
  restarting: "M6 1.5 11 10H1z",
  stopping: "M2.5 2.5h7v7h-7zM4 4v4h4V4z",
  stopped: "M2.5 2.5h7v7h-7z",
  ended: "M2.5 2.5h7v7h-7z",
  down: "M3.2 1.8 6 4.6l2.8-2.8 1.4 1.4L7.4 6l2.8 2.8-1.4 1.4L6 7.4l-2.8 2.8-1.4-1.4L4.6 6 1.8 3.2z",
};

/** The path of a state's glyph, 12 by 12. */
export const glyphPath = (state) => GLYPHS[state] ?? GLYPHS.stopped;

export const glyph = (state) =>
  h(
    "svg",
    { class: `glyph state-${state}`, viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" },
    h("path", { d: glyphPath(state), "fill-rule": "evenodd" }),
  );

/** A state with its glyph and name. */
export const stateLabel = (state) => h("span", { class: `state state-${state}` }, glyph(state), state);

/** Figures with what they are called: `[[name, value, class, explanation], …]`. */
export const figures = (list, label) =>
  h(
    "dl",
    { class: "figures", "aria-label": label },
    list.map(([name, value, tone, title]) =>
      h("div", { key: name, class: tone, title }, h("dt", {}, name), h("dd", {}, value)),
    ),
  );

/** A table: `columns` as `{name, number}`, `rows` as `{key, cells, attention}`. */
export const table = (caption, columns, rows) =>
  h(
    "div",
    { class: "table", tabindex: "0", role: "region", "aria-label": caption },
    h(
      "table",
      {},
      h("caption", { class: "hidden-text" }, caption),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          columns.map(({ name, number }) => h("th", { scope: "col", class: number && "number" }, name)),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map(({ key, cells, attention }) =>
          h(
            "tr",
            { key, class: attention && "attention" },
            cells.map((cell, index) =>
              h(
                index ? "td" : "th",
                {
                  scope: index ? null : "row",
                  class: columns[index].number && "number",
                  "data-column": columns[index].name,
                },
                cell,
              ),
            ),
          ),
        ),
      ),
    ),
  );

/** A bar that shows how full a mailbox is, and says it. */
export const fillBar = (fill, text) =>
  h(
    "span",
    { class: "fill", title: text },
    h("span", { class: fill > 0.8 ? "level full" : "level", style: { "--fill": `${(fill * 100).toFixed(1)}%` } }),
    h("span", { class: "hidden-text" }, text),
  );

/** Where a component's page is. */
export const componentPath = (name) => `#/component/${encodeURIComponent(name)}`;
export const componentLink = (name, text = name) => h("a", { href: componentPath(name) }, text);

/** What is said in place of a part that cannot be shown. */
export const note = (text) => h("p", { class: "note" }, text);

/** What is said where a part of the API does not answer. */
export const unavailable = (error) =>
  error.status === 404 ? "Not available in this version of the engine." : error.message;

/** In how many copies a node is how: `paused 2 of 64`. */
export function statesText(node) {
  if (node.parts.length === 1) return node.state;
  if (node.states.size === 1) return `all ${node.parts.length} ${node.state}`;
  return [...node.states]
    .filter(([state]) => needsAttention(state) || state === "ended")
    .map(([state, number]) => `${number} of ${node.parts.length} ${state}`)
    .join(", ");
}
