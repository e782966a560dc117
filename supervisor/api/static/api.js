// Asking the API: one answer, or a stream of events. The token stays in this tab.

const TOKEN = "aftershock.token";

export const token = {
  get: () => sessionStorage.getItem(TOKEN) ?? "",
  set: (text) => (text ? sessionStorage.setItem(TOKEN, text) : sessionStorage.removeItem(TOKEN)),
};

/** What the API refused: `status`, and the problem document's `detail` as message (RFC 9457). */
export class Problem extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

async function request(method, path, { body, signal, early } = {}) {
  const headers = {};
  if (token.get()) headers.Authorization = `Bearer ${token.get()}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await (early ??
      fetch(path, { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) }));
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "The engine does not answer.");
  }
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    if (answer.status === 401) dispatchEvent(new Event("token-needed"));
    throw new Problem(answer.status, problem.detail ?? `The engine answered ${answer.status}.`);
  }
  return answer;
}

/** Ask for one answer; the JSON of it, or `null` where there is none. Throws `Problem`. */
export async function ask(method, path, options) {
  const answer = await request(method, path, options);
  return answer.status === 204 ? null : answer.json();
}

/**
 * The events of a stream as `{name, data}`, until it ends. Throws `Problem`. With fetch, because an EventSource can
 * send no token. `early`: the answer to this request, if it was asked already.
 */
export async function* events(path, { signal, early } = {}) {
  const answer = await request("GET", path, { signal, early });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const pieces = (text + value).split("\n\n");
      text = pieces.pop();
      for (const piece of pieces) {
        const event = parsed(piece);
        if (event !== null) yield event;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function parsed(piece) {
  let name = "message";
  const data = [];
  for (const line of piece.split("\n")) {
    if (line.startsWith("event: ")) name = line.slice(7);
    else if (line.startsWith("data: ")) data.push(line.slice(6));
  }
  return data.length ? { name, data: JSON.parse(data.join("\n")) } : null;
}
