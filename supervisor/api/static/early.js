// Asks for the stream before the other modules have come, so that the first look is there when they are. It imports
// none of them, and so has the name of the token once more.

const token = sessionStorage.getItem("aftershock.token");
const abort = new AbortController();
const answer = fetch("/api/v1/stream", {
  headers: token ? { Authorization: `Bearer ${token}` } : {},
  signal: abort.signal,
});
// Whoever takes it sees the failure.
answer.catch(() => {});
globalThis.earlyStream = { answer, abort };
