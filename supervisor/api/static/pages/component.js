// One component, or all copies of one: how it is, what it counts, how it is configured, what it logs, where it stands.

import { ask } from "../api.js";
import { chart } from "../chart.js";
import { bytes, clock, count, percent, plural, rate, time } from "../format.js";
import { live } from "../live.js";
import { needsAttention, nodeKey } from "../model.js";
import { componentLink, figures, fillBar, note, stateLabel, statesText, table, unavailable } from "../parts.js";
import { eventsDropped, eventsOut } from "../rates.js";
import { h } from "../render.js";
import { steeringButtons } from "../steering.js";
import { tapPath } from "../flow_graph.js";
import { rememberNode } from "./flows.js";
import { logLines } from "./logs.js";

const sum = (parts, value) => parts.reduce((total, { component }) => total + value(component), 0);

export function page({ redraw, width, parameter: name }) {
  let stacks = null;
  let logs = null;
  let configuration = null;

  /** The parts of that name, and the node that they belong to; of a node's key, all of its parts. */
  function found() {
    const exact = live.snapshot.components.filter((component) => component.name === name);
    const key = exact.length ? nodeKey(exact[0]) : name;
    const node = live.node(key);
    if (node === undefined) return null;
    const parts = exact.length ? node.parts.filter(({ component }) => component.name === name) : node.parts;
    return { node, parts: parts.length ? parts : node.parts, single: parts.length === 1 };
  }

  const first = () => found()?.parts[0].component.name ?? name;

  const inPath = () => first().split("/").map(encodeURIComponent).join("/");
  const answered = (path) => ask("GET", path).catch((error) => error);

  async function loadLogs() {
    logs = await answered(`/api/v1/logs?component=${encodeURIComponent(first())}&limit=50`);
    redraw();
  }

  async function loadStacks() {
    stacks = await answered(`/api/v1/components/${inPath()}/stack`);
    redraw();
  }

  async function loadConfiguration() {
    configuration = await answered(`/api/v1/configuration/${inPath()}`);
    redraw();
  }

  return {
    title: name,
    leave: () => rememberNode(found()?.node.key ?? ""),
    start() {
      loadLogs();
      loadConfiguration();
      loadStacks();
    },
    every: { seconds: 3, run: loadLogs },
    view() {
      const it = found();
      if (it === null) return note(`There is no component called ${name}.`);
      const { node, parts, single } = it;
      const target =
        parts.length === node.parts.length && parts.length > 1 ? `${node.flow}/${node.id}` : parts[0].component.name;
      return [
        h(
          "p",
          { class: "lead" },
          stateLabel(single ? parts[0].component.state : node.state),
          !single && node.states.size > 1 && h("span", {}, statesText(node)),
          h("span", { class: "muted" }, parts[0].component.type),
          parts.length < node.parts.length &&
            h("a", { href: `#/component/${encodeURIComponent(node.key)}` }, `one of ${node.parts.length} copies`),
        ),
        reasons(parts),
        steeringButtons(
          target,
          parts.map(({ component }) => component.state),
          redraw,
        ),
        figures(counters(node, parts), "Counters"),
        charts(node, width(), redraw),
        h("div", { class: "columns" }, panel("Ports", ports(parts)), panel("Links", links(node))),
        !single && panel(`Copies (${parts.length})`, copies(parts)),
        panel("Failures", failures(stacks)),
        panel("Log", [
          logs instanceof Error
            ? note(unavailable(logs))
            : logs === null
              ? note("…")
              : logs.length
                ? logLines(logs)
                : note("It has logged nothing lately."),
        ]),
        panel("Stack", [
          h("div", { class: "buttons" }, h("button", { type: "button", onclick: loadStacks }, "Look again")),
          greenlets(stacks),
        ]),
        panel("Configuration", configurationOf(configuration)),
      ];
    },
  };
}

const panel = (title, content) => h("section", { class: "panel", key: title }, h("h2", {}, title), content);

function reasons(parts) {
  const told = parts.filter(({ component }) => component.reason && component.state !== "running");
  if (!told.length) return null;
  return h(
    "ul",
    { class: "callout" },
    told
      .slice(0, 5)
      .map(({ component }) =>
        h("li", { key: component.name }, parts.length > 1 && `${component.name}: `, component.reason),
      ),
  );
}

function counters(node, parts) {
  const rated = (value, show = rate) => (live.rated ? show(value) : "–");
  const of = (name) => parts.reduce((total, { rates }) => total + rates[name], 0);
  const own = parts.map(({ component }) => component);
  const waits = [...new Set(own.map((component) => component.blocked_on).filter(Boolean))];
  const blocks = [...new Set(own.flatMap((component) => component.blocks))];
  const max = sum(parts, (component) => component.max_waiting);
  const waiting = sum(parts, (component) => component.waiting);
  const executors = [...new Set(own.map((component) => component.executor))].filter(Boolean);
  return [
    ["In", rated(of("in")), "", `${count(sum(parts, (component) => component.received))} in all`],
    ["Out", rated(of("out")), "", `${count(sum(parts, eventsOut))} in all`],
    node.kind !== "pipeline" && [
      node.kind === "onramp" ? "Read" : "Written",
      rated(of("bytes"), (value) => `${bytes(value)}/s`),
    ],
    ["Received", count(sum(parts, (component) => component.received))],
    [node.kind === "offramp" ? "Written events" : "Sent", count(sum(parts, eventsOut))],
    ["Dropped", count(sum(parts, eventsDropped)), ""],
    [
      "Errors",
      count(sum(parts, (component) => component.errors)),
      sum(parts, (component) => component.errors) ? "warn" : "",
    ],
    node.p50 !== null && ["Latency p50", time(node.p50)],
    node.p99 !== null && ["Latency p99", time(node.p99)],
    max > 0 && ["Mailbox", `${count(waiting)} of ${count(max)}`, waiting > 0.8 * max ? "warn" : ""],
    max > 0 && ["Mailbox bytes", bytes(sum(parts, (component) => component.waiting_bytes))],
    max > 0 && ["Others waited", time(sum(parts, (component) => component.blocked_seconds))],
    ["In hand", count(sum(parts, (component) => component.in_hand))],
    ["Processor", rated(of("cpu"), percent)],
    [
      "Restarts",
      count(sum(parts, (component) => component.restarts)),
      sum(parts, (component) => component.restarts) ? "warn" : "",
    ],
    waits.length > 0 && ["Waits for", listed(waits), "warn wide"],
    blocks.length > 0 && ["Holds up", listed(blocks), "wide"],
    own[0].address && ["Listens at", listed([...new Set(own.map((component) => component.address))]), "wide"],
    executors.length > 0 && [executors.length > 1 ? "Executors" : "Executor", executors.join(", ")],
  ].filter(Boolean);
}

const listed = (names) =>
  names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(", ");

function charts(node, width, redraw) {
  const values = (measure) => live.history.values(node.key, measure);
  const wide = width >= 760;
  const each = wide ? Math.floor((width - 16) / 2) : width;
  const common = { width: each, redraw };
  return h(
    "div",
    { class: "charts" },
    chart(
      `${node.key} events`,
      "Events a second",
      [
        { name: "in", values: values("in"), tone: 1 },
        { name: "out", values: values("out"), tone: 2 },
      ],
      { ...common, show: rate, least: 1 },
    ),
    node.kind === "offramp"
      ? chart(
          `${node.key} latency`,
          "Latency",
          [
            { name: "p50", values: values("p50"), tone: 1 },
            { name: "p99", values: values("p99"), tone: 2 },
          ],
          { ...common, show: time, least: 0.001 },
        )
      : chart(`${node.key} cpu`, "Processor", [{ name: "used", values: values("cpu"), tone: 1 }], {
          ...common,
          show: percent,
          least: 0.02,
        }),
  );
}

function ports(parts) {
  const rows = new Map();
  const note_ = (what, key, number) => {
    const id = `${what} ${key}`;
    rows.set(id, { key: id, what, name: key, number: (rows.get(id)?.number ?? 0) + number });
  };
  for (const { component } of parts) {
    for (const [port, number] of Object.entries(component.sent)) note_("sent by", port, number);
    for (const [port, number] of Object.entries(component.unlinked)) note_("dropped, nobody reads", port, number);
    for (const [reason, number] of Object.entries(component.dropped)) note_("dropped by", reason, number);
  }
  if (!rows.size) return note("Nothing has left it yet.");
  return table(
    "Ports",
    [{ name: "What became of events" }, { name: "Number", number: true }],
    [...rows.values()].map(({ key, what, name, number }) => ({ key, cells: [`${what} ${name}`, count(number)] })),
  );
}

function links(node) {
  const incoming = live.flows.flatMap((flow) => flow.edges).filter((edge) => edge.to === node.key);
  if (!incoming.length && !node.edges.length) return note("Nothing is linked to it.");
  const rows = [
    ...incoming.map((edge) => ({ edge, whom: edge.from, arrow: "from" })),
    ...node.edges.map((edge) => ({ edge, whom: edge.to, arrow: "to" })),
  ];
  return table(
    "Links",
    [{ name: "Component" }, { name: "Way" }, { name: "Ports" }, { name: "Events" }],
    rows.map(({ edge, whom, arrow }) => ({
      key: `${arrow} ${whom} ${edge.port} ${edge.toPort}`,
      cells: [
        componentLink(whom),
        arrow,
        `${edge.port} → ${edge.toPort}`,
        h(
          "a",
          {
            href: tapPath(edge.from, edge.port),
            "aria-label": `Look at events from ${edge.from} by port ${edge.port}`,
          },
          "look",
        ),
      ],
    })),
  );
}

function copies(parts) {
  return table(
    "Copies",
    [
      { name: "Copy" },
      { name: "State" },
      { name: "In", number: true },
      { name: "Out", number: true },
      { name: "Mailbox" },
      { name: "Restarts", number: true },
      { name: "Waits for" },
    ],
    parts.map(({ component, rates }) => ({
      key: `${component.name} ${component.executor}`,
      attention: needsAttention(component.state),
      cells: [
        componentLink(
          component.name,
          component.executor ? `${component.name} @${component.executor}` : component.name,
        ),
        stateLabel(component.state),
        rate(rates.in),
        rate(rates.out),
        component.max_waiting
          ? fillBar(component.waiting / component.max_waiting, plural(component.waiting, "event"))
          : "",
        component.restarts || "",
        component.blocked_on,
      ],
    })),
  );
}

function configurationOf(table_) {
  if (table_ === null) return note("…");
  if (table_ instanceof Error)
    return note(table_.status === 404 ? "The file does not name it: the engine made it." : table_.message);
  return h(
    "dl",
    { class: "settings" },
    Object.entries(table_).map(([name, value]) =>
      h(
        "div",
        { key: name },
        h("dt", {}, name),
        h("dd", {}, h("pre", {}, typeof value === "string" && value.includes("\n") ? value : inline(value))),
      ),
    ),
  );
}

/** A value as TOML writes it on one line. */
function inline(value) {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const pairs = Object.entries(value).map(([name, each]) => `${name} = ${inline(each)}`);
  return pairs.length ? `{ ${pairs.join(", ")} }` : "{}";
}

function failures(stacks) {
  if (!Array.isArray(stacks)) return note(stacks === null ? "…" : unavailable(stacks));
  const latest = stacks.flatMap((each) => each.recent_failures.map((failure) => ({ ...each, ...failure })));
  if (!latest.length) return note("None.");
  return h(
    "ul",
    { class: "lines" },
    latest
      .sort((one, other) => other.time_ns - one.time_ns)
      .map(({ time_ns, component, executor, error }) =>
        h(
          "li",
          { key: `${time_ns} ${component} ${executor}` },
          h("time", { class: "muted" }, clock(time_ns)),
          ` ${executor ? `executor ${executor}: ` : ""}${error}`,
        ),
      ),
  );
}

function greenlets(stacks) {
  if (!Array.isArray(stacks)) return null;
  const running = stacks.flatMap(({ executor, greenlets: list }) => list.map((each) => ({ executor, ...each })));
  if (!running.length) return note("It does not run.");
  return running.map(({ executor, name, calls }, index) =>
    h(
      "div",
      { key: index, class: "greenlet" },
      h("h3", {}, executor ? `${name} @${executor}` : name),
      h("pre", {}, calls.length ? calls.join("\n") : "It waits to start."),
    ),
  );
}
