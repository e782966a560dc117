"""A diagram as Mermaid or Graphviz DOT text, or as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from supervisor.deployment.drawing.diagram import Box, Cluster
from supervisor.deployment.plan import Kind

__all__ = ["to_dot", "to_json", "to_mermaid"]

_COLOURS = {
    Kind.ONRAMP: ("#d7efe0", "#2f7d4f"),
    Kind.PIPELINE: ("#dbe6fb", "#3461b3"),
    Kind.OFFRAMP: ("#fbe4d2", "#b35c1e"),
}


def to_mermaid(clusters: list[Cluster]) -> str:
    """A Mermaid flowchart, left to right, one subgraph a flow."""
    lines = ["flowchart LR"]
    for cluster in clusters:
        lines.append(f'  subgraph {cluster.id}["{_mermaid(cluster.title)}"]')
        for box in cluster.boxes:
            opening, closing = {
                Kind.ONRAMP: ("([", "])"),
                Kind.PIPELINE: ("[", "]"),
                Kind.OFFRAMP: ("[[", "]]"),
            }[box.kind]
            text = f"{_mermaid(_title(box))}<br/><small>{_mermaid(box.detail)}</small>"
            lines.append(f'    {box.id}{opening}"{text}"{closing}:::{box.kind.value}')
        for arrow in cluster.arrows:
            label = f'|"{_mermaid(arrow.label)}"|' if arrow.label else ""
            lines.append(f"    {arrow.source} -->{label} {arrow.target}")
        lines.append("  end")
    for kind, (fill, stroke) in _COLOURS.items():
        lines.append(f"  classDef {kind.value} fill:{fill},stroke:{stroke},color:#1b1f24")
    return "\n".join(lines) + "\n"


def to_dot(clusters: list[Cluster]) -> str:
    """A Graphviz digraph, left to right, one cluster a flow."""
    lines = [
        "digraph deployment {",
        "  rankdir=LR;",
        '  node [shape=box, style="rounded,filled", fontname="sans-serif", fontsize=11];',
        '  edge [fontname="sans-serif", fontsize=9];',
    ]
    for cluster in clusters:
        lines += [
            f"  subgraph cluster_{cluster.id} {{",
            f"    label={_dot(cluster.title)};",
            '    color="#8c959f";',
        ]
        for box in cluster.boxes:
            fill, stroke = _COLOURS[box.kind]
            label = _dot(f"{_title(box)}\n{box.detail}")
            lines.append(f'    {box.id} [label={label}, fillcolor="{fill}", color="{stroke}"];')
        for arrow in cluster.arrows:
            label = f" [label={_dot(arrow.label)}]" if arrow.label else ""
            lines.append(f"    {arrow.source} -> {arrow.target}{label};")
        lines.append("  }")
    return "\n".join([*lines, "}"]) + "\n"


def to_json(clusters: list[Cluster]) -> str:
    """The boxes and arrows as data, for a program that draws them itself."""
    plain = [asdict(cluster) for cluster in clusters]
    return json.dumps(plain, indent=2, ensure_ascii=False, default=lambda kind: kind.value) + "\n"


def _title(box: Box) -> str:
    return box.name if box.copies == 1 else f"{box.name} \N{MULTIPLICATION SIGN}{box.copies}"


def _dot(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _mermaid(text: str) -> str:
    """Mermaid knows entities, and nothing else that keeps quotes and tags from being read as its own."""
    for character, entity in (("&", "&amp;"), ('"', "&quot;"), ("<", "&lt;"), (">", "&gt;"), ("\n", " ")):
        text = text.replace(character, entity)
    return text
