"""``base64``: text in base64, decoded."""

from __future__ import annotations

from binascii import Error, a2b_base64, b2a_base64
from typing import Any

from pipelines.language.extractors.extractor import Extractor, refuse_text, register
from pipelines.language.library.function import Occasion
from pipelines.language.values import MISSING

__all__ = ["Base64"]


@register
class Base64(Extractor):
    """Matches the standard alphabet with its padding, and nothing besides it.

    Whether the bytes are UTF-8 matters only where the result is wanted.
    """

    name = "base64"
    summary = "Decodes base64 with the standard alphabet and padding; gives the string."
    example = ("", "8J+MiiB3YXZl", '"🌊 wave"')

    def __init__(self, text: str) -> None:
        refuse_text(self, text)

    def matches(self, string: str) -> bool:
        """Whether it is base64, of whatever bytes."""
        return _decode(string) is not None

    def extract(self, string: str, occasion: Occasion) -> Any:
        """A string."""
        decoded = _decode(string)
        if decoded is None:
            return MISSING
        try:
            return decoded.decode()
        except UnicodeDecodeError:
            return MISSING


def _decode(string: str) -> bytes | None:
    """The bytes, if encoding them gives ``string`` again: so padding, alphabet and unused bits are all checked."""
    try:
        data = string.encode("ascii")
        decoded = a2b_base64(data)
    except (UnicodeEncodeError, Error):
        return None
    return decoded if b2a_base64(decoded, newline=False) == data else None
