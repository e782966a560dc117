"""``re``: a regular expression, its named groups as a record."""

from __future__ import annotations

from typing import Any

from pipelines.language.extractors.extractor import BadExtractor, Extractor, register
from pipelines.language.library.function import Occasion
from pipelines.language.regular_expression import BadExpression, RegularExpression, decode
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
        except BadExpression as problem:
            raise BadExtractor(str(problem)) from problem
        self.matches = self._expression.test  # type: ignore[method-assign]  # one call less for each event

    def extract(self, string: str, occasion: Occasion) -> Any:
        """A record of strings."""
        match = self._expression.search(string)
        if match is None:
            return MISSING
        return {
            name: decode(match[group]) for name, group in self._expression.names if match[group] is not None
        }
