// Numbers as people read them. Each takes `null` for what is not known.

const UNKNOWN = "–";
const grouped = new Intl.NumberFormat("en-US");

/** A count, whole: `1,234,567`. */
export const count = (number) => (number === null ? UNKNOWN : grouped.format(Math.round(number)));

/** A number in few characters: `0.4`, `12`, `12.3k`, `4.56M`. */
export function short(number) {
  if (number === null || !Number.isFinite(number)) return UNKNOWN;
  if (number < 0.05) return "0";
  if (number < 9.95) return number.toFixed(1).replace(/\.0$/, "");
  for (const [size, unit] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ]) {
    if (number >= size * 0.9995) return digits(number / size) + unit;
  }
  return number.toFixed(0);
}

/** Events a second. */
export const rate = (number) => (number === null ? UNKNOWN : `${short(number)}/s`);

/** A size: `12 B`, `3.4 KiB`. */
export function bytes(number) {
  if (number === null) return UNKNOWN;
  let unit = 0;
  while (number >= 1023.5 && unit < 4) {
    number /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? number.toFixed(0) : digits(number)} ${["B", "KiB", "MiB", "GiB", "TiB"][unit]}`;
}

/** A span of time in seconds: `340 µs`, `1.2 ms`, `3.4 s`, `5 min`, `3 h`, `2 d`. */
export function time(seconds) {
  if (seconds === null || Number.isNaN(seconds)) return UNKNOWN;
  if (seconds < 0.9995e-3) return `${digits(seconds * 1e6)} µs`;
  if (seconds < 0.9995) return `${digits(seconds * 1e3)} ms`;
  if (seconds < 99.95) return `${digits(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return seconds < 129600 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} d`;
}

/** A part of 1: `7%`. Never 0% or 100% of what is not quite so. */
export function percent(part) {
  if (part === null) return UNKNOWN;
  if (part > 0 && part < 0.01) return "<1%";
  return part < 1 && part > 0.99 ? "99%" : `${Math.round(part * 100)}%`;
}

/** A moment, nanoseconds or an ISO text, as the clock of whoever looks shows it. */
export function clock(moment) {
  const date = new Date(typeof moment === "number" ? moment / 1e6 : moment);
  return Number.isNaN(date.getTime()) ? String(moment) : date.toLocaleTimeString("en-GB");
}

/** `1 event`, `2 events`. */
export const plural = (number, thing) => `${count(number)} ${thing}${number === 1 ? "" : "s"}`;

function digits(number) {
  return number < 9.995
    ? number.toFixed(2).replace(/\.?0+$/, "")
    : number < 99.95
      ? number.toFixed(1).replace(/\.0$/, "")
      : number.toFixed(0);
}
