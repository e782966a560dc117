"""Runs several programs in turns of a tenth of a second, so that what else the machine does hits all of them.

On a shared machine the same run takes half as long again ten seconds later, and a ratio of two such runs says as much
about the neighbours as about the programs. Here all are started first, and each is stopped (SIGSTOP) when it is warm.
Then one of them runs at a time, again and again, until each has measured for as long as it was to. What each did is in
its own report; the rate is over the time in which it was not stopped.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.throughput.process import RunFailed, Running

__all__ = ["Entrant", "Rate", "rate_of", "run_in_turns"]

_TURN_SECONDS = 0.1
_LOOK_SECONDS = 0.05
_LEAST_PART = 0.25


@dataclass(frozen=True)
class Rate:
    """That of all copies together, over the time in which they were allowed to run."""

    mib_per_s: float


@dataclass
class Entrant:
    """One that takes part: its processes, which run and stop together, and end by themselves."""

    name: str
    directory: Path
    """Where its files are."""
    start: Callable[[], list[Running]]
    works_on_one_core: bool = True
    """Whether it has a core to itself in its turns; otherwise the system lets it run where it likes."""
    wait_for: str = ""
    """A text of a standard error by which it is seen that it works; without it, that is when it was started."""
    running: list[Running] = field(default_factory=list)
    paused_ns: int = 0
    """When it was stopped, after it had run alone: nanoseconds since 1970, as all times here."""
    turns: list[tuple[int, int]] = field(default_factory=list)
    """From when to when it ran after that."""


def run_in_turns(
    entrants: Sequence[Entrant],
    *,
    alone_seconds: float,
    deadline_seconds: float,
    tick: Callable[[], None] = lambda: None,
) -> None:
    """Run them until all have ended, and note their turns. Each first runs alone for so long from when it works.

    Raises `RunFailed`, which names the one that failed. Whatever happens, no process is left.
    """
    try:
        deadline = time.monotonic() + deadline_seconds
        for entrant in entrants:
            entrant.running = entrant.start()
            _wait_until_it_works(entrant, deadline, tick)
            time.sleep(alone_seconds)
            _refuse_ended(entrant)
            _each(entrant, Running.pause)
            entrant.paused_ns = time.time_ns()
        cores = sorted(os.sched_getaffinity(0))
        left = list(entrants)
        for number in itertools.count():
            # The cores of a machine have different neighbours, and the system would leave each process where it was.
            # Two turns on each, so that everybody comes first and last on all of them.
            core = cores[number // 2 % len(cores)]
            for entrant in left:
                if entrant.works_on_one_core:
                    _each(entrant, partial(Running.pin, core=core))
                _one_turn(entrant)
                tick()
            left = [entrant for entrant in left if not _ended(entrant)]
            if not left:
                return
            # There and back again: nobody always comes after the same neighbour.
            left.reverse()
            if time.monotonic() > deadline:
                raise RunFailed(f"{left[0].name} was not done after {deadline_seconds:.0f} seconds")
    finally:
        for entrant in entrants:
            _each(entrant, Running.end)


def _one_turn(entrant: Entrant) -> None:
    began_ns = time.time_ns()
    _each(entrant, Running.go_on)
    time.sleep(_TURN_SECONDS)
    _each(entrant, Running.pause)
    entrant.turns.append((began_ns, time.time_ns()))


def _wait_until_it_works(entrant: Entrant, deadline: float, tick: Callable[[], None]) -> None:
    while entrant.wait_for and not any(entrant.wait_for in each.errors() for each in entrant.running):
        _refuse_ended(entrant)
        if time.monotonic() > deadline:
            raise RunFailed(f"{entrant.name} did not start in time")
        tick()
        time.sleep(_LOOK_SECONDS)


def _each(entrant: Entrant, act: Callable[[Running], None]) -> None:
    for running in entrant.running:
        act(running)


def _refuse_ended(entrant: Entrant) -> None:
    if _ended(entrant):
        raise RunFailed(f"{entrant.name} ended before its first turn")


def _ended(entrant: Entrant) -> bool:
    try:
        # Each is asked, so that one that failed is found at once.
        ended = [running.has_ended() for running in entrant.running]
    except RunFailed as error:
        raise RunFailed(f"{entrant.name}: {error}") from None
    return all(ended)


def rate_of(entrant: Entrant, figures: Sequence[dict[str, Any]]) -> Rate:
    """From what its copies report: how many bytes, between which times. Raises `RunFailed` where they began to measure
    before the turns, or these were too few.
    """
    bytes_per_s = 0.0
    for each in figures:
        began_ns, ended_ns = each["began_ns"], each["ended_ns"]
        if began_ns < entrant.paused_ns:
            raise RunFailed(f"{entrant.name} took too long to start: it measured before its first turn")
        ran_ns = sum(max(0, min(ended, ended_ns) - max(began, began_ns)) for began, ended in entrant.turns)
        if not each["bytes"] or ran_ns < _LEAST_PART * (ended_ns - began_ns):
            raise RunFailed(
                f"{entrant.name} had hardly any turn in the {(ended_ns - began_ns) / 1e9:.1f} s it measured"
            )
        bytes_per_s += each["bytes"] / (ran_ns / 1e9)
    return Rate(bytes_per_s / 2**20)
