// A table of all components, copies folded into one row.

import { bytes, percent, plural, rate, time } from "../format.js";
import { live } from "../live.js";
import { needsAttention } from "../model.js";
import { componentLink, fillBar, note, stateLabel, statesText, table } from "../parts.js";
import { h } from "../render.js";

const SORTS = {
  name: null,
  "rate in": (node) => node.in,
  "rate out": (node) => node.out,
  latency: (node) => node.p99 ?? -1,
  fill: (node) => node.fill,
  processor: (node) => node.cpu,
  drops: (node) => node.dropped,
  errors: (node) => node.errors,
  restarts: (node) => node.restarts,
};
const COLUMNS = [
  { name: "Component" },
  { name: "State" },
  { name: "In", number: true },
  { name: "Out", number: true },
  { name: "Bytes", number: true },
  { name: "p50", number: true },
  { name: "p99", number: true },
  { name: "Mailbox" },
  { name: "CPU", number: true },
  { name: "Dropped", number: true },
  { name: "Errors", number: true },
  { name: "Restarts", number: true },
];
const MOST_ROWS = 200;

const memory = { search: "", sort: "name", all: false };

export function page({ redraw }) {
  return {
    title: "Components",
    view() {
      const text = memory.search.trim().toLowerCase();
      let nodes = live.flows
        .flatMap((flow) => flow.nodes)
        .filter((node) => !text || `${node.key} ${node.type} ${node.state}`.toLowerCase().includes(text));
      const by = SORTS[memory.sort];
      if (by) nodes = [...nodes].sort((one, other) => by(other) - by(one));
      const shown = memory.all ? nodes : nodes.slice(0, MOST_ROWS);
      return [
        h(
          "div",
          { class: "toolbar" },
          h(
            "label",
            { class: "search" },
            h("span", { class: "hidden-text" }, "Search components"),
            h("input", {
              type: "search",
              placeholder: "Search by name, type or state",
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
            "Sort by ",
            h(
              "select",
              {
                value: memory.sort,
                onchange: (event) => {
                  memory.sort = event.target.value;
                  redraw();
                },
              },
              Object.keys(SORTS).map((name) =>
                h(
                  "option",
                  { value: name, selected: name === memory.sort },
                  name === "name" ? "order of the file" : name,
                ),
              ),
            ),
          ),
          h("span", { class: "muted" }, plural(nodes.length, "row")),
        ),
        nodes.length ? table("Components", COLUMNS, shown.map(row)) : note("No component is called so."),
        shown.length < nodes.length &&
          h(
            "button",
            {
              type: "button",
              onclick: () => {
                memory.all = true;
                redraw();
              },
            },
            `Show ${nodes.length - shown.length} more`,
          ),
      ];
    },
  };
}

function row(node) {
  const rated = (value, show) => (live.rated ? show(value) : "–");
  return {
    key: node.key,
    attention: needsAttention(node.state),
    cells: [
      [componentLink(node.key), node.parts.length > 1 && h("span", { class: "badge" }, ` ×${node.parts.length}`)],
      [stateLabel(node.state), node.states.size > 1 && h("span", { class: "muted" }, ` ${statesText(node)}`)],
      rated(node.in, rate),
      rated(node.out, rate),
      node.kind === "pipeline" ? "" : rated(node.bytes, (value) => `${bytes(value)}/s`),
      node.p50 === null ? "" : time(node.p50),
      node.p99 === null ? "" : time(node.p99),
      node.maxWaiting ? fillBar(node.fill, percent(node.fill)) : "",
      rated(node.cpu, percent),
      node.dropped ? rate(node.dropped) : "",
      node.errors ? rate(node.errors) : "",
      node.restarts || "",
    ],
  };
}
