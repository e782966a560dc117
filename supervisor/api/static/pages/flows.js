// The first page: every flow, folded to a line or opened to its graph.

import { plural, rate } from "../format.js";
import { flowGraph } from "../flow_graph.js";
import { sparkline } from "../chart.js";
import { live } from "../live.js";
import { needsAttention } from "../model.js";
import { componentLink, glyph, note, stateLabel } from "../parts.js";
import { h } from "../render.js";
import { steeringButtons } from "../steering.js";

/** With more flows than these, they begin folded. */
const MOST_OPEN = 8;
const MOST_NODES = 60;
/** With more edges to be seen than these, nothing moves: a browser would work half its time for it. */
const MOST_MOVING = 100;
/** What stands beside a graph: borders and padding, in pixels. */
const FRAME = 28;

const memory = { search: "", onlyIll: false, opened: new Map(), focus: "" };

/** Remember which node Tab leads to, and that its flow is to be open: for whoever comes back from its page. */
export function rememberNode(key) {
  const flow = live.node(key)?.flow;
  if (flow === undefined) return;
  memory.focus = key;
  memory.opened.set(flow, true);
}

export function page({ redraw, width }) {
  const isOpen = (flow) =>
    memory.opened.get(flow.name) ??
    (live.flows.length <= MOST_OPEN &&
      live.flows.reduce((total, each) => total + each.nodes.length, 0) <= MOST_NODES);

  function chosen() {
    const text = memory.search.trim().toLowerCase();
    return live.flows.filter((flow) => {
      if (memory.onlyIll && !isIll(flow)) return false;
      return (
        !text ||
        flow.name.toLowerCase().includes(text) ||
        flow.nodes.some((node) => `${node.key} ${node.type}`.toLowerCase().includes(text))
      );
    });
  }

  function setAll(open) {
    for (const flow of chosen()) memory.opened.set(flow.name, open);
    redraw();
  }

  return {
    title: "Flows",
    focus: () => document.querySelector(`[data-node="${CSS.escape(memory.focus)}"]`),
    view() {
      const flows = chosen();
      const ill = live.flows.filter(isIll).length;
      const edges = flows.filter(isOpen).reduce((total, flow) => total + flow.edges.length, 0);
      const moves = edges <= MOST_MOVING;
      return [
        h(
          "div",
          { class: "toolbar" },
          h(
            "label",
            { class: "search" },
            h("span", { class: "hidden-text" }, "Search flows and components"),
            h("input", {
              type: "search",
              placeholder: "Search flows and components",
              value: memory.search,
              autocomplete: "off",
              oninput: (event) => {
                memory.search = event.target.value;
                redraw();
              },
            }),
          ),
          h(
            "label",
            { class: "check" },
            h("input", {
              type: "checkbox",
              checked: memory.onlyIll,
              onchange: (event) => {
                memory.onlyIll = event.target.checked;
                redraw();
              },
            }),
            `Only what needs a look (${ill})`,
          ),
          h(
            "div",
            { class: "buttons" },
            h("button", { type: "button", onclick: () => setAll(true) }, "Open all"),
            h("button", { type: "button", onclick: () => setAll(false) }, "Fold all"),
          ),
        ),
        flows.length === 0 && note(live.flows.length ? "Nothing is called so." : "There is no flow."),
        h(
          "div",
          { class: "flows" },
          flows.map((flow) => section(flow, isOpen(flow), moves)),
        ),
      ];
    },
  };

  function section(flow, open, moves) {
    const toggle = () => {
      memory.opened.set(flow.name, !open);
      redraw();
    };
    const id = `flow ${flow.name}`;
    return h(
      "section",
      {
        class: `flow state-${flow.state}${open ? " opened" : ""}`,
        key: flow.name,
        "aria-label": `Flow ${flow.name}`,
      },
      h(
        "h2",
        {},
        h(
          "button",
          {
            type: "button",
            class: "fold",
            "aria-expanded": String(open),
            "aria-controls": open ? id : null,
            onclick: toggle,
          },
          h("span", { class: "caret", "aria-hidden": "true" }, open ? "▾" : "▸"),
          glyph(flow.state),
          h("span", { class: "flow-name" }, flow.name),
          h(
            "span",
            { class: "flow-facts" },
            flow.guarantee === "at-least-once" && h("span", { class: "tag" }, "at-least-once"),
            flow.state !== "running" && h("span", { class: `tag state-${flow.state}` }, flow.state),
            flow.restarts > 0 && h("span", { class: "tag state-restarting" }, plural(flow.restarts, "restart")),
            flow.fill > 0.8 && h("span", { class: "tag state-connecting" }, "back-pressure"),
            h("span", { class: "muted" }, plural(flow.components, "component")),
          ),
          !open &&
            h("span", { class: "flow-spark" }, sparkline(live.history.values(id.replace(" ", ":"), "out"), 96, 20)),
          h(
            "span",
            { class: "flow-rates" },
            h("span", {}, live.rated ? rate(flow.in) : "–"),
            h("span", { class: "muted", "aria-label": "to" }, " → "),
            h("span", {}, live.rated ? rate(flow.out) : "–"),
          ),
        ),
      ),
      open &&
        h(
          "div",
          { class: "flow-body", id },
          h("div", { class: "graph-frame" }, flowGraph(flow, width() - FRAME, { focus: memory.focus, moves })),
          waits(flow),
          steeringButtons(
            `flow:${flow.name}`,
            flow.nodes.flatMap((node) => [...node.states.keys()]),
            redraw,
          ),
        ),
    );
  }
}

const isIll = (flow) => needsAttention(flow.state) || flow.errors > 0 || flow.fill > 0.8;

function waits(flow) {
  const copies = (node, number) => node.parts.length > 1 && ` (${number} of ${node.parts.length})`;
  const ill = flow.nodes
    .filter((node) => needsAttention(node.state))
    .map((node) =>
      h(
        "li",
        { key: `state ${node.key}` },
        componentLink(node.key, node.id),
        copies(node, node.states.get(node.state)),
        " is ",
        stateLabel(node.state),
        node.reason && `: ${node.reason}`,
      ),
    );
  const waiting = flow.nodes
    .flatMap((node) => [...node.waitsFor].map(([whom, number]) => ({ node, whom, number })))
    .filter(({ node, whom }) => !needsAttention(node.state) || live.node(whom))
    .map(({ node, whom, number }) =>
      h(
        "li",
        { key: `${node.key} ${whom}` },
        componentLink(node.key, node.id),
        copies(node, number),
        " waits for ",
        live.node(whom) ? componentLink(whom) : whom,
      ),
    );
  return ill.length + waiting.length > 0 && h("ul", { class: "waits" }, [...ill, ...waiting].slice(0, 12));
}
