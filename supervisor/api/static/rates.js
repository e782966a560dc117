// What happened between two looks at the deployment, per second.

const BOUNDS = Array.from({ length: 21 }, (_, step) => 0.0001 * 2 ** step);

const sum = (counts) => Object.values(counts).reduce((total, number) => total + number, 0);

export const keyOf = (component) => `${component.name} ${component.executor}`;

/** Events that left it: written by an offramp, or sent by ports that are linked. */
export const eventsOut = (component) => (component.kind === "offramp" ? component.written : sum(component.sent));

/** Events dropped on purpose, or by ports that nobody reads. */
export const eventsDropped = (component) => sum(component.dropped) + sum(component.unlinked);

/** By `keyOf`, the rates of each component of the later of two snapshots. */
export function ratesBetween(before, now) {
  const seconds = Math.max((now.at_ns - before.at_ns) / 1e9, 1e-3);
  const earlier = new Map(before.components.map((component) => [keyOf(component), component]));
  return new Map(
    now.components.map((component) => [keyOf(component), rates(earlier.get(keyOf(component)), component, seconds)]),
  );
}

function rates(before, now, seconds) {
  // A component that was not there, or whose executor has started anew, begins at nought.
  if (before !== undefined && before.received > now.received) before = undefined;
  const per = (value) => Math.max(0, value(now) - (before === undefined ? 0 : value(before))) / seconds;
  const sent = {};
  for (const port of Object.keys(now.sent)) sent[port] = per((component) => component.sent[port] ?? 0);
  return {
    in: per((component) => component.received),
    out: per(eventsOut),
    bytes: per((component) => component.read_bytes + component.written_bytes),
    dropped: per(eventsDropped),
    errors: per((component) => component.errors),
    cpu: Math.min(
      1,
      per((component) => component.cpu_seconds),
    ),
    blocked: per((component) => component.blocked_seconds),
    sent,
    latencies: now.latencies.map((number, bucket) => Math.max(0, number - (before?.latencies[bucket] ?? 0))),
  };
}

/** The counts of several, bucket by bucket. */
export function together(listOfCounts) {
  const total = [];
  for (const counts of listOfCounts)
    counts.forEach((number, bucket) => (total[bucket] = (total[bucket] ?? 0) + number));
  return total;
}

/** The age in seconds that `percent` of the counted events did not exceed; `null` without events. */
export function percentile(counts, percent) {
  const all = counts.reduce((total, number) => total + number, 0);
  if (!all) return null;
  const wanted = (all * percent) / 100;
  let seen = 0;
  for (let bucket = 0; bucket < BOUNDS.length; bucket += 1) {
    const number = counts[bucket];
    if (number && seen + number >= wanted) {
      const low = bucket ? BOUNDS[bucket - 1] : 0;
      return low + ((BOUNDS[bucket] - low) * Math.max(0, wanted - seen)) / number;
    }
    seen += number;
  }
  return BOUNDS.at(-1);
}
