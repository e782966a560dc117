// A tap: some of the events that pass an edge right now.

import { events } from "../api.js";
import { clock, plural } from "../format.js";
import { live } from "../live.js";
import { note, unavailable } from "../parts.js";
import { h } from "../render.js";

const KEPT = 100;
const PER_SECOND = 5;

export function page({ redraw, parameter: edge }) {
  let shown = [];
  let missed = 0;
  let status = "";
  let filter = "";
  let held = false;
  let abort = new AbortController();

  async function open() {
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    shown = [];
    missed = 0;
    status = "Waiting for events …";
    redraw();
    const query = new URLSearchParams({ edge, per_second: String(PER_SECOND) });
    if (filter) query.set("filter", filter);
    try {
      for await (const event of events(`/api/v1/tap?${query}`, { signal })) {
        if (event.name === "missed") missed += event.data.count;
        if (event.name === "event" && !held)
          shown = [{ number: (shown[0]?.number ?? 0) + 1, ...event.data }, ...shown].slice(0, KEPT);
        status = event.name === "waiting" ? `It waits: ${event.data.why}.` : "";
        redraw();
      }
      status = "The engine ended the connection.";
    } catch (error) {
      if (error.name === "AbortError") return;
      status = unavailable(error);
    }
    redraw();
  }

  const edges = () => [
    ...new Set(
      live.flows.flatMap((flow) => flow.edges).map(({ from, port }) => (port === "out" ? from : `${from}/${port}`)),
    ),
  ];

  return {
    title: edge ? `Tap on ${edge}` : "Tap",
    start: () => edge && open(),
    stop: () => abort.abort(),
    view() {
      return [
        h(
          "div",
          { class: "toolbar" },
          h(
            "label",
            { class: "search" },
            h("span", { class: "hidden-text" }, "Edge"),
            h(
              "select",
              {
                onchange: (event) => {
                  location.hash = `#/tap/${encodeURIComponent(event.target.value)}`;
                },
              },
              !edges().includes(edge) && h("option", { value: edge, selected: true }, edge || "Choose an edge"),
              edges().map((name) => h("option", { value: name, key: name, selected: name === edge }, name)),
            ),
          ),
          h(
            "form",
            {
              class: "search",
              onsubmit: (event) => {
                event.preventDefault();
                filter = event.target.elements.filter.value;
                open();
              },
            },
            h(
              "label",
              {},
              h("span", { class: "hidden-text" }, "Only events for which this expression is true"),
              h("input", {
                name: "filter",
                type: "search",
                placeholder: "Filter, as in event.status >= 500",
                autocomplete: "off",
              }),
            ),
          ),
          h(
            "div",
            { class: "buttons" },
            h(
              "button",
              {
                type: "button",
                "aria-pressed": String(held),
                onclick: () => {
                  held = !held;
                  redraw();
                },
              },
              held ? "Go on" : "Hold",
            ),
          ),
        ),
        h(
          "p",
          { class: "muted", role: "status" },
          `At most ${PER_SECOND} events a second. `,
          missed > 0 && `${plural(missed, "event")} passed unseen. `,
          status,
        ),
        shown.length > 0 &&
          h(
            "ol",
            { class: "tapped" },
            shown.map((event) =>
              h(
                "li",
                { key: event.number },
                h("time", {}, clock(event.at_ns)),
                h("pre", {}, JSON.stringify(event.value, null, 1)),
                event.meta &&
                  Object.keys(event.meta).length > 0 &&
                  h("pre", { class: "muted" }, JSON.stringify(event.meta)),
              ),
            ),
          ),
      ];
    },
  };
}
