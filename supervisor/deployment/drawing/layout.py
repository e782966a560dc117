"""Places the boxes of one flow in columns, after Sugiyama: layer by longest path, order by barycentre, then place.

K. Sugiyama, S. Tagawa, M. Toda, *Methods for visual understanding of hierarchical system structures* (1981). Links
over several columns are led through places of their own, so that no arrow crosses a box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from supervisor.deployment.drawing.diagram import Arrow, Cluster

__all__ = ["BOX_HEIGHT", "Layout", "Placed", "lay_out"]

BOX_HEIGHT = 46
_NAME_CHARACTER_WIDTH = 8.6
_DETAIL_CHARACTER_WIDTH = 6.6
_COLUMN_GAP = 90
_ROW_GAP = 26
_PASS_HEIGHT = 18
_SWEEPS = 8


@dataclass(slots=True)
class Placed:
    """A box, or a point that a long arrow passes: left edge, top, width and height in pixels.

    ``left`` and ``right`` are the edges of its column: between them arrows go straight, so that none crosses a box.
    """

    column: int
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    left: float = 0.0
    right: float = 0.0

    @property
    def middle(self) -> float:
        """The y of its centre line."""
        return self.y + self.height / 2


@dataclass(slots=True)
class Layout:
    """Where everything of a flow is; ``routes`` holds, for each arrow, the ids that it passes from end to end."""

    width: float
    height: float
    places: dict[str, Placed]
    routes: list[tuple[Arrow, list[str]]] = field(default_factory=list)


def lay_out(cluster: Cluster) -> Layout:
    """Places for all boxes and ways for all arrows of an acyclic flow, from the origin."""
    columns_of = _columns(cluster)
    widths = {
        box.id: 30
        + max(
            80.0,
            _NAME_CHARACTER_WIDTH * len(box.name) + (_DETAIL_CHARACTER_WIDTH * 6 if box.copies > 1 else 0),
            _DETAIL_CHARACTER_WIDTH * len(box.detail[:40]),
        )
        for box in cluster.boxes
    }
    places = {box.id: Placed(columns_of[box.id], widths[box.id], BOX_HEIGHT) for box in cluster.boxes}
    routes = _routes(cluster, places)
    columns: list[list[str]] = [[] for _ in range(max(columns_of.values(), default=0) + 1)]
    for name, place in places.items():
        columns[place.column].append(name)
    _order(columns, routes)
    longest = max((len(arrow.label) for arrow, _ in routes), default=0)
    width, height = _place(columns, places, max(_COLUMN_GAP, _DETAIL_CHARACTER_WIDTH * longest + 40))
    return Layout(width, height, places, routes)


def _columns(cluster: Cluster) -> dict[str, int]:
    """Each box one column behind the last of those that send to it. Boxes come upstream first, so one pass does."""
    columns = {box.id: 0 for box in cluster.boxes}
    outgoing: dict[str, list[str]] = {}
    for arrow in cluster.arrows:
        outgoing.setdefault(arrow.source, []).append(arrow.target)
    for box in cluster.boxes:
        for target in outgoing.get(box.id, ()):
            columns[target] = max(columns[target], columns[box.id] + 1)
    return columns


def _routes(cluster: Cluster, places: dict[str, Placed]) -> list[tuple[Arrow, list[str]]]:
    routes = []
    for number, arrow in enumerate(_together(cluster.arrows)):
        first, last = places[arrow.source].column, places[arrow.target].column
        passes = [f"{arrow.source}>{arrow.target}:{number}:{column}" for column in range(first + 1, last)]
        for column, name in enumerate(passes, first + 1):
            places[name] = Placed(column, 0.0, _PASS_HEIGHT)
        routes.append((arrow, [arrow.source, *passes, arrow.target]))
    return routes


def _together(arrows: Sequence[Arrow]) -> list[Arrow]:
    """One arrow for all links between the same two boxes, because they would lie upon each other."""
    labels: dict[tuple[str, str], list[str]] = {}
    for arrow in arrows:
        labels.setdefault((arrow.source, arrow.target), []).append(arrow.label)
    return [
        Arrow(*ends, ", ".join(label or "out" for label in found) if len(found) > 1 else found[0])
        for ends, found in labels.items()
    ]


def _order(columns: list[list[str]], routes: list[tuple[Arrow, list[str]]]) -> None:
    before: dict[str, list[str]] = {}
    behind: dict[str, list[str]] = {}
    for _, route in routes:
        for source, target in pairwise(route):
            before.setdefault(target, []).append(source)
            behind.setdefault(source, []).append(target)
    for sweep in range(_SWEEPS):
        if sweep % 2 == 0:
            for index in range(1, len(columns)):
                _sort_by_barycentre(columns[index], columns[index - 1], before)
        else:
            for index in range(len(columns) - 2, -1, -1):
                _sort_by_barycentre(columns[index], columns[index + 1], behind)


def _sort_by_barycentre(column: list[str], fixed: list[str], neighbours: dict[str, list[str]]) -> None:
    rows = {name: row for row, name in enumerate(fixed)}
    centres: dict[str, float] = {}
    for row, name in enumerate(column):
        near = [rows[other] for other in neighbours.get(name, ()) if other in rows]
        centres[name] = sum(near) / len(near) if near else row
    column.sort(key=centres.__getitem__)


def _place(columns: list[list[str]], places: dict[str, Placed], gap: float) -> tuple[float, float]:
    heights = [
        sum(places[name].height + _ROW_GAP for name in column) - _ROW_GAP for column in columns if column
    ]
    total = max(heights, default=0.0)
    x = 0.0
    for column, height in zip(columns, heights, strict=False):
        width = max(places[name].width for name in column)
        y = (total - height) / 2
        for name in column:
            place = places[name]
            place.left, place.right = x, x + width
            place.x, place.y = x + (width - place.width) / 2, y
            y += place.height + _ROW_GAP
        x += width + gap
    return x - gap, total
