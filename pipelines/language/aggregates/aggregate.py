"""`Aggregate`: what sums up the events of a window. `AggregateKind`: one of them as the language knows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from pipelines.language.limits import Limits

__all__ = ["AGGREGATES", "Aggregate", "AggregateKind", "register"]


class Aggregate(Protocol):
    """The state of one aggregate call in one window of one group. Plain data: it can be pickled."""

    def add(self, *arguments: Any) -> None:
        """Take in one event. The arguments are values of the language. Raises `Fault` for one that does not fit."""

    def merge(self, narrower: Any) -> None:
        """Take in all that a narrower window of the same kind has seen (tilt frames). ``narrower`` stays as it is.

        Raises `Fault` if that is more than it may hold; nothing is taken in then.
        """

    def value(self) -> Any:
        """The result so far. A new value each time, or one that nobody changes."""


@dataclass(frozen=True, slots=True)
class AggregateKind:
    """``aggr::module::name``. ``make(limits)`` is a fresh state; calls take from ``least`` to ``most`` arguments."""

    module: str
    name: str
    least: int
    most: int
    make: Callable[[Limits], Aggregate]
    summary: str
    example: tuple[str, str]
    """A query's target, and its value over the events 1 to 4 (``event`` is the number)."""
    check: Callable[..., object] | None = None
    """Raises what ``add`` raises for the same arguments; ``None`` if that may depend on the state as well."""


AGGREGATES: dict[tuple[str, str], AggregateKind] = {}
"""By module and name: ``("stats", "count")``. Importing `pipelines.language.aggregates` fills it."""


def register(kind: AggregateKind) -> None:
    """Put it into the table."""
    AGGREGATES[kind.module, kind.name] = kind
