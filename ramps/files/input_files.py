"""Opening the files that onramps read, and saying in the user's words why it did not work."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from ramps.errors import CannotOpen
from ramps.files.archives import compression_of, decompressed
from ramps.files.checkpoint import Place, fingerprint
from ramps.files.tail import open_regular

__all__ = ["InputFile", "cannot_read", "check_readable"]

_CHUNK_BYTES = 65536

_REMEDIES = {
    errno.ENOENT: "it does not exist; check `path`",
    errno.EACCES: "we have no permission; check its rights and those of its directories",
    errno.EISDIR: "it is a directory; name a file",
    errno.ENOTDIR: "a part of the path is not a directory; check `path`",
    errno.EINVAL: "it is not a regular file; for a pipe, redirect it into the `stdin` onramp",
    errno.ENXIO: "it is a socket; use the `unix` onramp",
    errno.ENAMETOOLONG: "the name is too long; check `path`",
    errno.ELOOP: "its symbolic links lead in a circle; check `path`",
}


def cannot_read(path: Path, error: OSError) -> CannotOpen:
    """The error for the user, with the remedy where we know one."""
    return CannotOpen(f"onramp cannot read {path}: {_REMEDIES.get(error.errno or 0, error.strerror)}")


def check_readable(path: Path) -> None:
    """Raise `CannotOpen` if the file is there and `open` would refuse it."""
    try:
        os.close(open_regular(path))
    except FileNotFoundError:
        pass
    except OSError as error:
        raise cannot_read(path, error) from None


class InputFile:
    """A regular file, decompressed on the fly if its name says that it is compressed
    (`COMPRESSION_BY_SUFFIX`).

    Reading is direct: regular files do not block for long. Raises `CannotOpen`.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = os.fdopen(open_regular(path), "rb", buffering=0)
        except OSError as error:
            raise cannot_read(path, error) from None
        status = os.fstat(self._file.fileno())
        self.identity = (status.st_dev, status.st_ino)
        """Which file it is, whatever its name."""
        self.beginning = fingerprint(self._file.fileno())
        self.size = status.st_size
        """Its bytes, when it was opened."""
        self._compression = compression_of(path)
        self._pieces = (
            self._plain() if self._compression is None else decompressed(self._file, self._compression)
        )

    def begins_like(self, place: Place) -> bool:
        """Whether it is the file that is meant."""
        return place.is_in(self._file.fileno())

    def skip(self, count: int, give_way: Callable[[], None]) -> bool:
        """Go on behind the first ``count`` (decompressed) bytes; False if there are not so many.

        ``give_way`` is called now and then: compressed data has to be read to be skipped. Raises `FrameError`.
        """
        if self._compression is None:
            self._file.seek(count)
            return count <= self.size
        while count > 0 and (piece := self.read()):
            if len(piece) > count:
                self._pieces = chain([piece[count:]], self._pieces)
            count -= len(piece)
            give_way()
        return count <= 0

    @property
    def position(self) -> int:
        """How many of its bytes are read."""
        return self._file.tell()

    def read(self) -> bytes:
        """The next piece, of up to 256 KiB; empty at the end. Raises `FrameError` where compressed data is
        broken.
        """
        return next(self._pieces, b"")

    def _plain(self) -> Iterator[bytes]:
        while piece := self._file.read(_CHUNK_BYTES):
            yield piece

    def close(self) -> None:
        """Release the file."""
        self._file.close()
