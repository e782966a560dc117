"""Contraflow: what offramps tell the pipelines and onramps behind them, against the stream of events.

An offramp answers a batch that carries a `Route` with an `Insight` to the route's owner. Connection loss is told to
everybody upstream with an `Insight` that has no route.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

__all__ = ["Insight", "InsightKind", "Route"]


class InsightKind(Enum):
    """What happened downstream."""

    ACK = "ack"
    """The batch was written."""
    FAIL = "fail"
    """The batch was not written and will not be tried again."""
    CLOSE = "close"
    """The offramp lost its connection; sending more only fills mailboxes."""
    OPEN = "open"
    """The offramp is connected again."""


@dataclass(slots=True)
class Route:
    """The way back for contraflow about one batch.

    ``owner`` is the `ActorRef` of the pipeline that wants to hear; ``marks`` holds what its operators noted on the
    batch (operator's id to anything), so that each knows its own events again; ``parent`` is the route that the batch
    had when it came in.
    """

    owner: Any
    marks: dict[int, Any] = field(default_factory=dict)
    parent: Route | None = None


@dataclass(slots=True, frozen=True)
class Insight:
    """One message against the stream.

    ``elapsed_seconds`` is the time the write took, where one was tried. ``sender`` is the offramp's name.
    """

    kind: InsightKind
    sender: str
    route: Route | None = None
    elapsed_seconds: float | None = None
    events: int = 0
    error: str = ""
