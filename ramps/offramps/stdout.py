"""The `stdout` offramp: writes to standard output without ever stopping the other actors."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable
from typing import Any, ClassVar

from gevent import os as gevent_os
from pydantic import Field

from actors.native_thread import call_in_thread
from pipelines.options import Options
from ramps.errors import ConnectionLost, StopDeployment
from ramps.network.outbound_stream import reason
from ramps.offramp import Offramp, Outgoing, offramps

__all__ = ["StdoutOfframp"]


class StandardStreamOptions(Options):
    """Options of `stdout` and `stderr`."""

    prefix: str = Field(default="", max_length=1024, description="Text in front of each packet.")


@offramps.register
class StdoutOfframp(Offramp):
    """Packets on file descriptor 1, each batch in one go, nothing held back.

    A slow reader must stop only this actor. The descriptor itself must not be made non-blocking: that flag belongs
    to the open file description, which we share with the shell and whoever else writes to this terminal. So pipes
    and terminals are opened once more (through /proc), which makes a description of our own; where that is not
    possible (a socket, no rights, no /proc) writes go through the thread pool. Regular files and /dev/null never
    block.
    """

    name: ClassVar[str] = "stdout"
    summary: ClassVar[str] = "Writes to standard output, one line an event by default."
    example: ClassVar[str] = """
        [offramps.out]
        type = "stdout"
        prefix = "> "
        """
    default_postprocessors: ClassVar[tuple[str, ...]] = ("lines",)
    Options = StandardStreamOptions
    options: StandardStreamOptions

    descriptor: ClassVar[int] = 1
    """The file descriptor it writes to."""

    def __init__(self, options: StandardStreamOptions | None = None) -> None:
        super().__init__(options)
        self._prefix = self.options.prefix.encode()
        self._own_descriptor: int | None = None
        self._write_some: Callable[[Any], int] | None = None

    def open(self) -> None:
        """Find the way to write to this kind of file."""
        self.close()
        # What the program printed before must come before the first event.
        if sys.stdout is not None:
            sys.stdout.flush()
        try:
            mode = os.fstat(self.descriptor).st_mode
            if stat.S_ISFIFO(mode) or os.isatty(self.descriptor):
                self._own_descriptor = _open_again(self.descriptor)
        except OSError as error:
            raise self._failure(error) from None
        if self._own_descriptor is not None:
            self._write_some = self._write_cooperatively
        elif stat.S_ISREG(mode) or (stat.S_ISCHR(mode) and not os.isatty(self.descriptor)):
            self._write_some = self._write_directly
        else:
            self._write_some = self._write_in_thread

    def write(self, outgoing: Outgoing) -> None:
        """Write the batch. Blocks while the reader is slow; raises `StopDeployment` when it is gone."""
        if self._write_some is None:
            raise ConnectionLost(f"{self.name} is not open")
        prefix = self._prefix
        if prefix:
            data = b"".join([prefix + packet for event in outgoing.packets for packet in event])
        else:
            data = outgoing.joined()
        view = memoryview(data)
        try:
            while view:
                view = view[self._write_some(view) :]
        except OSError as error:
            raise self._failure(error) from error

    def close(self) -> None:
        """Close what `open` made; the program's own descriptor stays open."""
        descriptor, self._own_descriptor = self._own_descriptor, None
        self._write_some = None
        if descriptor is not None:
            os.close(descriptor)

    def _failure(self, error: OSError) -> Exception:
        if error.errno in {errno.EPIPE, errno.ENXIO}:
            # 128 + SIGPIPE, as the shell's own tools end in `| head`.
            return StopDeployment(f"the reader of {self.name} has closed it and wants nothing more", 141)
        return ConnectionLost(f"cannot write to {self.name}: {reason(error)}")

    def _write_cooperatively(self, data: Any) -> int:
        assert self._own_descriptor is not None
        return gevent_os.nb_write(self._own_descriptor, data)  # type: ignore[no-any-return]

    def _write_directly(self, data: Any) -> int:
        return os.write(self.descriptor, data)

    def _write_in_thread(self, data: Any) -> int:
        return call_in_thread(os.write, self.descriptor, data)


def _open_again(descriptor: int) -> int | None:
    """The same pipe or terminal as a non-blocking description of our own, or None where that is not possible.

    Raises ``OSError`` with ENXIO when a pipe has no reader any more.
    """
    try:
        return os.open(
            f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        )
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise
        return None
