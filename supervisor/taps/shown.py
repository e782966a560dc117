"""`Shown`: copies of values that can be shown: plain, bounded in every direction, and without secrets."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

__all__ = ["HIDDEN", "SECRET_KEYS", "Shown"]

SECRET_KEYS = (
    "password", "passwd", "pwd", "passphrase", "secret", "token", "authorization", "api_key", "private_key",
    "access_key", "credential", "cookie",
)  # fmt: skip
"""Words in the names of keys whose values nobody should see."""

HIDDEN = "[hidden]"

_MORE = "…"
_NOT_A_LETTER = re.compile(r"[^a-z0-9]+")
_MOST, _LEAST = 2**64 - 1, -(2**63)


class Shown:
    """Copies values. ``secret_keys``: a key is secret if it has one of these words in it, whatever its case and
    whatever stands between its letters: ``X-Api-Key`` has ``api_key`` in it.
    """

    def __init__(
        self,
        secret_keys: Iterable[str] = SECRET_KEYS,
        *,
        max_depth: int = 16,
        max_items: int = 100,
        max_text: int = 4096,
        max_size: int = 16_384,
    ) -> None:
        self._secret = tuple(filter(None, map(_bare, secret_keys)))
        self.max_depth = max_depth
        self.max_items = max_items
        """Of each list and object."""
        self.max_text = max_text
        """Characters of each text."""
        self.max_size = max_size
        """Of all of it: characters and values."""

    def hides(self, key: str) -> bool:
        """Whether what stands under this key is a secret."""
        bare = _bare(key[: self.max_text])
        return any(word in bare for word in self._secret)

    def __call__(self, value: Any) -> Any:
        """The copy: what JSON and msgpack can hold. Does not block; a value that changes meanwhile may raise
        ``RuntimeError``.
        """
        return _Copy(self).of(value, self.max_depth)


class _Copy:
    """One copy, with the room that is left for it."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._room = shown.max_size

    def of(self, value: Any, depth: int) -> Any:
        self._room -= 1
        if self._room < 0:
            return _MORE
        match value:
            case None | bool():
                return value
            case int():
                return int(value) if _LEAST <= value <= _MOST else f"<integer of {value.bit_length()} bits>"
            case float():
                return float(value) if math.isfinite(value) else f"<{value}>"
            case str():
                return self._text(value)
            case bytes() | bytearray():
                room = self._text_room()
                return self._text(bytes(value[: room + 1]).decode("utf-8", "backslashreplace"))
            case dict():
                return self._object(value, depth) if depth > 0 else "{…}"
            case list() | tuple():
                return self._list(value, depth) if depth > 0 else "[…]"
        return f"<{type(value).__name__}>"

    def _text_room(self) -> int:
        return max(0, min(self._shown.max_text, self._room))

    def _text(self, text: str) -> str:
        room = self._text_room()
        short = text[:room]
        self._room -= len(short)
        if not short.isascii():
            # Half a surrogate pair can be in a Python text, and in no UTF-8.
            short = short.encode("utf-8", "replace").decode("utf-8")
        return short if len(text) <= room else f"{short}{_MORE}"

    def _list(self, values: list[Any] | tuple[Any, ...], depth: int) -> list[Any]:
        copy = []
        for value in islice(values, self._shown.max_items):
            if self._room <= 0:
                break
            copy.append(self.of(value, depth - 1))
        if len(copy) < len(values):
            copy.append(f"{_MORE} {len(values) - len(copy)} more")
        return copy

    def _object(self, values: dict[Any, Any], depth: int) -> dict[str, Any]:
        copy: dict[str, Any] = {}
        taken = 0
        for key, value in islice(values.items(), self._shown.max_items):
            if self._room <= 0:
                break
            name = self._text(key) if isinstance(key, str) else str(self.of(key, 0))
            hides = self._shown.hides(key if isinstance(key, str) else name)
            copy[name] = HIDDEN if hides else self.of(value, depth - 1)
            taken += 1
        if taken < len(values):
            copy[_MORE] = f"{len(values) - taken} more"
        return copy


def _bare(text: str) -> str:
    return _NOT_A_LETTER.sub("", text.lower())
