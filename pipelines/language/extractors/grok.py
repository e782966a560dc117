"""``grok``: named patterns for what stands in logs, such as ``%{IP:client} %{WORD:method}``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import regex

from pipelines.language.extractors.extractor import BadExtractor, Extractor, register
from pipelines.language.extractors.grok_expression import LONGEST_EXPANSION, NAME, expand
from pipelines.language.extractors.grok_patterns import PATTERNS
from pipelines.language.library.function import Occasion
from pipelines.language.runtime.regular_expression import (
    BadRegularExpression,
    RegularExpression,
    from_utf8,
    to_utf8,
)
from pipelines.language.values import MISSING

__all__ = ["Grok", "load_patterns"]

_LONGEST: Final = 10_000
_LARGEST_FILE_BYTES: Final = 1024 * 1024

_BACKTRACKING_LONGEST: Final = 20_000
"""Characters of an expression that RE2 cannot run."""
_BACKTRACKING_LONGEST_STRING: Final = 100_000
_BACKTRACKING_SECONDS: Final = 0.25

_patterns: dict[str, str] = dict(PATTERNS)


def load_patterns(path: str | Path) -> int:
    """Add the patterns of a file to those that extractors compiled from now on know; how many there were.

    Each line is ``NAME expression``; empty lines and those that begin with ``#`` are skipped; a name that is known
    gets the new meaning. Reads the file, so it blocks. Raises `OSError`, and `BadExtractor` for a file that is not of
    this form: then nothing of it is added.
    """
    with Path(path).open("rb") as file:
        data = file.read(_LARGEST_FILE_BYTES + 1)
    if len(data) > _LARGEST_FILE_BYTES:
        raise BadExtractor(
            f"{path} has more than {_LARGEST_FILE_BYTES} bytes, too many for a file of grok patterns."
        )
    try:
        lines = data.decode().splitlines()
    except UnicodeDecodeError as problem:
        raise BadExtractor(f"{path} is not UTF-8 at byte {problem.start}.") from problem
    found = {}
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, _, expression = line.partition(" ")
        if NAME.fullmatch(name) is None or not expression.strip():
            raise BadExtractor(
                f"{path}:{number} is no `NAME expression`, where a name has letters, digits and `_`."
            )
        found[name] = expression.strip()
    _patterns.update(found)
    return len(found)


@register
class Grok(Extractor):
    """Matches if the pattern is found anywhere in the string. ``^`` and ``$`` are the ends of lines.

    ``%{NAME}`` stands for a pattern known by that name, ``%{NAME:field}`` stores what it finds as a field,
    ``%{NAME:field=expression}`` defines it in place, and ``(?<field>…)`` stores as well. Around them is a regular
    expression as for ``re``, which takes linear time.

    If it needs what only a backtracking engine has, such as look-around, it runs on one: then a string of more than
    100,000 characters, or one that takes longer than a quarter of a second, does not match.
    """

    name = "grok"
    summary = (
        "Finds named patterns such as `%{IP:client}`; gives a record of strings, empty for what took no part."
    )
    example = ("%{IP:client} %{WORD:method} %{URIPATHPARAM:request}", "192.0.2.7 GET /search?q=x",
               '{"client": "192.0.2.7", "method": "GET", "request": "/search?q=x"}')  # fmt: skip

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise BadExtractor(f"A grok pattern has at most {_LONGEST} characters, this one {len(text)}.")
        expression, self._names = expand(text, _patterns)
        self._engine = _engine(expression)

    def matches(self, string: str) -> bool:
        """Whether it is found."""
        return self._engine.test(string)

    def extract(self, string: str, occasion: Occasion) -> Any:
        """A record of strings. Where several parts have one name, the last that is not empty."""
        parts = self._engine.search(string, len(self._names))
        if parts is None:
            return MISSING
        record: dict[str, str] = {}
        for name, part in zip(self._names, parts, strict=True):
            record[name] = part or record.get(name, "")
        return record


class _Linear:
    """On RE2."""

    def __init__(self, expression: str) -> None:
        self._expression = RegularExpression(f"(?m){expression}", LONGEST_EXPANSION + 4)

    def test(self, string: str) -> bool:
        return self._expression.matches(to_utf8(string))

    def search(self, string: str, count: int) -> list[str | None] | None:
        match = self._expression.search(to_utf8(string))
        if match is None:
            return None
        parts = [match[self._expression.names[f"g{index}"]] for index in range(count)]
        return [None if part is None else from_utf8(part) for part in parts]


class _Backtracking:
    """On ``regex``."""

    def __init__(self, expression: str) -> None:
        self._pattern = regex.compile(expression, regex.VERSION0 | regex.MULTILINE)

    def _search(self, string: str) -> Any:
        if len(string) > _BACKTRACKING_LONGEST_STRING:
            return None
        try:
            return self._pattern.search(string, timeout=_BACKTRACKING_SECONDS)
        except (TimeoutError, MemoryError):
            return None

    def test(self, string: str) -> bool:
        return self._search(string) is not None

    def search(self, string: str, count: int) -> list[str | None] | None:
        match = self._search(string)
        return None if match is None else [match[f"g{index}"] for index in range(count)]


def _engine(expression: str) -> _Linear | _Backtracking:
    """The expression on RE2, or, if that cannot be, on the other engine. Raises `BadExtractor`."""
    try:
        return _Linear(expression)
    except BadRegularExpression as problem:
        refused = problem
    if len(expression) > _BACKTRACKING_LONGEST:
        raise BadExtractor(f"The grok pattern cannot be used: {refused}") from refused
    try:
        return _Backtracking(expression)
    except Exception as problem:  # it raises more kinds than its own for hostile expressions
        raise BadExtractor(f"The grok pattern cannot be used: {refused}") from problem
