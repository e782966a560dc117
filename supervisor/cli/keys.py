"""`Keys`: single keys from the terminal, while something else is on its screen."""

from __future__ import annotations

import os
import select
import sys
import termios
import time
import tty
from types import TracebackType
from typing import Any, Self

__all__ = ["Keys"]


class Keys:
    """While it is open, keys are not shown and come at once; Ctrl-C stays what it is. Afterwards the terminal is as it
    was. Where the standard input is no terminal, no keys come.
    """

    def __init__(self) -> None:
        self._descriptor = sys.stdin.fileno() if sys.stdin.isatty() else -1
        self._before: list[Any] = []

    def __enter__(self) -> Self:
        if self._descriptor >= 0:
            self._before = termios.tcgetattr(self._descriptor)
            tty.setcbreak(self._descriptor)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before:
            termios.tcsetattr(self._descriptor, termios.TCSAFLUSH, self._before)

    def wait_for(self, keys: str, seconds: float) -> bool:
        """Whether one of these keys was pressed within so many seconds. Blocks, the whole process."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if self._descriptor < 0:
                time.sleep(left)
                break
            if not select.select([self._descriptor], [], [], left)[0]:
                break
            pressed = os.read(self._descriptor, 64)
            if not pressed:
                # The terminal is gone, and with it whoever looked.
                return True
            if any(key in pressed.decode(errors="replace") for key in keys):
                return True
        return False
