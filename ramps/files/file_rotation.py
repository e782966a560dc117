"""Rotation of a file that is written to: ``log`` becomes ``log.1``, ``log.1`` becomes ``log.2``, and so on."""

from __future__ import annotations

import contextlib
import gzip
import os
from pathlib import Path

import gevent

from ramps.files.directory_sync import sync_directory

__all__ = ["GzipInBackground", "shift_files"]

_CHUNK_BYTES = 1 << 20


def shift_files(path: Path, keep: int) -> Path | None:
    """Make ``path`` the first of ``keep`` rotated files, each of the others one older, the oldest gone.

    Returns its new name, or None where nothing is kept. Compressed and plain files are shifted alike. Raises
    ``OSError``; calling again goes on where it stopped.
    """
    if keep == 0:
        path.unlink(missing_ok=True)
        return None
    for suffix in ("", ".gz"):
        _numbered(path, keep, suffix).unlink(missing_ok=True)
        for number in range(keep - 1, 0, -1):
            try:
                _numbered(path, number, suffix).rename(_numbered(path, number + 1, suffix))
            except FileNotFoundError:
                pass
    newest = _numbered(path, 1, "")
    path.rename(newest)
    return newest


def _numbered(path: Path, number: int, suffix: str) -> Path:
    return path.with_name(f"{path.name}.{number}{suffix}")


class GzipInBackground:
    """Compresses a file in the thread pool: to ``<path>.gz``, then removes ``path``. Cooperative, can be stopped.

    ``durable``: it is removed only when the disk has the other.
    """

    def __init__(self, path: Path, *, durable: bool = False) -> None:
        self._path = path
        self._durable = durable
        self._stopped = False
        self._error: OSError | None = None
        self._task = gevent.get_hub().threadpool.spawn(self._compress)

    def wait(self) -> None:
        """Block until it is done. Raises ``OSError``; the uncompressed file is still there then."""
        self._task.get()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Give up and block until the thread has let go of its files; the uncompressed file stays."""
        self._stopped = True
        self._task.wait()

    def _compress(self) -> None:
        # Under another name until it is whole, so that a crash leaves no half archive that looks like one.
        partial = self._path.with_name(self._path.name + ".gz.part")
        try:
            with self._path.open("rb") as source, partial.open("wb") as target:
                os.fchmod(target.fileno(), os.fstat(source.fileno()).st_mode & 0o777)
                with gzip.GzipFile(filename="", mode="wb", fileobj=target, compresslevel=6) as archive:
                    while (chunk := source.read(_CHUNK_BYTES)) and not self._stopped:
                        archive.write(chunk)
                if self._durable and not self._stopped:
                    target.flush()
                    os.fsync(target.fileno())
            if not self._stopped:
                partial.replace(self._path.with_name(self._path.name + ".gz"))
                if self._durable:
                    sync_directory(self._path.parent)
                self._path.unlink()
        except OSError as error:
            # Not raised: gevent would print what leaves the thread.
            self._error = error
        finally:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
