// The whole deployment over the latest five minutes, and the processes that it consists of.

import { chart, sparkline } from "../chart.js";
import { bytes, percent, rate, time } from "../format.js";
import { live } from "../live.js";
import { componentLink, note, stateLabel, table } from "../parts.js";
import { h } from "../render.js";

const MOST_ROWS = 60;

/** The power of 1024 that the largest value is written in. */
const binary = (values) => 1024 ** Math.floor(Math.log2(Math.max(1, ...values.filter(Number.isFinite))) / 10);

export function page({ redraw, width }) {
  return {
    title: "Charts",
    view() {
      const values = (name) => live.history.values("total", name);
      const wide = width() >= 760;
      const common = { width: wide ? Math.floor((width() - 16) / 2) : width(), redraw };
      const busiest = live.flows.flatMap((flow) => flow.nodes).filter((node) => node.kind !== "pipeline");
      return [
        h(
          "div",
          { class: "charts" },
          chart(
            "total events",
            "Events a second",
            [
              { name: "in", values: values("in"), tone: 1 },
              { name: "out", values: values("out"), tone: 2 },
            ],
            { ...common, show: rate, least: 1 },
          ),
          chart(
            "total latency",
            "Latency of what was written",
            [
              { name: "p50", values: values("p50"), tone: 1 },
              { name: "p99", values: values("p99"), tone: 2 },
            ],
            { ...common, show: time, least: 0.001 },
          ),
          chart(
            "total trouble",
            "Errors and drops",
            [
              { name: "errors", values: values("errors"), tone: 1 },
              { name: "dropped", values: values("dropped"), tone: 2 },
            ],
            { ...common, show: rate, least: 1 },
          ),
          chart("total bytes", "Bytes read and written", [{ name: "bytes", values: values("bytes"), tone: 1 }], {
            ...common,
            unit: binary(values("bytes")),
            show: (value) => `${bytes(value)}${value === null ? "" : "/s"}`,
          }),
          chart("total memory", "Memory", [{ name: "occupied", values: values("memory"), tone: 1 }], {
            ...common,
            unit: binary(values("memory")),
            show: bytes,
          }),
          chart("total lag", "Hub lag", [{ name: "late by", values: values("lag"), tone: 1 }], {
            ...common,
            show: time,
            least: 0.001,
          }),
        ),
        h(
          "section",
          { class: "panel" },
          h("h2", {}, live.snapshot.processes.length > 1 ? "Processes" : "Process"),
          processes(),
        ),
        h(
          "section",
          { class: "panel" },
          h("h2", {}, "Onramps and offramps"),
          busiest.length
            ? h(
                "ul",
                { class: "multiples" },
                busiest
                  .slice(0, MOST_ROWS)
                  .map((node) =>
                    h(
                      "li",
                      { key: node.key },
                      componentLink(node.key, `${node.flow}/${node.id}`),
                      h(
                        "span",
                        { class: "multiple-rate" },
                        live.rated ? rate(node.kind === "onramp" ? node.in : node.out) : "–",
                      ),
                      sparkline(live.history.values(node.key, node.kind === "onramp" ? "in" : "out"), 200, 26),
                    ),
                  ),
              )
            : note("There are none."),
          busiest.length > MOST_ROWS && note(`${busiest.length - MOST_ROWS} more have charts on their own pages.`),
        ),
      ];
    },
  };
}

function processes() {
  return table(
    "Processes",
    [
      { name: "Process" },
      { name: "State" },
      { name: "PID", number: true },
      { name: "Up", number: true },
      { name: "CPU time", number: true },
      { name: "Memory", number: true },
      { name: "Hub lag", number: true },
      { name: "Files", number: true },
      { name: "Restarts", number: true },
      { name: "CPU a second", number: true },
    ],
    live.snapshot.processes.map((process) => ({
      key: process.executor,
      attention: process.state !== "running",
      cells: [
        process.executor ? `executor ${process.executor}` : "command",
        stateLabel(process.state),
        process.pid,
        time(process.uptime_seconds),
        time(process.cpu_seconds),
        bytes(process.memory_bytes),
        time(process.hub_lag_seconds),
        process.descriptors,
        process.restarts || "",
        process.uptime_seconds ? percent(process.cpu_seconds / process.uptime_seconds) : "",
      ],
    })),
  );
}
