"""Finds the files of cases."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

__all__ = ["SUFFIX", "find_files"]

SUFFIX = ".test.toml"


def find_files(paths: Iterable[Path]) -> list[Path]:
    """The files themselves, and all ``*.test.toml`` in and below the directories, each once; hidden ones are left out.

    Raises ``FileNotFoundError`` for a path that is not there.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found |= dict.fromkeys(_below(path))
        elif path.exists():
            found[path] = None
        else:
            raise FileNotFoundError(path)
    return list(found)


def _below(directory: Path) -> Iterator[Path]:
    for where, directories, names in os.walk(directory):
        directories[:] = sorted(name for name in directories if not name.startswith("."))
        yield from (
            Path(where, name) for name in sorted(names) if name.endswith(SUFFIX) and not name.startswith(".")
        )
