"""Kills, and turns of others, at any bytecode: what pre-emption makes possible, at a place that the test chooses."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from gevent import GreenletExit

from actors.preemption import Preemption

__all__ = ["Interruption", "interrupted_at", "killed_at"]

_OURS = ("pipelines.", "ramps.", "builtins")


class Interruption:
    """One, at the first moment, after so many bytecodes of ours, at which somebody may be pre-empted."""

    def __init__(self, number: int, act: Callable[[], None]) -> None:
        self._act = act
        self.happened = False
        self.where = ""
        self._left = number
        # What decides in earnest.
        self._interruptible = Preemption()._interruptible

    def trace(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        if not str(frame.f_globals.get("__name__", "builtins")).startswith(_OURS):
            return None
        frame.f_trace_opcodes = True
        return self._step

    def _step(self, frame: FrameType, event: str, _arg: Any) -> Any:
        if event == "opcode":
            if self._left <= 0 and self._interruptible(frame):
                self.happened = True
                self.where = f"{frame.f_code.co_qualname}:{frame.f_lineno}"
                sys.settrace(None)
                frame.f_trace = None
                self._act()
                return None
            self._left -= 1
        return self._step


@contextmanager
def interrupted_at(number: int, act: Callable[[], None]) -> Iterator[Interruption]:
    """Let ``act`` run after so many bytecodes within, if there are as many."""
    interruption = Interruption(number, act)
    before = sys.gettrace()
    sys.settrace(interruption.trace)
    try:
        yield interruption
    finally:
        sys.settrace(before)


@contextmanager
def killed_at(number: int) -> Iterator[Interruption]:
    """Kill whoever is at work after so many bytecodes within, if there are as many."""
    with interrupted_at(number, _kill) as interruption:
        yield interruption


def _kill() -> None:
    raise GreenletExit
