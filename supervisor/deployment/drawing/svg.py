"""A diagram as one SVG file that stands alone: no scripts, no fonts to load, readable on light and dark pages."""

from __future__ import annotations

from html import escape
from itertools import pairwise

from supervisor.deployment.drawing.diagram import Box, Cluster
from supervisor.deployment.drawing.layout import Layout, Placed, lay_out

__all__ = ["to_svg"]

_MARGIN = 24
_HEADER = 30
_PADDING = 22

_LIGHT = {
    "page": "#ffffff",
    "frame": "#d0d7de",
    "text": "#1f2328",
    "dim": "#59636e",
    "line": "#7d8590",
    "fill": "#f6f8fa",
    "onramp": "#2f8f57",
    "pipeline": "#3a6fd0",
    "offramp": "#c0661c",
}
_DARK = {
    "page": "#0d1117",
    "frame": "#3d444d",
    "text": "#e6edf3",
    "dim": "#9198a1",
    "line": "#9198a1",
    "fill": "#161b22",
    "onramp": "#4cc38a",
    "pipeline": "#6ea1ff",
    "offramp": "#f0964f",
}

# Spelled out per theme, not with CSS variables: programs other than browsers know none of those.
_COLOURS = """
  text {{ fill: {text}; }} .page {{ fill: {page}; }} .flow {{ fill: {fill}; stroke: {frame}; }}
  .flow-name, .detail {{ fill: {dim}; }} .box, .copy {{ fill: {page}; }}
  .onramp {{ stroke: {onramp}; }} .pipeline {{ stroke: {pipeline}; }} .offramp {{ stroke: {offramp}; }}
  .bar.onramp {{ fill: {onramp}; }} .bar.pipeline {{ fill: {pipeline}; }} .bar.offramp {{ fill: {offramp}; }}
  .arrow {{ stroke: {line}; }} .head {{ fill: {line}; }} .port {{ fill: {dim}; stroke: {fill}; }}
"""

_STYLE = f"""
  text {{ font: 13px system-ui, sans-serif; }}
  .flow-name, .name {{ font-weight: 600; }} .detail, .port {{ font-size: 11px; }}
  .box {{ stroke-width: 1.5; }} .copy {{ stroke-width: 1; opacity: .6; }} .bar {{ stroke: none !important; }}
  .arrow {{ fill: none; stroke-width: 1.5; }}
  .port {{ stroke-width: 4; paint-order: stroke; text-anchor: middle; }}
{_COLOURS.format(**_LIGHT)}
  @media (prefers-color-scheme: dark) {{{_COLOURS.format(**_DARK)}  }}
"""


def to_svg(clusters: list[Cluster]) -> str:
    """The picture: one frame a flow, below each other."""
    layouts = [lay_out(cluster) for cluster in clusters]
    inner = max([layout.width for layout in layouts] + [160.0])
    width = inner + 2 * (_MARGIN + _PADDING)
    body: list[str] = []
    y = float(_MARGIN)
    for cluster, layout in zip(clusters, layouts, strict=True):
        frame_height = layout.height + _HEADER + 2 * _PADDING
        frame = f'x="{_MARGIN}" y="{y:g}" width="{inner + 2 * _PADDING:g}" height="{frame_height:g}"'
        body.append(f'<rect class="flow" {frame} rx="10"/>')
        body.append(
            f'<text class="flow-name" x="{_MARGIN + 14}" y="{y + 21:g}">flow {escape(cluster.title)}</text>'
        )
        body.append(f'<g transform="translate({_MARGIN + _PADDING:g} {y + _HEADER + _PADDING:g})">')
        body += _arrows(layout)
        body += [part for box in cluster.boxes for part in _box(box, layout.places[box.id])]
        body += _labels(layout)
        body.append("</g>")
        y += frame_height + _MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{y:g}" '
            f'viewBox="0 0 {width:g} {y:g}" role="img">',
            f"<title>{escape(', '.join(cluster.name for cluster in clusters))}</title>",
            f"<style>{_STYLE}</style>",
            '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
            'orient="auto"><path class="head" d="M0 0 8 4 0 8z"/></marker></defs>',
            '<rect class="page" width="100%" height="100%"/>',
            *body,
            "</svg>",
            "",
        ]
    )


def _box(box: Box, place: Placed) -> list[str]:
    kind = box.kind.value
    parts = []
    if box.copies > 1:
        parts.append(_rectangle("copy " + kind, place, offset=5))
    parts.append(_rectangle("box " + kind, place))
    bar = f'x="{place.x:g}" y="{place.y + 8:g}" width="4" height="{place.height - 16:g}"'
    parts.append(f'<rect class="bar {kind}" {bar} rx="2"/>')
    copies = f' <tspan class="detail">\N{MULTIPLICATION SIGN}{box.copies}</tspan>' if box.copies > 1 else ""
    detail = box.detail if len(box.detail) <= 40 else box.detail[:39] + "…"
    x = place.x + 14
    parts.append(f'<text class="name" x="{x:g}" y="{place.y + 20:g}">{escape(box.name)}{copies}</text>')
    parts.append(f'<text class="detail" x="{x:g}" y="{place.y + 36:g}">{escape(detail)}</text>')
    title = f"{kind} {box.name}: {box.detail}"
    return ["<g>", f"<title>{escape(title)}</title>", *parts, "</g>"]


def _rectangle(classes: str, place: Placed, offset: float = 0) -> str:
    return (
        f'<rect class="{classes}" x="{place.x + offset:g}" y="{place.y + offset:g}" width="{place.width:g}" '
        f'height="{place.height:g}" rx="7"/>'
    )


def _arrows(layout: Layout) -> list[str]:
    parts = []
    for _, route in layout.routes:
        places = [layout.places[name] for name in route]
        path = f"M{places[0].x + places[0].width:g} {places[0].middle:g}"
        for before, behind in pairwise(places):
            start, end = before.right, behind.left
            middle = (start + end) / 2
            path += f" H{start:g} C{middle:g} {before.middle:g} {middle:g} {behind.middle:g} {end:g} {behind.middle:g}"
        path += f" H{places[-1].x:g}"
        parts.append(f'<path class="arrow" marker-end="url(#head)" d="{path}"/>')
    return parts


def _labels(layout: Layout) -> list[str]:
    """Port names at the middle of an arrow's first stretch, where arrows of one box have already parted."""
    parts = []
    for arrow, route in layout.routes:
        if arrow.label:
            before, behind = layout.places[route[0]], layout.places[route[1]]
            x = (before.right + behind.left) / 2
            y = (before.middle + behind.middle) / 2 + 4
            parts.append(f'<text class="port" x="{x:g}" y="{y:g}">{escape(arrow.label)}</text>')
    return parts
