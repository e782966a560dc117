"""``re``: regular expressions, of the dialect of Rust's `regex`: linear time, no look-around, no back-references."""

from __future__ import annotations

import re
from functools import lru_cache

from pipelines.language.faults import Fault
from pipelines.language.library.bounds import check_array, check_string
from pipelines.language.library.function import function
from pipelines.language.limits import Limits
from pipelines.language.runtime.regular_expression import (
    BadRegularExpression,
    Match,
    RegularExpression,
    compile_regular_expression,
)

# `$$`, `${name}`, `$name` with the longest name that is possible; any other `$` is itself.
_REFERENCE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<braced>[^}]*)\}|(?P<name>[0-9A-Za-z_]+))")

_Part = bytes | int | None
"""Of a replacement: a text, a group's number, or a group that there is not."""


def _compile(pattern: str) -> RegularExpression:
    try:
        return compile_regular_expression(pattern)
    except BadRegularExpression as error:
        raise Fault(str(error), code="regular-expression") from None


@function(
    "re::is_match(pattern: string, input: string) -> boolean",
    folds=True,
    example=('re::is_match("b.d", "a badger")', "true"),
)
def is_match(pattern: str, text: str) -> bool:
    """Whether a regular expression matches somewhere in a text."""
    return _compile(pattern).matches(_utf8(text))


@function(
    "re::replace(pattern: string, input: string, replacement: string) -> string",
    folds=True,
    takes_limits=True,
    example=(r're::replace("(?P<a>\\w+) (\\w+)", "snot badger", "$2 ${a}")', '"badger snot"'),
)
def replace(limits: Limits, pattern: str, text: str, replacement: str) -> str:
    """The text with the first match replaced. `$1`, `$name` and `${name}` are what a group holds, `$$` is `$`."""
    return _replace(limits, pattern, text, replacement, first_only=True)


@function(
    "re::replace_all(pattern: string, input: string, replacement: string) -> string",
    folds=True,
    takes_limits=True,
    example=('re::replace_all("[aeiou]", "snot badger", "*")', '"sn*t b*dg*r"'),
)
def replace_all(limits: Limits, pattern: str, text: str, replacement: str) -> str:
    """The text with all matches replaced; `replace` says what a replacement may hold."""
    return _replace(limits, pattern, text, replacement, first_only=False)


@function(
    "re::split(pattern: string, input: string) -> array",
    folds=True,
    fresh=True,
    takes_limits=True,
    example=('re::split("[, ]+", "a, b,c")', '["a","b","c"]'),
)
def split(limits: Limits, pattern: str, text: str) -> list[str]:
    """The parts of a text between the matches of a regular expression."""
    data = _utf8(text)
    parts: list[str] = []
    end = 0
    for match in _compile(pattern).find_all(data):
        parts.append(_text(data[end : match.start()]))
        check_array(len(parts) + 1, limits)
        end = match.end()
    parts.append(_text(data[end:]))
    return parts


def _replace(limits: Limits, pattern: str, text: str, replacement: str, first_only: bool) -> str:
    compiled = _compile(pattern)
    data = _utf8(text)
    parts = _parts(pattern, replacement)
    pieces: list[bytes] = []
    end, total = 0, len(data)
    for match in compiled.find_all(data):
        pieces.append(data[end : match.start()])
        new = _expand(parts, match, data)
        pieces.append(new)
        # Bytes, which are at most four for one character.
        total += len(new)
        if total > 4 * limits.string:
            check_string(total // 4, limits)
        end = match.end()
        if first_only:
            break
    if not pieces:
        return text
    pieces.append(data[end:])
    result = _text(b"".join(pieces))
    check_string(len(result), limits)
    return result


def _parse(pattern: str, replacement: str) -> list[_Part]:
    compiled = _compile(pattern)
    parts: list[_Part] = []
    end = 0
    for match in _REFERENCE.finditer(replacement):
        parts.append(_utf8(replacement[end : match.start()]))
        end = match.end()
        if match["dollar"]:
            parts.append(b"$")
            continue
        name = match["braced"] if match["name"] is None else match["name"]
        if name.isascii() and name.isdigit() and len(name) < 6:
            parts.append(number if (number := int(name)) <= compiled.count else None)
        else:
            parts.append(compiled.names.get(name))
    parts.append(_utf8(replacement[end:]))
    return parts


_parse_remembered = lru_cache(maxsize=128)(_parse)

_LONGEST_REMEMBERED = 1000
"""Characters of a replacement. They may come with the events, so that not all can be kept."""


def _parts(pattern: str, replacement: str) -> list[_Part]:
    parse = _parse_remembered if len(replacement) <= _LONGEST_REMEMBERED else _parse
    return parse(pattern, replacement)


def _expand(parts: list[_Part], match: Match, data: bytes) -> bytes:
    return b"".join(
        [
            part if isinstance(part, bytes) else data[max(match.start(part), 0) : max(match.end(part), 0)]
            for part in parts
            if part is not None
        ]
    )


def _utf8(text: str) -> bytes:
    # A codec may have let half of a surrogate pair pass.
    return text.encode("utf-8", "surrogatepass")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")
