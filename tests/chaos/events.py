"""The events of a run: each has an id, and a payload that follows from the id and the seed, so that nobody keeps it."""

from __future__ import annotations

import json
import random
from typing import Any

__all__ = ["event", "line"]

_TEXTS = ("plain", "with, comma", 'with "quotes"', "ümläut ☃", "tab\tand\nnewline", "")


def event(seed: int, number: int) -> dict[str, Any]:
    """The event with this id, the same in each call."""
    chance = random.Random(seed * 1_000_003 + number)
    return {
        "id": number,
        "text": chance.choice(_TEXTS) * chance.randrange(4),
        "numbers": [chance.randrange(-(2**40), 2**40) for _ in range(chance.randrange(5))],
        "nested": {"flag": chance.random() < 0.5, "none": None},
    }


def line(seed: int, number: int) -> bytes:
    """The event as a line of JSON."""
    return json.dumps(event(seed, number)).encode() + b"\n"
