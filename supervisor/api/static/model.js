// From a snapshot and its rates to what is shown: flows, and in each its nodes. The copies of a component are one node,
// and what only carries events from one executor to another belongs to the node at whose place it stands.

import { keyOf, percentile, together } from "./rates.js";

/** From what somebody should look at first to what is well. */
export const STATES = [
  "down",
  "restarting",
  "connecting",
  "stopped",
  "stopping",
  "starting",
  "paused",
  "running",
  "ended",
];

const WELL = new Set(["running", "ended"]);
export const needsAttention = (state) => !WELL.has(state);
export const worst = (states) => STATES.find((state) => states.includes(state)) ?? "ended";

const add = (items, value) => items.reduce((total, item) => total + value(item), 0);

function isLink(component) {
  if (component.kind === "onramp") return /^link-(frames|batches)\b/.test(component.type);
  return component.kind === "offramp" && /(^|> )link$/.test(component.type);
}

/** The key of the node that a component is a part of: its name without the number of the copy. */
export function nodeKey(component) {
  let { kind, id } = component;
  const role = isLink(component) ? /\.(frames|links|to-\d+)$/.exec(id) : null;
  if (role !== null) {
    id = id.slice(0, role.index);
    kind = role[1] === "links" ? "offramp" : "onramp";
  }
  return `${kind}:${component.flow}/${id}`;
}

/** All flows of a snapshot, in its order. */
export function flowsOf(snapshot, rates) {
  const flows = new Map();
  const owner = new Map();
  for (const component of snapshot.components) {
    if (!flows.has(component.flow)) flows.set(component.flow, new Map());
    const key = nodeKey(component);
    owner.set(component.name, key);
    const nodes = flows.get(component.flow);
    if (!nodes.has(key)) nodes.set(key, []);
    nodes.get(key).push({ component, rates: rates.get(keyOf(component)) });
  }
  return [...flows].map(([name, nodes]) => flow(name, snapshot.guarantees[name] ?? "best-effort", nodes, owner));
}

function flow(name, guarantee, parts, owner) {
  // A snapshot has them in the order of their start, from the end of a flow to its beginning.
  const nodes = [...parts].reverse().map(([key, list]) => node(key, list, owner));
  const of = (kind) => nodes.filter((each) => each.kind === kind);
  return {
    name,
    guarantee,
    nodes,
    edges: nodes.flatMap((each) => each.edges),
    state: worst(nodes.map((each) => each.state)),
    components: add(nodes, (each) => each.parts.length),
    in: add(of("onramp"), (each) => each.in),
    out: add(of("offramp"), (each) => each.out),
    errors: add(nodes, (each) => each.errors),
    dropped: add(nodes, (each) => each.dropped),
    restarts: add(nodes, (each) => each.restarts),
    latencies: together(of("offramp").map((each) => each.latencies)),
    fill: Math.max(0, ...nodes.map((each) => each.fill)),
  };
}

function node(key, all, owner) {
  const own = all.filter(({ component }) => !isLink(component));
  const parts = own.length ? own : all;
  const [kind, path] = [key.slice(0, key.indexOf(":")), key.slice(key.indexOf(":") + 1)];
  const { ports, edges } = outgoing(key, all, owner);
  const states = new Map();
  for (const { component } of parts) states.set(component.state, (states.get(component.state) ?? 0) + 1);
  const latencies = together(parts.map((part) => part.rates.latencies));
  const first = parts[0].component;
  return {
    key,
    kind,
    flow: first.flow,
    id: path.slice(path.lastIndexOf("/") + 1),
    type: first.type,
    parts,
    states,
    edges,
    ports,
    latencies,
    state: worst([...states.keys()]),
    reason: parts.find(({ component }) => component.reason)?.component.reason ?? "",
    in: add(parts, (part) => part.rates.in),
    out: kind === "offramp" ? add(parts, (part) => part.rates.out) : add(ports, (port) => port.rate),
    bytes: add(parts, (part) => part.rates.bytes),
    dropped: add(parts, (part) => part.rates.dropped),
    errors: add(parts, (part) => part.rates.errors),
    cpu: add(parts, (part) => part.rates.cpu),
    blocked: add(parts, (part) => part.rates.blocked),
    restarts: add(parts, ({ component }) => component.restarts),
    waiting: add(parts, ({ component }) => component.waiting),
    maxWaiting: add(parts, ({ component }) => component.max_waiting),
    fill: Math.max(...all.map(({ component }) => fillOf(component))),
    waitsFor: waitsFor(key, all, owner),
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
  };
}

/** How full a mailbox is, by events or by bytes, whichever is nearer to its limit. */
export function fillOf(component) {
  const events = component.max_waiting ? component.waiting / component.max_waiting : 0;
  const size = component.max_waiting_bytes ? component.waiting_bytes / component.max_waiting_bytes : 0;
  return Math.min(1, Math.max(events, size));
}

function outgoing(key, all, owner) {
  const ports = new Map();
  const edges = new Map();
  for (const { component, rates } of all) {
    for (const link of component.links) {
      const to = owner.get(link.target);
      if (to === undefined || to === key) continue;
      const edge = { from: key, to, port: link.port, toPort: link.target_port };
      edges.set(`${link.port} ${to} ${link.target_port}`, edge);
    }
    // What a reader deals to other executors leaves the node only there.
    const leaves = new Set(component.links.filter((link) => owner.get(link.target) !== key).map((link) => link.port));
    for (const port of leaves) ports.set(port, (ports.get(port) ?? 0) + (rates.sent[port] ?? 0));
  }
  return { ports: [...ports].map(([name, rate]) => ({ name, rate })), edges: [...edges.values()] };
}

function waitsFor(key, all, owner) {
  const found = new Map();
  for (const { component } of all) {
    // What carries events to another executor waits for it as a matter of course.
    const whom = owner.get(component.blocked_on) ?? (isLink(component) ? "" : component.blocked_on);
    if (whom && whom !== key) found.set(whom, (found.get(whom) ?? 0) + 1);
  }
  return found;
}

/** The whole deployment in a few numbers. */
export function totalsOf(snapshot, flows, rates) {
  const latencies = together(flows.map((each) => each.latencies));
  return {
    in: add(flows, (each) => each.in),
    out: add(flows, (each) => each.out),
    errors: add(flows, (each) => each.errors),
    dropped: add(flows, (each) => each.dropped),
    bytes: add([...rates.values()], (each) => each.bytes),
    restarts: add(flows, (each) => each.restarts),
    components: add(flows, (each) => each.components),
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
    memory: add(snapshot.processes, (process) => process.memory_bytes),
    lag: Math.max(0, ...snapshot.processes.map((process) => process.hub_lag_seconds)),
    ill: flows.flatMap((each) => each.nodes).filter((each) => needsAttention(each.state)),
  };
}
