"""`RegularExpression`: a compiled regular expression of a script, for extractors and library functions.

It runs on RE2, whose time is linear in the string whatever the expression. Strings are searched as UTF-8. The dialect
is that of Rust's regex, see `dialect`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

import re2

from pipelines.language.regular_expression.dialect import BadExpression, translate

__all__ = [
    "BadExpression",
    "RegularExpression",
    "compile_re2",
    "compiled",
    "decode",
    "encode",
    "named_groups",
]

_LONGEST: Final = 10_000
_MEMORY_BYTES: Final = 8 * 1024 * 1024
"""For one expression, compiled, with the states that RE2 remembers."""

_WORDS: Final = {
    "missing )": "a `(` is not closed by a `)`",
    "missing ]": "a `[` is not closed by a `]`",
    "unexpected )": "a `)` closes nothing",
    "trailing \\": "it ends with a lone `\\`",
    "no argument for repetition operator": "there is nothing to repeat before this",
    "bad repetition operator": "what is repeated already cannot be repeated again",
    "invalid repetition size": "something is repeated too often, at most 1,000 times are possible",
    "invalid character class range": "there is no such range or class of characters",
    "invalid escape sequence": "there is no such escape",
    "invalid named capture group": "a group's name consists of letters, digits and `_`",
    "invalid perl operator": "there is no such group or flag",
    "pattern too large - compile failed": "it needs too much memory",
}


def encode(string: str) -> bytes:
    """As RE2 wants it. Halves of surrogate pairs, which no text should have, match nothing."""
    return string.encode("utf-8", "surrogatepass")


def decode(text: bytes) -> str:
    """The reverse of `encode`."""
    return text.decode("utf-8", "surrogatepass")


class RegularExpression:
    """One expression. Raises `BadExpression`. ``names`` are the named groups with their numbers."""

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise BadExpression(
                f"A regular expression has at most {_LONGEST} characters, this one {len(text)}."
            )
        try:
            self.pattern = compile_re2(translate(text))
        except BadExpression as problem:
            raise BadExpression(f"`{_short(text)}` is no regular expression: {problem}") from problem
        self.text = text
        self.names: tuple[tuple[str, int], ...] = tuple(named_groups(self.pattern).items())
        # Without groups to find, RE2 need not fall back to its slower automata.
        self._tester = compile_re2(translate(text), groups=False) if self.pattern.groups else self.pattern

    def test(self, string: str) -> bool:
        """Whether it matches anywhere."""
        return self._tester.search(encode(string)) is not None

    def search(self, string: str) -> Any:
        """The first match, in the bytes of `encode`; ``None`` without one. Groups are bytes, places count bytes."""
        return self.pattern.search(encode(string))

    def find_all(self, data: bytes) -> Iterator[Any]:
        """All matches in ``data``, from `encode`, that do not overlap; an empty one never where another one ended.

        Each single search is linear, but each may look ahead to the end of ``data``: the caller limits how many.
        """
        place, ended, pattern = 0, -1, self.pattern
        while place <= len(data):
            match = pattern.search(data, place)
            if match is None:
                return
            start, end = match.span()
            if start == end:
                place = end + 1
                while place < len(data) and data[place] & 0xC0 == 0x80:
                    place += 1
                if end == ended:
                    continue
            else:
                place = end
            ended = end
            yield match


def compile_re2(text: str, groups: bool = True) -> Any:
    """An RE2 pattern over bytes, of a text in RE2's own dialect. Raises `BadExpression`."""
    options = re2.Options()
    options.max_mem = _MEMORY_BYTES
    options.log_errors = False
    options.never_capture = not groups
    try:
        return re2.compile(encode(text), options)
    except re2.error as problem:
        raise BadExpression(_sentence(problem)) from problem


def named_groups(pattern: Any) -> dict[str, int]:
    """The numbers of a pattern's named groups."""
    return {decode(name): number for name, number in pattern.groupindex.items()}


def _sentence(problem: Exception) -> str:
    said = problem.args[0]
    if isinstance(said, bytes):
        said = said.decode("utf-8", "replace")
    what, colon, where = str(said).partition(": ")
    if what.startswith("missing"):
        colon = ""
    words = _WORDS.get(what, what)
    return f"{words}: `{_short(where)}`." if colon and where else f"{words}."


def _short(text: str) -> str:
    return re.sub(r"\s", " ", text if len(text) <= 60 else f"{text[:60]}…")


compiled = lru_cache(maxsize=256)(RegularExpression)
"""`RegularExpression`, of which the last ones are remembered: for texts that are known at run time only."""
