"""`Scenario`: what happens in a run, as it follows from its seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.chaos.fail_points import POINTS, WAL_POINTS
from tests.chaos.http_ledger import MISDEEDS
from tests.chaos.sinks import SINKS
from tests.chaos.sources import SOURCES

__all__ = ["Fault", "Scenario", "scenario"]

_NETWORK = ("http", "tcp", "wal-http")
_WALS = ("wal-http",)
_LATEST_PASSAGE = 12


@dataclass(frozen=True)
class Fault:
    """``kind`` says what, ``after`` how many events are in the ledger when it comes, ``detail`` how."""

    kind: str
    after: int
    detail: Any = None


@dataclass(frozen=True)
class Scenario:
    """Everything about a run but the moment at which the machine happens to do what."""

    seed: int
    source: str
    sink: str
    executors: int
    has_branch: bool
    """Whether each event goes to a second offramp, too."""
    events: int
    points: tuple[str, ...]
    """The fail points of the first incarnations; those after them have none."""
    faults: tuple[Fault, ...]

    @property
    def title(self) -> str:
        """For people: what is chained to what, and what goes wrong."""
        faults = ", ".join(
            [*(f"[{points}]" for points in self.points if points), *(fault.kind for fault in self.faults)]
        )
        return f"seed {self.seed}: {self.source} -> {self.sink}, {self.executors} executors: {faults}"


def scenario(
    seed: int,
    sources: Sequence[str] = tuple(SOURCES),
    sinks: Sequence[str] = tuple(SINKS),
    *,
    is_short: bool = False,
) -> Scenario:
    """The same for the same arguments. A short one is of one process, and has fewer events and faults."""
    chance = random.Random(seed)
    source, sink = chance.choice(sources), chance.choice(sinks)
    # Copies of a wal would have one file.
    executors = 1 if is_short or sink in _WALS else chance.choice((1, 1, 1, 2))
    events = chance.randint(80, 150) if is_short else chance.randint(150, 500)
    kinds = _kinds(source, sink, executors)
    count = 1 if is_short else chance.randint(1, 4)
    moments = sorted(chance.randint(0, events * 3 // 4) for _ in range(count))
    faults = tuple(_fault(chance, chance.choice(kinds), moment) for moment in moments)
    known = (*POINTS, *WAL_POINTS) if sink in _WALS else POINTS
    points = tuple(_points(chance, known) for _ in range(chance.randint(0, 1 if is_short else 2)))
    return Scenario(seed, source, sink, executors, chance.random() < 0.3, events, points, faults)


def _kinds(source: str, sink: str, executors: int) -> list[str]:
    kinds = ["kill-engine", "kill-engine", "pause"]
    if executors > 1:
        kinds += ["kill-executor", "kill-executor"]
    if sink in _NETWORK:
        kinds += ["misdeed", "misdeed", "sink-cut", "sink-half-close", "sink-delay"]
    if source == "file":
        kinds.append("rotation")
    if source in ("file", "sqlite"):
        kinds += ["torn-memory", "torn-memory"]
    if sink in ("ledger", "file", "sqlite"):
        kinds += ["full-disk", "full-disk"]
    if sink in ("ledger", "file"):
        kinds.append("torn-sink")
    if sink in _WALS:
        kinds += ["full-disk", "torn-wal", "torn-wal"]
    if source in _NETWORK:
        kinds += ["source-cut", "source-half-close", "source-delay"]
    return kinds


def _fault(chance: random.Random, kind: str, after: int) -> Fault:
    detail: Any = None
    if kind == "misdeed":
        detail = (chance.choice(MISDEEDS), chance.randint(1, 3))
    elif kind == "torn-memory":
        detail = chance.choice(("cut", "flip", "empty"))
    elif kind == "full-disk":
        detail = chance.randint(1, 2000)
    elif kind.endswith("delay"):
        detail = chance.uniform(0.005, 0.05)
    return Fault(kind, after, detail)


def _points(chance: random.Random, known: Sequence[str]) -> str:
    """What one incarnation does to itself."""
    items = []
    for point in chance.sample(known, chance.randint(1, 2)):
        actions = ["kill", "crash", "slay", "stop"]
        if point == "restart-backoff":
            # It takes a crash to come there.
            items.append(f"before-process:{chance.randint(1, _LATEST_PASSAGE)}:crash")
            actions = ["kill", "stop"]
        elif point == "checkpoint":
            actions = ["kill", "full", "stop"]
        elif point in WAL_POINTS:
            actions = ["kill", "slay", "stop"]
        elif point == "after-read":
            actions = ["kill", "crash", "stop"]
        passage = 1 if point == "restart-backoff" else chance.randint(1, _LATEST_PASSAGE)
        items.append(f"{point}:{passage}:{chance.choice(actions)}")
    return ",".join(dict.fromkeys(items))
