"""The graph: throughput over the number of pipelines, as SVG that needs nothing else."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from benchmarks.throughput.rounds import Results
from benchmarks.throughput.variants import Variant

__all__ = ["Line", "draw", "lines_of"]

_WIDTH, _HEIGHT = 900, 520
_LEFT, _TOP, _RIGHT, _BOTTOM = 70, 60, 250, 60

# Readable on white and on black, and apart for people who cannot tell red from green (Okabe and Ito's palette).
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")

# No variables: not every program that shows SVG knows them.
_STYLE = """
svg { font-family: sans-serif; }
text { fill: #222222; font-size: 13px; }
.title { font-size: 17px; font-weight: bold; }
.paper { fill: #ffffff; }
.grid { stroke: #dddddd; }
.axis { stroke: #222222; }
.line { fill: none; stroke-width: 2.5; }
@media (prefers-color-scheme: dark) {
  text { fill: #dddddd; } .paper { fill: #16181c; } .grid { stroke: #444444; } .axis { stroke: #dddddd; }
}
"""


class Line(NamedTuple):
    """Points of number of pipelines and MiB/s. Lines of one ``hue`` have one colour; some are ``dashed``."""

    name: str
    points: list[tuple[int, float]]
    hue: int = 0
    dashed: bool = False


def lines_of(results: Results) -> list[Line]:
    """A line for each scheduler, number of executors and engine, of the medians."""
    points: dict[Variant, list[tuple[int, float]]] = {}
    for variant in results.asked:
        runs = results.of(variant)
        if variant.is_limit or variant.load is not None or variant.flow != "changing" or not runs:
            continue
        line = Variant(variant.kind, 0, variant.executors, variant.engine)
        points.setdefault(line, []).append((variant.shape, statistics.median(run.mib_per_s for run in runs)))
    names = {
        "greenlets": "greenlets",
        "threads": "threads, per event",
        "threads-batch": "threads, 64 a batch",
    }
    # A scheduler keeps its colour whatever the engine.
    hues = list(dict.fromkeys((line.kind, line.executors) for line in points))
    return [
        Line(
            f"{names[line.kind]}, {line.engine}"
            + (f", {line.executors} executors" if line.executors > 1 else ""),
            sorted(places),
            hues.index((line.kind, line.executors)),
            dashed=line.engine == "orjson",
        )
        for line, places in points.items()
    ]


def draw(lines: Sequence[Line]) -> str:
    """The SVG document. Raises ``ValueError`` without any point."""
    shapes = sorted({shape for line in lines for shape, _rate in line.points})
    if not shapes:
        raise ValueError("there is nothing to draw")
    most = max(rate for line in lines for _shape, rate in line.points)
    step = _step(most)
    top = step * math.ceil(most / step)
    span = math.log2(shapes[-1] / shapes[0]) or 1.0

    def x(shape: int) -> float:
        return _LEFT + math.log2(shape / shapes[0]) / span * (_WIDTH - _LEFT - _RIGHT)

    def y(rate: float) -> float:
        return _HEIGHT - _BOTTOM - rate / top * (_HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        "<title>Throughput over the number of pipelines</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="paper" width="{_WIDTH}" height="{_HEIGHT}"/>',
        f'<text class="title" x="{_LEFT}" y="30">Throughput over the number of pipelines (N:N:1)</text>',
    ]
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    for number in range(round(top / step) + 1):
        height = y(number * step)
        parts += [
            f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{height:.1f}" y2="{height:.1f}"/>',
            f'<text x="{_LEFT - 8}" y="{height + 4:.1f}" text-anchor="end">{number * step:g}</text>',
        ]
    for shape in shapes:
        parts += [
            f'<line class="axis" x1="{x(shape):.1f}" x2="{x(shape):.1f}" y1="{bottom}" y2="{bottom + 5}"/>',
            f'<text x="{x(shape):.1f}" y="{bottom + 20}" text-anchor="middle">{shape}</text>',
        ]
    middle = (_TOP + bottom) / 2
    parts += [
        f'<line class="axis" x1="{_LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>',
        f'<text x="{(_LEFT + right) / 2}" y="{_HEIGHT - 15}" text-anchor="middle">pipelines</text>',
        f'<text x="20" y="{middle}" text-anchor="middle" transform="rotate(-90 20 {middle})">MiB/s</text>',
    ]
    for place, line in enumerate(lines):
        parts += _line(place, line, [(x(shape), y(rate)) for shape, rate in line.points], right)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _line(place: int, line: Line, points: Sequence[tuple[float, float]], right: int) -> list[str]:
    """One line with its dots and its place in the legend."""
    colour = _COLOURS[line.hue % len(_COLOURS)]
    dash = ' stroke-dasharray="7 4"' if line.dashed else ""
    path = " ".join(f"{across:.1f},{up:.1f}" for across, up in points)
    height = _TOP + 10 + 22 * place
    return [
        f'<polyline class="line" stroke="{colour}"{dash} points="{path}"/>',
        *(f'<circle cx="{across:.1f}" cy="{up:.1f}" r="4" fill="{colour}"/>' for across, up in points),
        f'<line class="line" stroke="{colour}"{dash} x1="{right + 20}" x2="{right + 45}" y1="{height}" y2="{height}"/>',
        f'<text x="{right + 52}" y="{height + 4}">{escape(line.name)}</text>',
    ]


def _step(most: float) -> float:
    """A round number that goes four to eight times into the axis."""
    rough = max(most, 1e-9) / 6
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
