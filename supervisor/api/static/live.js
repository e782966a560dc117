// What the engine says, each second: reads the stream of snapshots, and begins again when it breaks.

import { events } from "./api.js";
import { History } from "./history.js";
import { flowsOf, totalsOf } from "./model.js";
import { ratesBetween } from "./rates.js";

const SILENT_MS = 6000;
const LONGEST_WAIT_MS = 10000;

export const live = {
  /** `connecting`, `live`, `lost`, or `locked`: it needs a token. */
  status: "connecting",
  /** Why it is lost. */
  why: "",
  /** When it tries again, milliseconds as `Date.now`. */
  again: 0,
  snapshot: null,
  rates: new Map(),
  /** Whether there have been two looks, so that there are rates. */
  rated: false,
  flows: [],
  totals: null,
  history: new History(),
  node: (key) => live.flows.flatMap((flow) => flow.nodes).find((node) => node.key === key),
};

let abort = null;
let wake = () => {};

/** Read for ever. `changed` is called after each look, and when the connection changes. */
export async function follow(changed) {
  let failures = 0;
  let early = globalThis.earlyStream;
  for (;;) {
    abort = early?.abort ?? new AbortController();
    let silence = setTimeout(() => abort.abort(), SILENT_MS);
    try {
      for await (const event of events("/api/v1/stream", { signal: abort.signal, early: early?.answer })) {
        clearTimeout(silence);
        silence = setTimeout(() => abort.abort(), SILENT_MS);
        if (event.name !== "snapshot") continue;
        failures = 0;
        live.status = "live";
        take(event.data);
        changed();
      }
      live.why = "The engine ended the connection.";
    } catch (error) {
      live.why = error.name === "AbortError" ? "The engine has fallen silent." : error.message;
      live.status = error.status === 401 ? "locked" : "lost";
    } finally {
      clearTimeout(silence);
      early = undefined;
    }
    if (live.status !== "locked") live.status = "lost";
    const wait = Math.min(LONGEST_WAIT_MS, 500 * 2 ** failures);
    failures += 1;
    live.again = Date.now() + wait;
    changed();
    // The time that is left is shown.
    const ticking = setInterval(changed, 1000);
    await new Promise((resolve) => {
      wake = resolve;
      if (live.status !== "locked") setTimeout(resolve, wait);
    });
    clearInterval(ticking);
  }
}

/** Try again at once. */
export function reconnect() {
  live.status = "connecting";
  wake();
}

function take(snapshot) {
  const before = live.snapshot;
  if (before !== null && snapshot.at_ns <= before.at_ns) return;
  const same = before !== null && before.processes[0]?.pid === snapshot.processes[0]?.pid;
  live.rated = same;
  live.rates = ratesBetween(same ? before : snapshot, snapshot);
  live.snapshot = snapshot;
  live.flows = flowsOf(snapshot, live.rates);
  live.totals = totalsOf(snapshot, live.flows, live.rates);
  if (same) live.history.record(snapshot.at_ns / 1e9, rowsOf());
}

function rowsOf() {
  const { in: came, out, errors, dropped, p50, p99, memory, lag, bytes } = live.totals;
  const rows = new Map([["total", { in: came, out, errors, dropped, p50, p99, memory, lag, bytes }]]);
  for (const flow of live.flows) {
    rows.set(`flow:${flow.name}`, { in: flow.in, out: flow.out });
    for (const node of flow.nodes) {
      rows.set(node.key, {
        in: node.in,
        out: node.out,
        errors: node.errors,
        dropped: node.dropped,
        fill: node.fill,
        cpu: node.cpu,
        p50: node.p50,
        p99: node.p99,
      });
    }
  }
  return rows;
}
