"""``kv``: pairs of keys and values, such as ``a:1 b:2``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from pipelines.language.extractors.extractor import BadExtractor, Extractor, register
from pipelines.language.library.function import Occasion
from pipelines.language.values import MISSING

__all__ = ["Kv"]

_LONGEST: Final = 1000
_KEY, _VALUE = "%{key}", "%{val}"
_ESCAPES: Final = {"\\": "\\", "n": "\n", "t": "\t", "r": "\r"}


@register
class Kv(Extractor):
    """Takes a string apart at separators. Matches if there is at least one pair.

    The text shows pairs, such as ``%{key}=%{val}; %{key}:%{val}``: what stands within a pair separates a key from its
    value, what stands between pairs separates them. ``%{key}:%{val} `` is what an empty text means.
    """

    name = "kv"
    summary = "Takes pairs of keys and values apart; gives a record of strings."
    example = ("%{key}=%{val}&", "a=1&b=two&broken", '{"a": "1", "b": "two"}')

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST:
            raise BadExtractor(f"The text of `kv` has at most {_LONGEST} characters, this one {len(text)}.")
        fields, keys = _separators(text)
        self._fields = sorted(fields) or [" "]
        self._keys = sorted(keys) or [":"]
        _check(self._fields, self._keys)

    def matches(self, string: str) -> bool:
        """Whether there is a pair."""
        return next(self._pairs(string), None) is not None

    def extract(self, string: str, occasion: Occasion) -> Any:
        """A record of strings; of a key that comes twice, the later value."""
        return dict(self._pairs(string)) or MISSING

    def _pairs(self, string: str) -> Iterator[tuple[str, str]]:
        pieces = [string]
        for separator in self._fields:
            pieces = [part for piece in pieces for part in piece.split(separator)]
        for piece in pieces:
            # Two parts make a pair. A third one rules it out, so that no piece need be split further.
            parts = piece.split(self._keys[0], 2)
            for separator in self._keys[1:]:
                parts = [part for whole in parts[:3] for part in whole.split(separator, 2)]
            if len(parts) == 2:
                yield parts[0], parts[1]


def _separators(text: str) -> tuple[set[str], set[str]]:
    """Those between pairs, and those within them."""
    fields: set[str] = set()
    keys: set[str] = set()
    place = 0
    while place < len(text):
        if text.startswith(_KEY, place):
            start = place + len(_KEY)
            end = text.find(_VALUE, start)
            if end < 0:
                raise BadExtractor(f"The `%{{key}}` at character {place + 1} has no `%{{val}}` after it.")
            keys.add(_unescape(text[start:end]))
            place = end + len(_VALUE)
        else:
            end = text.find(_KEY, place)
            end = len(text) if end < 0 else end
            fields.add(_unescape(text[place:end]))
            place = end
    return fields - {""}, keys - {""}


def _unescape(text: str) -> str:
    def replace(match: re.Match[str]) -> str:
        if match[1] not in _ESCAPES:
            raise BadExtractor(f"`{match[0]}` is no escape here; there are `\\\\ \\n \\t \\r`.")
        return _ESCAPES[match[1]]

    return re.sub(r"\\(.?)", replace, text, flags=re.DOTALL)


def _check(fields: list[str], keys: list[str]) -> None:
    """No separator may be a part of another one: which of them is meant would depend on their order."""
    all_of_them = fields + keys
    for index, one in enumerate(all_of_them):
        for other in all_of_them[index + 1 :]:
            if one in other or other in one:
                raise BadExtractor(f"One of the separators {one!r} and {other!r} is a part of the other.")
