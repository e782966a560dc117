"""`Extractor`: what stands behind ``~`` or ``~=`` in a pattern, compiled."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, TypeVar

from pipelines.language.library.function import Occasion

__all__ = ["EXTRACTORS", "BadExtractor", "Extractor", "make_extractor", "register"]


class BadExtractor(ValueError):
    """The text between the bars is not one that the extractor understands. Its text says why."""


class Extractor:
    """One extractor with its text compiled. Subclasses are one file each in this folder.

    Both methods are called with strings only: any other value does not match. Neither blocks, and neither takes time
    that is worse than linear in the string, or has a limit of its own that counts as no match.
    """

    name: str
    """As written, in lower case."""
    summary: str
    """What it does, in one sentence, for the reference."""
    example: tuple[str, str, str]
    """For the reference: the text between the bars, a string, and the result as JSON."""

    def __init__(self, text: str) -> None:
        """Compile the text. Raises `BadExtractor`."""

    def matches(self, string: str) -> bool:
        """Whether it accepts the string; the result is not needed. May be quicker than `extract`."""
        raise NotImplementedError

    def extract(self, string: str, occasion: Occasion) -> Any:
        """What it makes of the string: a new value, or `values.MISSING` if it does not match."""
        raise NotImplementedError


EXTRACTORS: dict[str, type[Extractor]] = {}
"""By name. Importing `pipelines.language.extractors` fills it."""

_Class = TypeVar("_Class", bound=type[Extractor])


def register(extractor: _Class) -> _Class:
    """Enter a class in `EXTRACTORS`; a decorator."""
    EXTRACTORS[extractor.name] = extractor
    return extractor


def make_extractor(name: str, text: str) -> Extractor:
    """Compile ``name|text|``; the name's case does not matter. Raises `BadExtractor` for an unknown name as well."""
    known = EXTRACTORS.get(name.lower())
    if known is not None:
        return known(text)
    close = get_close_matches(name.lower(), EXTRACTORS, n=1)
    hint = f"did you mean `{close[0]}`?" if close else f"there are {', '.join(sorted(EXTRACTORS))}."
    raise BadExtractor(f"There is no extractor `{name}`; {hint}")


def refuse_text(extractor: Extractor, text: str) -> None:
    """For an extractor that takes no text: raise `BadExtractor` if there is one."""
    if text.strip():
        raise BadExtractor(f"`{extractor.name}` takes no text between its bars; write `{extractor.name}||`.")
