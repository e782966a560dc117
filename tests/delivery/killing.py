"""Kills at any bytecode: what pre-emption makes possible, at a place that the test chooses."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from gevent import GreenletExit

from actors.preemption import Preemption

__all__ = ["Kill", "killed_at"]

_OURS = ("pipelines.", "ramps.", "builtins")


class Kill:
    """One kill, at the first moment, after so many bytecodes of ours, at which somebody may be pre-empted."""

    def __init__(self, number: int) -> None:
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
                raise GreenletExit
            self._left -= 1
        return self._step


@contextmanager
def killed_at(number: int) -> Iterator[Kill]:
    """Kill whoever is at work after so many bytecodes within, if there are as many; what is within goes on after it."""
    kill = Kill(number)
    before = sys.gettrace()
    sys.settrace(kill.trace)
    try:
        yield kill
    finally:
        sys.settrace(before)
