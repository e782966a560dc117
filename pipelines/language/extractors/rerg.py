"""``rerg``: a regular expression, repeated: all that its named groups found."""

from __future__ import annotations

from time import monotonic
from typing import Any, Final

from pipelines.language.extractors.extractor import BadExtractor, Extractor, register
from pipelines.language.library.function import Occasion
from pipelines.language.runtime.regular_expression import (
    BadRegularExpression,
    RegularExpression,
    from_utf8,
    to_utf8,
)
from pipelines.language.values import MISSING

__all__ = ["Rerg"]

_SECONDS: Final = 2.0
_MATCHES_BETWEEN_LOOKS: Final = 256


@register
class Rerg(Extractor):
    """Always matches, even where the expression is found nowhere.

    Each match may need a look ahead to the end of the string, so all of them together are not linear. A string that
    takes longer than two seconds has no result, as if it did not match.
    """

    name = "rerg"
    summary = (
        "Finds a regular expression again and again; gives, for each named group, the list of what it found."
    )
    example = (r"(?P<tag>#\w+)", "see #one and #two", '{"tag": ["#one", "#two"]}')

    def __init__(self, text: str) -> None:
        try:
            self._expression = RegularExpression(text)
        except BadRegularExpression as problem:
            raise BadExtractor(str(problem)) from problem

    def matches(self, string: str) -> bool:
        """Always."""
        return True

    def extract(self, string: str, occasion: Occasion) -> Any:
        """A record of arrays of strings; groups that never took part are absent."""
        names = self._expression.names.items()
        found: dict[str, list[str]] = {}
        if not names:
            return found
        deadline = monotonic() + _SECONDS
        for count, match in enumerate(self._expression.find_all(to_utf8(string)), 1):
            for name, group in names:
                part = match[group]
                if part is not None:
                    found.setdefault(name, []).append(from_utf8(part))
            if count % _MATCHES_BETWEEN_LOOKS == 0 and monotonic() > deadline:
                return MISSING
        return found
