"""The `unix` onramp: listens on a Unix socket; each connection is a stream of its own."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import stat
from pathlib import Path
from typing import Annotated, Any, ClassVar

from gevent import socket
from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema

from ramps.errors import CannotOpen
from ramps.network.stream_server import StreamServerOnramp, StreamServerOptions
from ramps.onramp import onramps

__all__ = ["UnixOnramp"]

# sockaddr_un.sun_path of Linux, with its closing zero.
_PATH_LIMIT_BYTES = 107


def _file_mode(text: object) -> int:
    if isinstance(text, str) and re.fullmatch(r"0?[0-7]{3}", text):
        return int(text, 8)
    raise ValueError(f'{text!r} is not a file mode; write three octal digits in quotes, such as "660"')


FileMode = Annotated[
    int,
    BeforeValidator(_file_mode),
    PlainSerializer(lambda mode: f"{mode:03o}"),
    WithJsonSchema({"type": "string", "pattern": "^0?[0-7]{3}$", "examples": ["660"]}),
]
"""An option that is a file's permission bits, written as octal digits."""


class UnixOptions(StreamServerOptions):
    """Options of `unix`."""

    path: Path = Field(description="where to make the socket")
    mode: FileMode = Field(  # type: ignore[assignment] # text, as in a file
        default="600",
        description="who may connect, as the file's mode in octal digits",
    )


@onramps.register
class UnixOnramp(StreamServerOnramp):
    """Bytes from connections to a Unix stream socket."""

    name: ClassVar[str] = "unix"
    summary: ClassVar[str] = (
        "Listens on a Unix socket; each connection is a stream of frames, lines by default."
    )
    example: ClassVar[str] = """
        [onramps.in]
        type = "unix"
        path = "aftershock.sock"
        mode = "660"
        """
    Options = UnixOptions
    options: UnixOptions

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._connection_number = itertools.count(1)
        self._made: tuple[int, int] | None = None

    def _listen(self) -> Any:
        path = self.options.path
        if len(os.fsencode(path)) > _PATH_LIMIT_BYTES:
            raise self._cannot(f"the path is longer than {_PATH_LIMIT_BYTES} bytes; choose a shorter one")
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            try:
                sock.bind(str(path))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                self._remove_stale()
                sock.bind(str(path))
            found = path.lstat()
            self._made = (found.st_dev, found.st_ino)
            # Nobody can connect before listen, so nobody gets in with the wrong mode.
            path.chmod(self.options.mode)
            sock.listen(1024)
        except OSError as error:
            sock.close()
            raise self._cannot(f"{error.strerror}; check the directory and its rights") from None
        except BaseException:
            sock.close()
            raise
        return sock

    def _remove_stale(self) -> None:
        """Remove what a dead process left behind; raise `CannotOpen` if it is alive, or no socket at all."""
        path = self.options.path
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise self._cannot("there is something else of that name; remove it or choose another `path`")
        # A plain probe: connecting to a Unix socket never waits for the other side's program.
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe:
            probe.settimeout(1.0)
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()
                return
            except OSError:
                pass
        raise self._cannot("another process listens there; stop it or choose another `path`")

    def _origin(self, peer: Any) -> str:
        return f"unix://{self.options.path}#{next(self._connection_number)}"

    def close(self) -> None:
        """Stop listening, end all connections, remove the socket's file if it is still ours."""
        super().close()
        made, self._made = self._made, None
        if made is not None:
            with contextlib.suppress(OSError):
                found = self.options.path.lstat()
                if (found.st_dev, found.st_ino) == made:
                    self.options.path.unlink()

    def _cannot(self, reason: str) -> CannotOpen:
        return CannotOpen(f"onramp cannot listen on {self.options.path}: {reason}")
