"""``collect_flattened`` and ``collect_nested``: all values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipelines.language.aggregates.aggregate import AggregateKind, register
from pipelines.language.aggregates.ends import own
from pipelines.language.faults import Fault


@dataclass(slots=True)
class Flattened:
    """All values, in order. ``most``: how many may be held."""

    most: int
    values: list[Any] = field(default_factory=list)

    def add(self, value: Any) -> None:
        """Raises `Fault` if there are too many."""
        if len(self.values) >= self.most:
            raise _too_many("collect_flattened", self.most)
        self.values.append(own(value))

    def merge(self, narrower: Flattened) -> None:
        """Append all of its values. Raises `Fault` if there are too many."""
        if len(self.values) + len(narrower.values) > self.most:
            raise _too_many("collect_flattened", self.most)
        self.values += narrower.values

    def value(self) -> list[Any]:
        """A list of its own."""
        return self.values.copy()


@dataclass(slots=True)
class Nested:
    """All values, in order, and those of narrower windows as lists. ``held``: how many there are in all levels."""

    most: int
    values: list[Any] = field(default_factory=list)
    held: int = 0

    def add(self, value: Any) -> None:
        """Raises `Fault` if there are too many."""
        if self.held >= self.most:
            raise _too_many("collect_nested", self.most)
        self.values.append(own(value))
        self.held += 1

    def merge(self, narrower: Nested) -> None:
        """Append the list of its values. Raises `Fault` if there are too many."""
        held = self.held + narrower.held + 1
        if held > self.most:
            raise _too_many("collect_nested", self.most)
        self.values.append(narrower.value())
        self.held = held

    def value(self) -> list[Any]:
        """A list of its own."""
        return self.values.copy()


def _too_many(name: str, most: int) -> Fault:
    return Fault(
        f"aggr::win::{name}: a window holds more than {most} values",
        "make the window smaller, or let the deployment allow longer arrays",
        "too-large",
    )


register(
    AggregateKind(
        "win",
        "collect_flattened",
        1,
        1,
        lambda limits: Flattened(limits.array),
        "All values; with tilt frames those of the narrower windows one by one.",
        ("aggr::win::collect_flattened(event)", "[1, 2, 3, 4]"),
    )
)
register(
    AggregateKind(
        "win",
        "collect_nested",
        1,
        1,
        lambda limits: Nested(limits.array),
        "All values; with tilt frames a list for each narrower window.",
        ("aggr::win::collect_nested(event)", "[1, 2, 3, 4]"),
    )
)
