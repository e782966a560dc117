"""`Checkpoint`: the file in which a source keeps how far it has come. `Place`: a position in a file that may move."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from ramps.files.directory_sync import sync_directory

__all__ = ["BadCheckpoint", "Checkpoint", "Place", "Position", "fingerprint"]

_FINGERPRINT_BYTES = 256
_MAX_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Place:
    """Behind the first ``offset`` bytes of a file, which is known by its inode and by how it begins: ``digest`` is the
    SHA-256 of its first ``bytes`` bytes. An inode alone is given to another file when the first is gone.

    ``modified_ns`` is a time at which it was written to, and no file that was read before it later. ``only_at_end``:
    nobody can begin there, because what comes next depends on what was before, so it says only that all was delivered.
    """

    device: int
    inode: int
    offset: int
    bytes: int
    digest: str
    modified_ns: int
    only_at_end: bool = False

    @property
    def where(self) -> str:
        """From where it is read on, for people."""
        return f"byte {self.offset:,} on" if self.offset else "its beginning"

    def as_json(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return asdict(self)

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Place:
        """The same from that. Raises ``ValueError``, ``TypeError``."""
        place = cls(**found)
        # Their types are texts, as in all modules that leave annotations for later.
        whole = all(type(getattr(place, field.name)).__name__ == field.type for field in fields(place))
        if not whole or place.offset < 0 or not 0 <= place.bytes <= _FINGERPRINT_BYTES:
            raise ValueError("its values are of no use")
        return place

    def at(self, offset: int, *, only_at_end: bool = False) -> Place:
        """Another position in the same file."""
        return replace(self, offset=offset, only_at_end=only_at_end)

    def is_in(self, descriptor: int) -> bool:
        """Whether an open file is the one that is meant, however long it is."""
        found = os.fstat(descriptor)
        if (found.st_dev, found.st_ino) != (self.device, self.inode):
            return False
        return _digest(descriptor, self.bytes) == self.digest


def fingerprint(descriptor: int) -> Place:
    """The beginning of an open file."""
    found = os.fstat(descriptor)
    count = min(found.st_size, _FINGERPRINT_BYTES)
    return Place(found.st_dev, found.st_ino, 0, count, _digest(descriptor, count), found.st_mtime_ns)


def _digest(descriptor: int, count: int) -> str:
    return hashlib.sha256(os.pread(descriptor, count, 0)).hexdigest()


class Position(Protocol):
    """How far a source has come."""

    @property
    def where(self) -> str:
        """From where it is read on, for people."""

    def as_json(self) -> dict[str, Any]:
        """What a checkpoint keeps."""

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> Any:
        """The same from that. Raises ``ValueError``, ``TypeError``."""


Kept = TypeVar("Kept", bound=Position)


class BadCheckpoint(ValueError):
    """The file is there and is no checkpoint, or not a whole one. Its text says why."""


class Checkpoint(Generic[Kept]):
    """One position of this kind in a small file of JSON. Each `save` replaces it as a whole, so a crash leaves the old
    or the new one.

    Blocks for as long as the disk takes.
    """

    def __init__(self, path: Path, kind: type[Kept]) -> None:
        self.path = path
        self._kind = kind

    def load(self) -> Kept | None:
        """The position that was saved last; ``None`` if there is none. Raises `BadCheckpoint`, ``OSError``."""
        try:
            with self.path.open("rb") as file:
                data = file.read(_MAX_BYTES + 1)
        except FileNotFoundError:
            return None
        try:
            found = json.loads(data)
            position: Kept = self._kind.from_json(found["place"])
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise BadCheckpoint(f"it is no checkpoint: {type(error).__name__}: {error}") from None
        return position

    def save(self, position: Kept) -> None:
        """Keep a position; it is on the disk when this returns. Raises ``OSError``."""
        text = json.dumps({"format": "aftershock checkpoint 1", "place": position.as_json()})
        temporary = self.path.with_name(f"{self.path.name}.new")
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path)
        sync_directory(self.path.parent)
