// Small charts of the latest five minutes, as SVG: one or two lines, an axis that says its numbers, and a reading where
// the pointer or the arrow keys are.

import { KEPT } from "./history.js";
import { live } from "./live.js";
import { h } from "./render.js";

const HEIGHT = 132;
const BORDER = 1;
const [LEFT, RIGHT, TOP, BOTTOM] = [66, 8, 10, 20];

const cursors = new Map();

/**
 * `lines`: `{name, values, tone}` (tone 1 or 2: its colour, and whether it is dashed); `show`: a value as text; `width`
 * in pixels; `least`: what the axis reaches at least; `unit`: what its
 * numbers are round in.
 */
export function chart(id, title, lines, { show, width: outer, least = 0, unit = 1, redraw }) {
  const width = outer - 2 * BORDER;
  const { times } = live.history;
  const known = lines.flatMap((line) => line.values).filter((value) => Number.isFinite(value));
  const top = unit * niceTop(Math.max(least, ...known, 1e-9 * unit) / unit);
  const x = (index) => LEFT + ((width - LEFT - RIGHT) * (KEPT - times.length + index)) / (KEPT - 1);
  const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
  const cursor = Math.min(cursors.get(id) ?? times.length - 1, times.length - 1);
  const read = (index) => lines.map((line) => `${line.name} ${show(finite(line.values[index]))}`).join(", ");
  const point = (index) => {
    if (index === null) cursors.delete(id);
    else cursors.set(id, Math.max(0, Math.min(times.length - 1, index)));
    redraw();
  };
  return h(
    "figure",
    { class: "chart", key: id },
    h(
      "figcaption",
      {},
      h("span", { class: "title" }, title),
      lines.map((line) =>
        h(
          "span",
          { class: `legend tone-${line.tone}`, key: line.name },
          line.name,
          " ",
          h("b", {}, show(finite(line.values[cursor]))),
        ),
      ),
    ),
    h(
      "svg",
      {
        width,
        height: HEIGHT,
        viewBox: `0 0 ${width} ${HEIGHT}`,
        tabindex: 0,
        role: "img",
        "aria-label": times.length ? `${title}, ${ago(times, cursor)}: ${read(cursor)}` : `${title}: nothing yet`,
        onpointermove: (event) =>
          point(Math.round(((event.offsetX - LEFT) / (width - LEFT - RIGHT)) * (KEPT - 1) - KEPT + times.length)),
        onpointerleave: () => point(null),
        onblur: () => point(null),
        onkeydown: (event) => {
          const step = { ArrowLeft: -5, ArrowRight: 5 }[event.key];
          if (step === undefined) return;
          event.preventDefault();
          point(cursor + step);
        },
      },
      [0, 0.5, 1].map((part) =>
        h(
          "g",
          { class: "grid", key: part },
          h("path", { d: `M${LEFT} ${y(top * part).toFixed(1)}H${width - RIGHT}` }),
          h("text", { x: LEFT - 6, y: y(top * part) + 4, "text-anchor": "end" }, show(top * part)),
        ),
      ),
      h("text", { class: "axis", x: LEFT, y: HEIGHT - 5 }, "5 min ago"),
      h(
        "text",
        { class: "axis", x: width - RIGHT, y: HEIGHT - 5, "text-anchor": "end" },
        cursors.has(id) ? ago(times, cursor) : "now",
      ),
      lines.map((line) =>
        h("path", { key: line.name, class: `trace tone-${line.tone}`, d: trace(line.values, x, y) }),
      ),
      cursors.has(id) && h("path", { class: "cursor", d: `M${x(cursor).toFixed(1)} ${TOP}V${HEIGHT - BOTTOM}` }),
    ),
  );
}

/** A line without axes, for rows. */
export function sparkline(values, width, height) {
  const top = Math.max(1e-9, ...values.filter(Number.isFinite));
  const x = (index) => (width * (KEPT - values.length + index)) / (KEPT - 1);
  const y = (value) => 1.5 + (height - 3) * (1 - value / top);
  return h(
    "svg",
    {
      class: "sparkline",
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    },
    h("path", { class: "trace tone-1", d: trace(values, x, y) }),
  );
}

function trace(values, x, y) {
  let path = "";
  let gap = true;
  values.forEach((value, index) => {
    if (Number.isFinite(value)) path += `${gap ? "M" : "L"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
    gap = !Number.isFinite(value);
  });
  return path;
}

const finite = (value) => (Number.isFinite(value) ? value : null);

function ago(times, index) {
  const seconds = Math.round(times.at(-1) - times[index]);
  if (!seconds) return "now";
  return seconds < 60 ? `${seconds} s ago` : `${Math.floor(seconds / 60)} min ${seconds % 60} s ago`;
}

function niceTop(value) {
  const size = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].find((step) => step * size >= value * 0.9999) * size;
}
