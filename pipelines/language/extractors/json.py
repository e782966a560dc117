"""``json``: JSON text, decoded."""

from __future__ import annotations

from typing import Any

from pipelines.language.extractors.extractor import Extractor, refuse_text, register
from pipelines.language.faults import Fault
from pipelines.language.library.function import Occasion
from pipelines.language.runtime.json_text import decode
from pipelines.language.values import MISSING

__all__ = ["Json"]


@register
class Json(Extractor):
    """Matches what the function ``json::decode`` accepts."""

    name = "json"
    summary = "Decodes JSON; gives the value."
    example = ("", '{"n": [1, 2.5]}', '{"n": [1, 2.5]}')

    def __init__(self, text: str) -> None:
        refuse_text(self, text)

    def matches(self, string: str) -> bool:
        """Whether it is JSON."""
        try:
            decode(string)
        except Fault:
            return False
        return True

    def extract(self, string: str, occasion: Occasion) -> Any:
        """Any value."""
        try:
            return decode(string)
        except Fault:
            return MISSING
