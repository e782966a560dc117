"""A command on a terminal: a pseudo-terminal, and what somebody in front of it would see."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyte

COMMAND = Path(sys.executable).with_name("supervisor")
DEADLINE_SECONDS = 30.0


class Terminal:
    """``on``: which of the command's standard streams are the terminal; others go to ``/dev/null``."""

    def __init__(
        self,
        *arguments: str,
        directory: Path,
        columns: int = 80,
        lines: int = 24,
        on: tuple[int, ...] = (0, 1, 2),
        stdin: Any = subprocess.DEVNULL,
        **environment: str,
    ) -> None:
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self._descriptor, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.before = termios.tcgetattr(inner)
        # Held open, so that it can be looked at when the command has ended.
        self._inner = inner
        # Where somebody has set these, they hide how large the terminal is.
        inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            # Its controlling terminal, so that Ctrl-C is a signal.
            [*(("setsid", "-c") if 0 in on else ()), str(COMMAND), *arguments],
            cwd=directory,
            stdin=inner if 0 in on else stdin,
            stdout=inner if 1 in on else subprocess.DEVNULL,
            stderr=inner if 2 in on else subprocess.DEVNULL,
            env={**inherited, "TERM": "xterm", "NO_COLOR": "1", **environment},
        )

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Until it holds for what is seen. Raises ``AssertionError`` with the screen."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"in vain; on the screen:\n{self.text}"
            self.read(0.1)

    def read(self, seconds: float) -> None:
        """Take in what comes in so many seconds."""
        if select.select([self._descriptor], [], [], seconds)[0]:
            data = os.read(self._descriptor, 65536)
            self.raw += data
            self._stream.feed(data)

    def type(self, keys: bytes) -> None:
        os.write(self._descriptor, keys)

    def wait(self) -> int:
        """The exit code. What it still says is taken in meanwhile."""
        self.wait_for(lambda: self.process.poll() is not None)
        while select.select([self._descriptor], [], [], 0.05)[0]:
            self.read(0.0)
        return self.process.returncode

    @property
    def is_as_before(self) -> bool:
        """Whether the terminal behaves as it did: its modes, its cursor, and which screen is shown."""
        return (
            termios.tcgetattr(self._inner) == self.before
            and not self.screen.cursor.hidden
            and self.raw.count(b"\x1b[?1049h") == self.raw.count(b"\x1b[?1049l")
        )

    def close(self) -> None:
        self.process.kill()
        self.process.wait(DEADLINE_SECONDS)
        os.close(self._descriptor)
        os.close(self._inner)
