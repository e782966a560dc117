"""`Extractor`: what stands behind ``~`` or ``~=`` in a pattern, compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipelines.language.library.function import Occasion

__all__ = ["EXTRACTORS", "BadExtractor", "Extractor", "make_extractor"]


class BadExtractor(ValueError):
    """The text between the bars is not one that the extractor understands. Its text says why."""


class Extractor:
    """One extractor with its text compiled. Subclasses are one file each in this folder.

    Both methods are called with strings only: any other value does not match. Neither blocks, and neither takes time
    that is worse than linear in the string, or has a limit of its own that counts as no match.
    """

    name: str
    """As written, in lower case."""

    def __init__(self, text: str) -> None:
        """Compile the text. Raises `BadExtractor`."""

    def matches(self, string: str) -> bool:
        """Whether it accepts the string; the result is not needed. May be quicker than `extract`."""
        raise NotImplementedError

    def extract(self, string: str, occasion: Occasion) -> Any:
        """What it makes of the string: a new value, or `values.MISSING` if it does not match."""
        raise NotImplementedError


EXTRACTORS: dict[str, Callable[[str], Extractor]] = {}
"""By name. Importing `pipelines.language.extractors` fills it."""


def make_extractor(name: str, text: str) -> Extractor:
    """Compile ``name|text|``; the name's case does not matter. Raises `BadExtractor` for an unknown name as well."""
    raise NotImplementedError
