"""``re``: a regular expression, its named groups as a record."""

from __future__ import annotations

from typing import Any

from pipelines.language.extractors.extractor import BadExtractor, Extractor, register
from pipelines.language.library.function import Occasion
from pipelines.language.runtime.regular_expression import (
    BadRegularExpression,
    RegularExpression,
    from_utf8,
    to_utf8,
)
from pipelines.language.values import MISSING

__all__ = ["Re"]


@register
class Re(Extractor):
    """Matches if the expression is found anywhere in the string.

    The result has the named groups that took part, ``{}`` if there are none.
    """

    name = "re"
    summary = "Finds a regular expression; gives the named groups that took part."
    example = (r"user=(?P<user>\w+)", "login user=ada ok", '{"user": "ada"}')

    def __init__(self, text: str) -> None:
        try:
            self._expression = RegularExpression(text)
        except BadRegularExpression as problem:
            raise BadExtractor(str(problem)) from problem
        self._names = tuple(self._expression.names.items())

    def matches(self, string: str) -> bool:
        """Whether it is found."""
        return self._expression.matches(to_utf8(string))

    def extract(self, string: str, occasion: Occasion) -> Any:
        """A record of strings."""
        match = self._expression.search(to_utf8(string))
        if match is None:
            return MISSING
        return {name: from_utf8(part) for name, group in self._names if (part := match[group]) is not None}
