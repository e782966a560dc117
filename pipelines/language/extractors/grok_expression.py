"""`expand`: a grok pattern, with all that it refers to, as one regular expression."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from pipelines.language.extractors.extractor import BadExtractor

__all__ = ["LONGEST_EXPANSION", "NAME", "expand"]

NAME: Final = re.compile(r"[A-Za-z0-9_]+", re.ASCII)
_DEEPEST: Final = 50
LONGEST_EXPANSION: Final = 100_000
_MOST_REFERENCES: Final = 5_000

_TOKEN = re.compile(
    r"(?P<escape>\\.)"
    r"|%\{(?P<name>[A-Za-z0-9_]+)(?::(?P<alias>[^{}=]+))?(?:=(?P<definition>(?:[^{}]|\{[^{}]*\})+))?\}"
    r"|(?P<bad>%\{)"
    r"|\(\?P?<(?P<group>[^<>=!][^<>]*)>",
    re.DOTALL | re.ASCII,
)
_CONVERSION = re.compile(r":(?:int|float)\Z")


def expand(text: str, patterns: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """The expression, and the names of its groups ``g0``, ``g1``, …, of which several may be the same.

    Other groups do not capture by name. Raises `BadExtractor` for what is malformed, unknown, refers to itself, or
    becomes too large.
    """
    expansion = _Expansion(patterns)
    return expansion.expand(text, ()), tuple(expansion.names)


class _Expansion:
    def __init__(self, patterns: Mapping[str, str]) -> None:
        self.patterns = patterns
        self.inline: dict[str, str] = {}
        self.names: list[str] = []
        self.length = 0
        self.references = 0

    def expand(self, text: str, within: tuple[str, ...]) -> str:
        pieces = []
        place = 0
        for match in _TOKEN.finditer(text):
            pieces.append(text[place : match.start()])
            pieces.append(self._token(match, within))
            place = match.end()
        pieces.append(text[place:])
        self.length += len(text)
        if self.length > LONGEST_EXPANSION:
            raise BadExtractor(f"The grok pattern becomes longer than {LONGEST_EXPANSION} characters.")
        return "".join(pieces)

    def _token(self, match: re.Match[str], within: tuple[str, ...]) -> str:
        if match["escape"]:
            return match["escape"]
        if match["group"]:
            return f"(?P<{self._group(match['group'])}>"
        if match["bad"]:
            where = f"character {match.start() + 1}" + (f" of `{within[-1]}`" if within else "")
            forms = "`%{NAME}`, `%{NAME:field}` or `%{NAME:field=expression}`"
            raise BadExtractor(f"The `%{{` at {where} does not begin {forms}.")
        return self._reference(match["name"], match["alias"], match["definition"], within)

    def _group(self, name: str) -> str:
        self.names.append(name)
        return f"g{len(self.names) - 1}"

    def _reference(
        self, name: str, alias: str | None, definition: str | None, within: tuple[str, ...]
    ) -> str:
        if definition is not None:
            self.inline[name] = definition
        self.references += 1
        if name in within:
            raise BadExtractor(f"The grok pattern `{name}` refers to itself: {' → '.join([*within, name])}.")
        if len(within) >= _DEEPEST or self.references > _MOST_REFERENCES:
            raise BadExtractor(f"The grok pattern refers to too many others, at `{name}`.")
        if alias is not None and _CONVERSION.search(alias):
            raise BadExtractor(f"`%{{{name}:{alias}}}`: all fields of grok are strings; leave the type out.")
        opening = "(?:" if alias is None else f"(?P<{self._group(alias.strip())}>"
        return f"{opening}{self.expand(self._definition(name), (*within, name))})"

    def _definition(self, name: str) -> str:
        found = self.inline.get(name) or self.patterns.get(name)
        if found is None:
            close = get_close_matches(name, self.patterns, n=1)
            hint = f"did you mean `{close[0]}`?" if close else "define it as `%{NAME:field=expression}`."
            raise BadExtractor(f"There is no grok pattern `{name}`; {hint}")
        return found
