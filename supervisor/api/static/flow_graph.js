// The graph of one flow as SVG. Boxes are links to the components' pages, rates are links to a tap; the arrow keys lead
// from one to the next.

import { percent, plural, rate, short, time } from "./format.js";
import { layout, MAILBOX } from "./layout.js";
import { live } from "./live.js";
import { needsAttention } from "./model.js";
import { componentPath, glyphPath, statesText } from "./parts.js";
import { h } from "./render.js";

const PADDING = 10;
const FULL = 0.8;

const laidOut = new Map();

function placed(flow, available) {
  const structure = JSON.stringify([
    flow.nodes.map((node) => [node.key, node.ports.map((port) => port.name)]),
    flow.edges,
    available,
  ]);
  const kept = laidOut.get(flow.name);
  if (kept?.structure === structure) return kept.drawing;
  const drawing = layout(flow.nodes, flow.edges, available);
  laidOut.set(flow.name, { structure, drawing });
  return drawing;
}

/** Where a tap on an edge is: what leaves a component by a port. */
export const tapPath = (name, port) => `#/tap/${encodeURIComponent(port === "out" ? name : `${name}/${port}`)}`;

/**
 * The graph of a flow, `available` pixels wide. `focus` is the key of the node that Tab leads to; `moves`: whether dots
 * move along the edges.
 */
export function flowGraph(flow, available, { focus, moves }) {
  const drawing = placed(flow, available);
  const nodes = new Map(flow.nodes.map((node) => [node.key, node]));
  const entry = nodes.has(focus)
    ? focus
    : (flow.nodes.find((node) => node.kind === "onramp")?.key ?? flow.nodes[0]?.key);
  return h(
    "svg",
    {
      class: "graph",
      width: drawing.width,
      height: drawing.height,
      viewBox: `0 0 ${drawing.width} ${drawing.height}`,
      role: "group",
      "aria-label": `Graph of flow ${flow.name}; the arrow keys lead through it`,
      onkeydown: moveFocus,
    },
    drawing.lines.map(({ edge, path }) => line(edge, path, nodes, moves)),
    [...drawing.boxes].map(([key, box]) => boxOf(nodes.get(key), box, drawing.direction, key === entry)),
    drawing.exits.map((exit) => exitLabel(exit, nodes.get(exit.from), drawing.direction)),
  );
}

function line(edge, path, nodes, moves) {
  const from = nodes.get(edge.from);
  const flowing = from.ports.find((port) => port.name === edge.port)?.rate ?? 0;
  const blocked = from.waitsFor.has(edge.to);
  const tone = blocked ? "blocked" : edge.port === "err" && flowing > 0 ? "err" : "";
  const title = `${edge.from} → ${edge.to}: ${rate(flowing)}${blocked ? "; it waits for room there" : ""}`;
  const key = `${edge.from} ${edge.port} ${edge.to} ${edge.toPort}`;
  return h(
    "g",
    { class: `edge ${tone}`, key, "data-from": edge.from, "data-to": edge.to },
    h("title", {}, title),
    h("path", {
      d: path,
      class: "line",
      style: { "--thickness": (1.2 + Math.log10(flowing + 1) * 0.45).toFixed(2) },
    }),
    moves &&
      flowing > 0 &&
      !blocked &&
      h("path", { d: path, class: `pulse pace-${Math.min(3, Math.floor(Math.log10(flowing + 1) / 1.5))}` }),
  );
}

function boxOf(node, box, direction, isEntry) {
  const { x, y, width, height } = box;
  const copies = node.parts.length;
  const badge = copies > 1 ? `×${copies}` : "";
  const badgeWidth = badge ? textWidth(badge, "600 12px") + 10 : 0;
  const top = y + (height - 64) / 2;
  const warning = warningOf(node);
  const warningWidth = warning ? textWidth(warning, "600 12px") + 6 : 0;
  return h(
    "a",
    {
      class: `node kind-${node.kind} state-${node.state}`,
      key: node.key,
      href: componentPath(node.key),
      tabindex: isEntry ? 0 : -1,
      "data-node": node.key,
      "data-stop": true,
      "aria-label": described(node),
    },
    h("title", {}, described(node)),
    mailbox(node, box, direction),
    h("rect", { class: "box", x, y, width, height, rx: 5 }),
    h("path", { class: "stripe", d: `M${x + 4} ${y + 1}v${height - 2}` }),
    h("path", {
      class: "mark",
      d: glyphPath(node.state),
      "fill-rule": "evenodd",
      transform: `translate(${x + PADDING} ${top + 8.5})`,
    }),
    h(
      "text",
      { class: "name", x: x + PADDING + 17, y: top + 19 },
      fitted(node.id, width - 2 * PADDING - 17 - badgeWidth, "600 13px"),
    ),
    badge && h("text", { class: "badge", x: x + width - PADDING, y: top + 19, "text-anchor": "end" }, badge),
    h("text", { class: "type", x: x + PADDING, y: top + 36 }, fitted(node.type, width - 2 * PADDING, "400 11.5px")),
    h(
      "text",
      { class: "figure", x: x + PADDING, y: top + 54 },
      fitted(figureOf(node), width - 2 * PADDING - warningWidth, "400 12px"),
    ),
    warning && h("text", { class: "warning", x: x + width - PADDING, y: top + 54, "text-anchor": "end" }, warning),
  );
}

function mailbox(node, box, direction) {
  if (!node.maxWaiting) return null;
  const down = direction === "down";
  const long = (down ? box.width : box.height) - 16;
  const filled = long * node.fill;
  const frame = down
    ? { x: box.x + 8, y: box.y - MAILBOX + 1, width: long, height: 6 }
    : { x: box.x - MAILBOX + 1, y: box.y + 8, width: 6, height: long };
  const level = down ? { ...frame, width: filled } : { ...frame, y: frame.y + long - filled, height: filled };
  return h(
    "g",
    { class: node.fill > FULL ? "mailbox full" : "mailbox" },
    h("rect", { ...frame, class: "frame", rx: 2 }),
    h("rect", { ...level, class: "level", rx: 2 }),
  );
}

function exitLabel(exit, node, direction) {
  const right = direction === "right";
  const flowing = node.ports.find((port) => port.name === exit.port)?.rate ?? 0;
  const number = live.rated ? rate(flowing) : "–";
  const text = exit.port === "out" ? number : `${exit.port} ${number}`;
  const place = right
    ? { x: exit.x + 6, y: exit.y - 5 }
    : { x: exit.x + 5, y: exit.y + 14 + 15 * (exit.levels - 1 - exit.level) };
  return h(
    "a",
    {
      class: exit.port === "err" && flowing > 0 ? "rate err" : "rate",
      key: `rate ${exit.from} ${exit.port}`,
      href: tapPath(exit.from, exit.port),
      tabindex: -1,
      "data-stop": true,
      "aria-label": `${rate(flowing)} from ${exit.from} by port ${exit.port}; look at some of these events`,
    },
    h("text", place, fitted(text, right ? 70 : 64, "400 12px")),
  );
}

/** The latest figure that says most about a node of its kind. */
function figureOf(node) {
  if (!live.rated) return "–";
  if (node.kind === "onramp")
    return `${rate(node.in)}${node.bytes > 0 ? `  ${short(node.bytes / 1048576)} MiB/s` : ""}`;
  if (node.kind === "pipeline") return rate(node.in);
  return `${rate(node.out)}${node.p99 === null ? "" : `  p99 ${time(node.p99)}`}`;
}

function warningOf(node) {
  if (needsAttention(node.state))
    return node.states.size > 1 ? `${node.states.get(node.state)} of ${node.parts.length}` : "";
  if (node.waitsFor.size) return "waits";
  if (node.fill > FULL) return `${percent(node.fill)} full`;
  if (node.errors > 0) return `${rate(node.errors)} err`;
  return node.restarts ? `${short(node.restarts)} ↻` : "";
}

function described(node) {
  const waits = [...node.waitsFor.keys()];
  return [
    `${node.kind} ${node.id}, ${node.type}, ${statesText(node)}`,
    `${rate(node.in)} in, ${rate(node.out)} out`,
    node.maxWaiting > 0 && `mailbox ${percent(node.fill)} full`,
    waits.length > 0 && `waits for ${waits.join(", ")}`,
    node.restarts > 0 && plural(node.restarts, "restart"),
    node.reason,
  ]
    .filter(Boolean)
    .join("; ");
}

// --- the keyboard ----------------------------------------------------------------------------------------------------

const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

function moveFocus(event) {
  const way = WAYS[event.key];
  const here = event.target.closest?.("[data-stop]");
  if (way === undefined || !here) return;
  const from = middle(here);
  let best = null;
  for (const stop of event.currentTarget.querySelectorAll("[data-stop]")) {
    if (stop === here) continue;
    const to = middle(stop);
    const ahead = (to.x - from.x) * way[0] + (to.y - from.y) * way[1];
    const aside = Math.abs((to.x - from.x) * way[1] + (to.y - from.y) * way[0]);
    if (ahead < 4) continue;
    const cost = ahead + 2 * aside;
    if (best === null || cost < best.cost) best = { stop, cost };
  }
  event.preventDefault();
  best?.stop.focus();
}

function middle(element) {
  const { left, top, width, height } = element.getBoundingClientRect();
  return { x: left + width / 2, y: top + height / 2 };
}

// --- texts that fit --------------------------------------------------------------------------------------------------

const canvas = document.createElement("canvas").getContext("2d");
const widths = new Map();

function textWidth(text, font) {
  const key = `${font} ${text}`;
  if (!widths.has(key)) {
    if (widths.size > 20000) widths.clear();
    canvas.font = `${font} ${getComputedStyle(document.body).fontFamily}`;
    widths.set(key, canvas.measureText(text).width);
  }
  return widths.get(key);
}

function fitted(text, width, font) {
  if (textWidth(text, font) <= width) return text;
  let [low, high] = [0, text.length];
  while (low < high) {
    const half = Math.ceil((low + high) / 2);
    if (textWidth(`${text.slice(0, half)}…`, font) <= width) low = half;
    else high = half - 1;
  }
  return `${text.slice(0, low).trimEnd()}…`;
}
