"""The `unix` offramp: writes a stream of bytes to a server on a Unix domain socket."""

from __future__ import annotations

import errno
import os
import socket as native_socket
from pathlib import Path
from typing import ClassVar

from gevent import socket
from pydantic import Field

from pipelines.options import Duration, Options
from ramps.errors import CannotOpen, ConnectionLost
from ramps.network.outbound_stream import OutboundStream, reason
from ramps.offramp import Offramp, Outgoing, offramps

__all__ = ["UnixOfframp"]

# sun_path in unix(7), less the closing NUL.
_PATH_BYTES = 107


class UnixOptions(Options):
    """Options of `unix`."""

    path: Path = Field(description="The server's socket.")
    connect_timeout: Duration = Field(
        default="10s", validate_default=True, gt=0, description="How long connecting may take."
    )
    write_timeout: Duration = Field(
        default="30s",
        validate_default=True,
        gt=0,
        description="How long the server may take nothing at all before it counts as lost.",
    )


@offramps.register
class UnixOfframp(Offramp):
    """Bytes to one connection on a Unix domain socket."""

    name: ClassVar[str] = "unix"
    summary: ClassVar[str] = "Writes to a server on a Unix domain socket, one line an event by default."
    example: ClassVar[str] = """
        [offramps.out]
        type = "unix"
        path = "/run/collector.sock"
        """
    default_postprocessors: ClassVar[tuple[str, ...]] = ("lines",)
    single_owner: ClassVar[bool] = False
    Options = UnixOptions
    options: UnixOptions

    def __init__(self, options: UnixOptions) -> None:
        super().__init__(options)
        self._stream: OutboundStream | None = None
        self._peer = f"unix://{options.path}"

    def check(self) -> None:
        """See that the path fits into a socket's address."""
        length = len(os.fsencode(self.options.path))
        if length > _PATH_BYTES:
            raise CannotOpen(f"{self._peer}: {length} bytes are too long, a socket's path has {_PATH_BYTES}")

    def open(self) -> None:
        """Connect. Blocks up to the connect timeout."""
        self.close()
        self.check()
        sock = socket.socket(native_socket.AF_UNIX, native_socket.SOCK_STREAM)
        try:
            sock.settimeout(self.options.connect_timeout)
            sock.connect(os.fspath(self.options.path))
        except OSError as error:
            sock.close()
            if error.errno in {errno.EACCES, errno.EPERM, errno.EPROTOTYPE, errno.ENOTDIR}:
                raise CannotOpen(
                    f"{self._peer}: cannot connect: {reason(error)}; check the path and the rights"
                ) from None
            raise ConnectionLost(f"{self._peer}: cannot connect: {reason(error)}") from error
        except BaseException:
            sock.close()
            raise
        self._stream = OutboundStream(sock, self._peer)

    def write(self, outgoing: Outgoing) -> None:
        """Write the batch to the connection. Blocks while the server does not read."""
        if self._stream is None:
            raise ConnectionLost(f"{self._peer}: not connected")
        self._stream.send(outgoing.joined(), self.options.write_timeout)

    def close(self) -> None:
        """Close the connection; waits for nothing."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()
