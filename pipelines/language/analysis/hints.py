"""Did-you-mean for names, within bounds: a text can hold thousands of wrong names, and thousands of right ones."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from pipelines.language.closest import closest
from pipelines.language.diagnostic import Problems

__all__ = ["nearest"]

_MOST_HINTS = 50
_MOST_CANDIDATES = 1000


def nearest(word: str, known: Iterable[str], problems: Problems | None = None) -> str | None:
    """The known word that is nearest; ``None`` if none is near, or if ``problems`` are many already."""
    if problems and len(problems.errors) + len(problems.warnings) >= _MOST_HINTS:
        return None
    return closest(word, islice(known, _MOST_CANDIDATES))
