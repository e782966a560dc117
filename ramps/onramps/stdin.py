"""The `stdin` onramp: what is typed, piped or redirected into the process."""

from __future__ import annotations

import errno
import os
import select
import stat
from typing import Any, ClassVar

from gevent import get_hub, monkey
from gevent.event import Event

from ramps.errors import CannotOpen, ConnectionLost, EndOfInput
from ramps.onramp import InboundStream, Intake, Onramp, Progress, onramps
from ramps.time_slice import TimeSlice

__all__ = ["StdinOnramp"]

_CHUNK_BYTES = 65536

# The system's own: in a patched process `select.poll` is gevent's, which finds nothing unless it may wait.
_poll = monkey.get_original("select", "poll")


@onramps.register
class StdinOnramp(Onramp):
    """Standard input, from a terminal, a pipe or a file, until its end.

    The descriptor stays in blocking mode: its flags belong to the open file, which the shell and the other
    end of a terminal share, and a non-blocking one would break them after we are gone. We ask whether there
    is something before we read instead. It is not closed either: it is not ours.

    Reopened, it reads on, in the middle of a line if need be. Half a line at the stop of the deployment leaves by
    ``err``.
    """

    name: ClassVar[str] = "stdin"
    summary: ClassVar[str] = "Reads standard input until its end."
    example: ClassVar[str] = """
        [onramps.in]
        type = "stdin"
        codec = "string"
        """
    default_codec: ClassVar[str] = "string"
    default_preprocessors: ClassVar[tuple[str, ...]] = ("lines",)

    file_descriptor: int = 0
    """What it reads. Tests put a pipe or a terminal of their own here before `open`."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._wake = Event()
        self._open = False
        self._ending = False
        self._always_ready = False
        self._time_slice = TimeSlice()
        self._stream: InboundStream | None = None

    def open(self) -> None:
        """Look what standard input is. Raises `CannotOpen` if the process has none."""
        self.close()
        try:
            mode = os.fstat(self.file_descriptor).st_mode
        except OSError:
            raise CannotOpen(
                "onramp stdin has no standard input to read: it is closed; redirect a file or a pipe into us"
            ) from None
        if stat.S_ISDIR(mode):
            raise CannotOpen(
                "onramp stdin cannot read a directory; redirect a file or a pipe into the process"
            )
        # epoll refuses regular files, and reading them does not block for long.
        self._always_ready = stat.S_ISREG(mode)
        self._open = True

    def read(self, intake: Intake) -> None:
        """Wait for something, and move it. Raises `EndOfInput` at the end."""
        if not self._open:
            raise ConnectionLost("the stdin onramp is not open")
        stream = self._stream
        if stream is None:
            stream = self._stream = intake.stream("stdin")
        if self._ending:
            self._stream = None
            stream.abort("the deployment was stopped")
            raise EndOfInput("nothing more is read from standard input")
        if self._wait_for_data():
            data = self._read_some()
            if not data:
                self._stream = None
                stream.end()
                raise EndOfInput("standard input is at its end")
            stream.feed(data)
            self._time_slice.give_way()

    def _read_some(self) -> bytes:
        try:
            return os.read(self.file_descriptor, _CHUNK_BYTES)
        except OSError as error:
            # What Linux answers when the terminal is gone: no more will come, ever.
            if error.errno == errno.EIO:
                return b""
            raise

    def _wait_for_data(self) -> bool:
        """Block until a read would not. False once it is closed or to end."""
        if self._always_ready:
            return self._open
        poll = _poll()
        poll.register(self.file_descriptor, select.POLLIN)
        # Before the look: whoever is pre-empted behind it must not forget that it was closed.
        self._wake.clear()
        while self._open and not self._ending:
            # Asked again after each wake-up: another process on the same terminal may have been faster.
            if poll.poll(0):
                return True
            watcher = get_hub().loop.io(self.file_descriptor, 1)
            try:
                watcher.start(self._wake.set)
                self._wake.wait()
                self._wake.clear()
            finally:
                watcher.stop()
                watcher.close()
        return False

    def progress(self) -> Progress | None:
        """Of a file that standard input is redirected from."""
        if not self._always_ready:
            return None
        try:
            size = os.fstat(self.file_descriptor).st_size
            return Progress(os.lseek(self.file_descriptor, 0, os.SEEK_CUR), size)
        except OSError:
            return None

    def end_input(self) -> bool:
        """Make a blocked `read` end: what was read is delivered, and half a line reported."""
        self._ending = True
        self._wake.set()
        return True

    def close(self) -> None:
        """Make a blocked `read` end. Standard input itself stays open."""
        self._open = False
        self._wake.set()
