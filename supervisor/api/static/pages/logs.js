// The latest log records of all processes, as they come.

import { ask, events } from "../api.js";
import { clock } from "../format.js";
import { note, unavailable } from "../parts.js";
import { h } from "../render.js";

const KEPT = 500;
const LEVELS = ["debug", "info", "warning", "error"];
const memory = { level: "info", component: "", search: "", follow: true };

export function page({ redraw }) {
  let records = null;
  let failed = null;
  let missed = 0;
  let abort = new AbortController();

  const query = (more) => {
    const parameters = new URLSearchParams({ level: memory.level, ...more });
    if (memory.component) parameters.set("component", memory.component);
    return parameters.toString();
  };

  async function load() {
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    failed = null;
    try {
      records = await ask("GET", `/api/v1/logs?${query({ limit: 200 })}`, { signal });
      redraw();
      const after = records.at(-1)?.id;
      for await (const event of events(`/api/v1/logs/stream?${query(after === undefined ? {} : { after })}`, {
        signal,
      })) {
        if (event.name === "missed") missed += event.data.records;
        if (event.name !== "log") continue;
        records = [...records, event.data].slice(-KEPT);
        if (memory.follow) redraw();
      }
      failed = new Error("The engine ended the connection.");
    } catch (error) {
      if (error.name === "AbortError") return;
      failed = error;
    }
    redraw();
  }

  const changed = (name) => (event) => {
    memory[name] = event.target.value;
    load();
  };

  return {
    title: "Logs",
    start: load,
    stop: () => abort.abort(),
    view() {
      const text = memory.search.toLowerCase();
      const shown = (records ?? []).filter((record) => !text || JSON.stringify(record).toLowerCase().includes(text));
      return [
        h(
          "div",
          { class: "toolbar" },
          h(
            "label",
            { class: "check" },
            "Level ",
            h(
              "select",
              { onchange: changed("level") },
              LEVELS.map((level) => h("option", { value: level, selected: level === memory.level }, level)),
            ),
          ),
          h(
            "label",
            { class: "search" },
            h("span", { class: "hidden-text" }, "Component"),
            h("input", {
              type: "search",
              placeholder: "Component",
              value: memory.component,
              onchange: changed("component"),
            }),
          ),
          h(
            "label",
            { class: "search" },
            h("span", { class: "hidden-text" }, "Search in what is shown"),
            h("input", {
              type: "search",
              placeholder: "Search in what is shown",
              value: memory.search,
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
              checked: memory.follow,
              onchange: (event) => {
                memory.follow = event.target.checked;
                redraw();
              },
            }),
            "Follow",
          ),
        ),
        failed !== null && note(unavailable(failed)),
        missed > 0 && note(`${missed} records came too fast to be shown.`),
        records !== null && (shown.length ? logLines([...shown].reverse()) : note("Nothing was logged.")),
      ];
    },
  };
}

/** Log records as a list. */
export const logLines = (records) =>
  h(
    "ol",
    { class: "log", tabindex: 0, "aria-label": "Log" },
    records.map((record, index) =>
      h(
        "li",
        { key: record.id ?? index, class: `level-${record.level}` },
        h("time", {}, clock(record.time)),
        h("span", { class: "level-name" }, record.level),
        h(
          "span",
          { class: "log-text" },
          record.component && h("span", { class: "muted" }, `${record.component}  `),
          record.message,
          Object.entries(record.fields ?? {})
            .filter(([name]) => name !== "logger")
            .map(([name, value]) =>
              h(
                "span",
                { class: "field", key: name },
                ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
              ),
            ),
        ),
      ),
    ),
  );
