"""``first`` and ``last``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipelines.language.aggregates.aggregate import AggregateKind, register

__all__ = ["own"]


def own(value: Any) -> Any:
    """``value``, or a copy of its outermost container: only that one is ever changed in place by its owner."""
    if value.__class__ is dict or value.__class__ is list:
        return value.copy()
    return value


@dataclass(slots=True)
class First:
    """The first value, which may be null."""

    seen: bool = False
    kept: Any = None

    def add(self, value: Any) -> None:
        """Keep it if it is the first."""
        if not self.seen:
            self.seen = True
            self.kept = own(value)

    def merge(self, narrower: First) -> None:
        """Take its value if there is none here."""
        if narrower.seen:
            self.add(narrower.kept)

    def value(self) -> Any:
        """Null of none."""
        return own(self.kept)


@dataclass(slots=True)
class Last:
    """The last value, which may be null."""

    seen: bool = False
    kept: Any = None

    def add(self, value: Any) -> None:
        """Keep it."""
        self.seen = True
        self.kept = own(value)

    def merge(self, narrower: Last) -> None:
        """Take its value if it has one: what it has seen is later."""
        if narrower.seen:
            self.add(narrower.kept)

    def value(self) -> Any:
        """Null of none."""
        return own(self.kept)


register(
    AggregateKind(
        "win",
        "first",
        1,
        1,
        lambda limits: First(),
        "The first value; null of none.",
        ("aggr::win::first(event)", "1"),
    )
)
register(
    AggregateKind(
        "win",
        "last",
        1,
        1,
        lambda limits: Last(),
        "The last value; null of none.",
        ("aggr::win::last(event)", "4"),
    )
)
