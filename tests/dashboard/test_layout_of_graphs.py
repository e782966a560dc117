"""The layout of graphs, in the browser: any graph, at any width, has no box over another and stays in its frame."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

Open = Callable[..., Any]
RUN = """
async ([graphs, widths]) => {
  const { layout } = await import('/static/layout.js');
  const faults = [];
  for (const [index, { nodes, edges }] of graphs.entries()) {
    for (const width of widths) {
      const drawn = layout(nodes, edges, width);
      const boxes = [...drawn.boxes];
      const at = `graph ${index} at ${width}`;
      if (boxes.length !== nodes.length) faults.push(`${at}: ${boxes.length} boxes of ${nodes.length}`);
      if (drawn.lines.length !== edges.length) faults.push(`${at}: ${drawn.lines.length} lines of ${edges.length}`);
      if (drawn.lines.some(({ path }) => path.includes('NaN'))) faults.push(`${at}: a line leads nowhere`);
      boxes.forEach(([key, box], place) => {
        if (box.x < 0 || box.y < 0 || box.x + box.width > drawn.width || box.y + box.height > drawn.height) {
          faults.push(`${at}: ${key} hangs out`);
        }
        for (const [other, that] of boxes.slice(place + 1)) {
          const apart = (at, size) => box[at] >= that[at] + that[size] || that[at] >= box[at] + box[size];
          if (!apart('x', 'width') && !apart('y', 'height')) {
            faults.push(`${at}: ${key} lies over ${other}`);
          }
        }
      });
    }
  }
  return faults;
}
"""


def graph(chance: random.Random) -> dict[str, Any]:
    nodes = [
        {"key": f"n{number}", "kind": chance.choice(["onramp", "pipeline", "pipeline", "offramp"])}
        for number in range(chance.randint(1, 14))
    ]
    edges = {}
    for _ in range(chance.randint(0, 2 * len(nodes))):
        from_, to = chance.choice(nodes)["key"], chance.choice(nodes)["key"]
        port = chance.choice(["out", "out", "err"])
        if from_ != to:
            edges[from_, to, port] = {"from": from_, "to": to, "port": port, "toPort": "in"}
    for node in nodes:
        ports = sorted({edge["port"] for edge in edges.values() if edge["from"] == node["key"]})
        node["ports"] = [{"name": port} for port in ports]
    return {"nodes": nodes, "edges": [*edges.values()]}


def test_no_box_lies_over_another_and_every_edge_has_its_line(small: Any, dashboard: Open) -> None:
    chance = random.Random(6)
    graphs = [graph(chance) for _ in range(300)]
    with dashboard(small) as it:
        faults = it.open().evaluate(RUN, [graphs, [317, 700, 1214]])
    assert faults == []


def test_a_circle_is_drawn_too(small: Any, dashboard: Open) -> None:
    nodes = [{"key": key, "kind": "pipeline", "ports": [{"name": "out"}]} for key in "abc"]
    edges = [{"from": one, "to": other, "port": "out", "toPort": "in"} for one, other in ("ab", "bc", "ca")]
    with dashboard(small) as it:
        assert it.open().evaluate(RUN, [[{"nodes": nodes, "edges": edges}], [317, 1214]]) == []
