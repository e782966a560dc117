"""`Tail`: follows one path through appends, truncation and rotation. It never waits; whoever uses it does."""

from __future__ import annotations

import os
import re
import stat
from enum import Enum
from glob import escape
from pathlib import Path
from typing import NamedTuple

from ramps.files.checkpoint import Place, fingerprint

__all__ = ["Change", "Tail", "open_regular"]

_ENOUGH_BYTES = 256
# What is put behind the name of a file that is rotated away: a number, a date, or a word.
_ROTATED = re.compile(r"[-._](?:[0-9][0-9TZ_.:+-]*|old|prev|bak)")


class Change(Enum):
    """What happened to the path instead of new bytes."""

    NOTHING = "nothing"
    """Nothing new: look again later."""

    TRUNCATED = "truncated"
    """The file became shorter than what was read: it is read from its beginning from now on."""

    REPLACED = "replaced"
    """The path is another file now and the old one is read to its end: the new one is read from its
    beginning.
    """


class _Position(NamedTuple):
    device: int
    inode: int
    offset: int


class Tail:
    """Reads the file at ``path`` as it grows, ``chunk_bytes`` at a time.

    A file that was renamed or removed is read on until the path is another file *and* a second look found
    nothing more in the old one, because its writer may take a moment to notice. A file that is replaced twice
    between two looks, or truncated and filled beyond the old length, cannot be noticed; what is in between is
    lost.
    """

    def __init__(self, path: Path, *, from_end: bool, chunk_bytes: int = 65536) -> None:
        self._path = path
        self._from_end = from_end
        self._chunk_bytes = chunk_bytes
        self._descriptor: int | None = None
        self._offset = 0
        self._position: _Position | None = None
        self._resume: Place | None = None
        self._reads_rotated = False
        self._identity: Place | None = None
        self._seen_replaced = False
        self._passed: set[tuple[int, int]] = set()
        """Files that were read to their end, of those as old as the one in hand."""

    def resume(self, place: Place | None) -> None:
        """Let the next `open` begin at a place, in whatever file of the directory it is now: a file that was rotated
        away is read to its end first, and then those that were rotated away after it. If that file is gone, those are
        read from their beginning. ``None``: at the beginning of the file that has the path.
        """
        self._reads_rotated = True
        self._passed.clear()
        self._resume, self._position = place, None
        self._from_end = self._from_end and place is None

    @property
    def place(self) -> Place:
        """Where it is. Only while it has a file."""
        assert self._descriptor is not None
        identity = self._identity
        if identity is None or identity.bytes < _ENOUGH_BYTES:
            # It may have been empty when it was opened.
            identity = self._identity = fingerprint(self._descriptor)
        return identity.at(self._offset)

    @property
    def is_open(self) -> bool:
        """Whether it has a file; between `open` and `close` it has none as long as the path is not there."""
        return self._descriptor is not None

    def open(self) -> bool:
        """Begin, or go on where `close` left off if it is still the same file: then it answers True. The file need
        not exist.

        Raises ``OSError`` when it is there and cannot be read.
        """
        resume, self._resume = self._resume, None
        if resume is not None:
            if self._open_at(resume):
                return True
            self._descriptor = self._oldest(resume.modified_ns)
            if self._descriptor is not None:
                return False
        try:
            self._descriptor = open_regular(self._path)
        except FileNotFoundError:
            # Whatever comes later is new from its first byte on.
            self._from_end = False
            self._position = None
            return False
        left_off, self._position = self._position, None
        found = os.fstat(self._descriptor)
        goes_on = left_off is not None and (found.st_dev, found.st_ino) == left_off[:2]
        if goes_on and left_off is not None:
            self._offset = left_off.offset
        else:
            self._offset = found.st_size if self._from_end else 0
        self._from_end = False
        return goes_on

    def _open_at(self, place: Place) -> bool:
        """Open the file of a place under whatever name it has."""
        for path in self._siblings():
            try:
                descriptor = open_regular(path)
            except OSError:
                continue
            if place.is_in(descriptor) and os.fstat(descriptor).st_size >= place.offset:
                self._descriptor, self._offset, self._identity = descriptor, place.offset, place
                if place.only_at_end and os.fstat(descriptor).st_size > place.offset:
                    self._offset = 0
                return True
            os.close(descriptor)
        return False

    def close(self) -> None:
        """Release the file; remember where we are in it."""
        if self._descriptor is not None:
            found = os.fstat(self._descriptor)
            self._position = _Position(found.st_dev, found.st_ino, self._offset)
            self._close_file()

    def advance(self) -> bytes | Change:
        """The next bytes, or what happened instead. Raises ``OSError`` when the new file cannot be read."""
        if self._descriptor is None:
            return self._appear()
        data = os.pread(self._descriptor, self._chunk_bytes, self._offset)
        if data:
            self._offset += len(data)
            return data
        if os.fstat(self._descriptor).st_size < self._offset:
            self._offset, self._identity = 0, None
            return Change.TRUNCATED
        if not self._replaced():
            self._seen_replaced = False
            return Change.NOTHING
        if not self._seen_replaced:
            self._seen_replaced = True
            return Change.NOTHING
        following = self._following() if self._reads_rotated else None
        self._close_file()
        self._descriptor = following
        return Change.REPLACED

    def _siblings(self) -> list[Path]:
        """The path, and what may be an earlier file of that name."""
        name = self._path.name
        found = sorted(self._path.parent.glob(f"{escape(name)}*"))
        return [self._path, *[path for path in found if _ROTATED.fullmatch(path.name.removeprefix(name))]]

    def _following(self) -> int | None:
        """The file that was written to next, among those that have been rotated away; ``None``: the path's own."""
        assert self._descriptor is not None
        ours = os.fstat(self._descriptor)
        # Clocks are coarse: any of those that were written to last at the same moment may be the next.
        self._passed.add((ours.st_dev, ours.st_ino))
        following = self._oldest(ours.st_mtime_ns)
        if following is not None and os.fstat(following).st_mtime_ns > ours.st_mtime_ns:
            self._passed.clear()
        return following

    def _oldest(self, since_ns: int) -> int | None:
        """The oldest of the files that were written to at this time or later, and not read to their end."""
        oldest, found_ns = None, 0
        for path in self._siblings():
            try:
                descriptor = open_regular(path)
            except OSError:
                continue
            found = os.fstat(descriptor)
            is_new = found.st_mtime_ns >= since_ns and (found.st_dev, found.st_ino) not in self._passed
            # The path's own comes first in the list, and is the last to be read.
            if is_new and (oldest is None or found.st_mtime_ns <= found_ns):
                oldest, descriptor, found_ns = descriptor, oldest, found.st_mtime_ns
            if descriptor is not None:
                os.close(descriptor)
        return oldest

    def _appear(self) -> bytes | Change:
        try:
            self._descriptor = open_regular(self._path)
        except FileNotFoundError:
            return Change.NOTHING
        return self.advance()

    def _replaced(self) -> bool:
        assert self._descriptor is not None
        ours = os.fstat(self._descriptor)
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        return (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino)

    def _close_file(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        self._offset = 0
        self._identity = None
        self._seen_replaced = False
        if descriptor is not None:
            os.close(descriptor)


def open_regular(path: Path) -> int:
    """A descriptor of a regular file, open for reading. Raises ``OSError``; never waits for a pipe's other
    end.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(21, "it is a directory", str(path))
    raise OSError(22, "it is not a regular file", str(path))
