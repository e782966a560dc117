"""`fill`: what `string::format` does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pipelines.language.faults import Fault
from pipelines.language.library.bounds import check_string
from pipelines.language.limits import Limits
from pipelines.language.runtime.json_text import interpolate

__all__ = ["fill"]

# A text without anything special, or the special thing: two characters, or one that lacks its second.
_PIECES = re.compile(r"[^\\{}]+|\\.|\{\}|\{\{|\}\}|.", re.DOTALL)
_LITERALS = {r"\{": "{", r"\}": "}", "{{": "{", "}}": "}"}


def fill(limits: Limits, format: str, values: Sequence[Any]) -> str:
    """Put the values into the places of a format. Raises `Fault`."""
    pieces: list[str] = []
    used = total = 0
    for match in _PIECES.finditer(format):
        piece = match[0]
        if piece == "{}":
            if used == len(values):
                raise Fault(
                    f"there are fewer values than places: that at {match.start()} has none",
                    "give a value for each {}; write a brace itself as {{ or }}",
                )
            piece = interpolate(values[used])
            used += 1
        elif piece in _LITERALS:
            piece = _LITERALS[piece]
        elif piece in ("{", "}", "\\"):
            raise _lone(piece, match.start())
        total += len(piece)
        check_string(total, limits)
        pieces.append(piece)
    if used < len(values):
        raise Fault(
            f"there are more values than places: {len(values)}, and {used}",
            "write {} where a value belongs",
        )
    return "".join(pieces)


def _lone(piece: str, place: int) -> Fault:
    if piece == "\\":
        return Fault(f"the backslash at {place} stands for nothing", "write a character behind it")
    return Fault(f"the brace at {place} is alone", f"write {piece * 2} for the brace itself")
