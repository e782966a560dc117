"""`UnixListener`: a listening Unix socket with its file, which it makes and removes."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import Any

from gevent import socket

from ramps.errors import CannotOpen

__all__ = ["PATH_LIMIT_BYTES", "UnixListener"]

PATH_LIMIT_BYTES = 107
"""sockaddr_un.sun_path of Linux, without its closing zero."""


class UnixListener:
    """Listens at ``path``, which gets these permission bits, and replaces what a dead process left there."""

    def __init__(self, path: Path, mode: int) -> None:
        self._path = path
        self._mode = mode
        self._made: tuple[int, int] | None = None

    def listen(self) -> Any:
        """A cooperative socket that listens; it belongs to the caller. Raises `CannotOpen`."""
        path = self._path
        if len(os.fsencode(path)) > PATH_LIMIT_BYTES:
            raise self._cannot(f"the path is longer than {PATH_LIMIT_BYTES} bytes; choose a shorter one")
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
            path.chmod(self._mode)
            sock.listen(1024)
        except OSError as error:
            sock.close()
            raise self._cannot(f"{error.strerror}; check the directory and its rights") from None
        except BaseException:
            sock.close()
            raise
        return sock

    def remove(self) -> None:
        """Remove the socket's file if it is still ours. Raises nothing."""
        made, self._made = self._made, None
        if made is not None:
            with contextlib.suppress(OSError):
                found = self._path.lstat()
                if (found.st_dev, found.st_ino) == made:
                    self._path.unlink()

    def _remove_stale(self) -> None:
        """Remove what a dead process left behind; raise `CannotOpen` if it is alive, or no socket at all."""
        path = self._path
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

    def _cannot(self, reason: str) -> CannotOpen:
        return CannotOpen(f"onramp cannot listen on {self._path}: {reason}")
