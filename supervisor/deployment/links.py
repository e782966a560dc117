"""Reads the links of a flow: ``"access -> parse -> out"``, ``"parse/err -> errors"``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

__all__ = ["BadLink", "Edge", "Endpoint", "parse_chain"]

_ENDPOINT = re.compile(r"([A-Za-z0-9_-]+)(?:/([A-Za-z0-9_-]+))?")
_REMEDY = 'write links as "in -> parse -> out" or "parse/err -> errors"'


class BadLink(ValueError):
    """A link's text cannot be read; ``within`` is the first character and length of what is wrong in it."""

    def __init__(self, message: str, within: tuple[int, int], hint: str = _REMEDY) -> None:
        super().__init__(message)
        self.within = within
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One side of an arrow; ``start`` and ``length`` are where it stands in the link's text."""

    name: str
    port: str
    start: int
    length: int

    @property
    def within(self) -> tuple[int, int]:
        """Its place in the text, for `Document.problem`."""
        return self.start, self.length


@dataclass(frozen=True, slots=True)
class Edge:
    """One arrow: from an output port to an input port."""

    source: Endpoint
    target: Endpoint


def parse_chain(text: str) -> list[Edge]:
    """The arrows of one link. Ports left out are ``out`` before an arrow and ``in`` behind it. Raises `BadLink`."""
    points: list[tuple[str, str | None, int, int]] = []
    start = 0
    for part in text.split("->"):
        stripped = part.strip()
        offset = start + len(part) - len(part.lstrip()) if stripped else start
        match = _ENDPOINT.fullmatch(stripped)
        if match is None:
            what = (
                f"`{stripped[:60]}` is not a component's name"
                if stripped
                else "a name is missing beside an arrow"
            )
            raise BadLink(what, (offset, max(len(stripped), 1)))
        points.append((match[1], match[2], offset, len(stripped)))
        start += len(part) + len("->")
    if len(points) < 2:
        raise BadLink(f"`{points[0][0]}` is linked to nothing", (points[0][2], points[0][3]))
    for name, port, offset, length in points[1:-1]:
        if port is not None:
            hint = (
                f'leave "/{port}" out: it is the usual one'
                if port in ("in", "out")
                else f'write two links, such as "… -> {name}" and "{name}/{port} -> …"'
            )
            raise BadLink(
                f"`{name}/{port}` stands between two arrows: is it an input or an output?",
                (offset, length),
                hint,
            )
    return [
        Edge(Endpoint(a[0], a[1] or "out", a[2], a[3]), Endpoint(b[0], b[1] or "in", b[2], b[3]))
        for a, b in pairwise(points)
    ]
