"""`strictly_equal`: equality of functions such as `array::contains`, where an integer is no float."""

from __future__ import annotations

from math import ulp
from typing import Any

from pipelines.language.runtime.equality import EPSILON

__all__ = ["strictly_equal"]

_ULPS = 4


def strictly_equal(left: Any, right: Any) -> bool:
    """Whether two values have the same type and are equal; floats that nearly are count as equal.

    Near is at most four units in the last place, or the distance from 1 to the next float. Each pair of containers is
    looked at once, however often the values hold them, so that it takes no more time than they have parts.
    """
    kind = left.__class__
    if kind is not right.__class__:
        return False
    if kind is not list and kind is not dict:
        return _equal_floats(left, right) if kind is float else bool(left == right)
    pending = [(left, right)]
    compared: set[tuple[int, int]] = set()
    while pending:
        left, right = pending.pop()
        if len(left) != len(right):
            return False
        if left.__class__ is dict:
            if left.keys() != right.keys():
                return False
            pairs = [(value, right[key]) for key, value in left.items()]
        else:
            pairs = list(zip(left, right, strict=True))
        for one, other in pairs:
            kind = one.__class__
            if kind is not other.__class__:
                return False
            if kind is list or kind is dict:
                if (pair := (id(one), id(other))) not in compared:
                    compared.add(pair)
                    pending.append((one, other))
            elif not (_equal_floats(one, other) if kind is float else one == other):
                return False
    return True


def _equal_floats(left: float, right: float) -> bool:
    if left == right:
        return True
    distance = abs(left - right)
    return distance <= EPSILON or distance <= _ULPS * min(ulp(left), ulp(right)) < float("inf")
