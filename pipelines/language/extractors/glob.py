"""``glob``: a pattern of a shell, such as ``*.log``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from pipelines.language.extractors.extractor import BadExtractor, Extractor, register
from pipelines.language.library.function import Occasion
from pipelines.language.runtime.regular_expression import BadRegularExpression, RegularExpression, to_utf8
from pipelines.language.values import MISSING

__all__ = ["Glob"]

_LONGEST: Final = 1000
_PIECE = re.compile(
    r"(?P<stars>\*+)(?P<slash>/?)|(?P<one>\?)|\[(?P<not>!?+)(?P<class>\]?[^\]]+|\])\]|(?P<open>\[)|(?P<text>[^*?\[]+)"
)


@register
class Glob(Extractor):
    """Matches whole strings, upper and lower case as written.

    ``*`` is any run of characters, ``/`` included; ``?`` one character; ``[abc]``, ``[a-z]`` one of them, ``[!…]`` one
    of all others; ``**`` as a whole component of a path any number of components. To mean a special character
    itself, write it as a class: ``[*]``.
    """

    name = "glob"
    summary = "Compares the whole string with a shell's pattern; gives true."
    example = ("*.log", "access.log", "true")

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise BadExtractor(f"A glob has at most {_LONGEST} characters, this one {len(text)}.")
        self.matches = _compile(text)  # type: ignore[assignment,method-assign]  # one call less for each event

    def extract(self, string: str, occasion: Occasion) -> Any:
        """True."""
        return True if self.matches(string) else MISSING


def _compile(text: str) -> Callable[[str], bool]:
    """A test for the whole string: of Python's own methods if there are only stars, otherwise by RE2."""
    parts = text.split("*")
    if "**" not in text and "?" not in text and "[" not in text:
        return _stars(parts)
    try:
        pattern = RegularExpression(rf"(?s)\A{_expression(text)}\z")
    except BadRegularExpression as problem:
        raise BadExtractor(f"The glob cannot be used: {problem}") from problem
    return lambda string: pattern.matches(to_utf8(string))


def _stars(parts: list[str]) -> Callable[[str], bool]:
    if len(parts) == 1:
        return lambda string: string == parts[0]
    first, last, middle = parts[0], parts[-1], parts[1:-1]
    if not middle:
        least = len(first) + len(last)
        if not last:
            return lambda string: string.startswith(first)
        if not first:
            return lambda string: string.endswith(last)
        return lambda string: len(string) >= least and string.startswith(first) and string.endswith(last)
    if not first and not last and len(middle) == 1:
        only = middle[0]
        return lambda string: only in string

    def test(string: str) -> bool:
        if not (string.startswith(first) and string.endswith(last)):
            return False
        place, end = len(first), len(string) - len(last)
        for part in middle:
            # The earliest place is the best one: it leaves the most for what follows.
            found = string.find(part, place, end)
            if found < 0:
                return False
            place = found + len(part)
        return True

    return test


def _expression(text: str) -> str:
    pieces = []
    for match in _PIECE.finditer(text):
        if match["stars"]:
            pieces.append(_run(text, match) + ("/" if match["slash"] and len(match["stars"]) == 1 else ""))
        elif match["one"]:
            pieces.append(".")
        elif match["class"]:
            pieces.append(_class(match["class"], bool(match["not"])))
        elif match["open"]:
            place = match.start() + 1
            raise BadExtractor(f"The `[` at character {place} is not closed; write `[[]` for the character.")
        else:
            pieces.append(_literal(match["text"]))
    return "".join(pieces)


def _run(text: str, match: re.Match[str]) -> str:
    stars, start, end = match["stars"], match.start(), match.end()
    if len(stars) == 1:
        return ".*"
    if len(stars) > 2:
        raise BadExtractor(f"There are more than two stars at character {start + 1}; write `*`.")
    whole_component = (start == 0 or text[start - 1] == "/") and (match["slash"] or end == len(text))
    if not whole_component:
        raise BadExtractor(
            f"The `**` at character {start + 1} has to stand alone between slashes; write `*`."
        )
    return ".*" if end == len(text) and not match["slash"] else "(?:.*/)?"


def _class(inside: str, negated: bool) -> str:
    ranges = []
    place = 0
    while place < len(inside):
        low = high = inside[place]
        if inside[place + 1 : place + 2] == "-" and place + 2 < len(inside):
            high = inside[place + 2]
            place += 2
        place += 1
        if low <= high:
            ranges.append(f"\\x{{{ord(low):X}}}-\\x{{{ord(high):X}}}")
    if not ranges:
        return "." if negated else r"[^\x{0}-\x{10FFFF}]"
    return f"[{'^' if negated else ''}{''.join(ranges)}]"


def _literal(text: str) -> str:
    return "".join(
        f"\\x{{{ord(character):X}}}" if not character.isalnum() else character for character in text
    )
