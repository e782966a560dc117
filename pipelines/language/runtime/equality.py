"""Equality of the language: total, exact for integers, near for floats, and never true of a boolean and a number."""

from __future__ import annotations

from typing import Final

from pipelines.language.values import Value

__all__ = ["EPSILON", "comparable_bytes", "equal"]

EPSILON: Final = 2.220446049250313e-16
"""Numbers of which one is a float are equal if they are nearer to each other than this."""


def comparable_bytes(value: Value) -> bytes | None:
    """A binary, or a string as UTF-8: these two compare with each other byte by byte. ``None`` for all else."""
    if value.__class__ is bytes:
        return value
    if value.__class__ is str:
        # A codec may have let half of a surrogate pair pass.
        return value.encode("utf-8", "surrogatepass")
    return None


def _equal_scalars(left: Value, right: Value) -> bool:
    kind, other = left.__class__, right.__class__
    if (kind is float and (other is float or other is int)) or (other is float and kind is int):
        return abs(float(left) - float(right)) < EPSILON
    if kind is other:
        return bool(left == right)
    if kind is bool or other is bool or left is None or right is None:
        return False
    if (kind is bytes and other is str) or (kind is str and other is bytes):
        return comparable_bytes(left) == comparable_bytes(right)
    # Neither can be of the language's own kinds alone: something that a codec made.
    return bool(left == right)


def equal(left: Value, right: Value) -> bool:
    """Whether two values are equal. Takes time in proportion to their containers, however often they share parts."""
    kind = left.__class__
    if kind is not right.__class__ or (kind is not list and kind is not dict):
        return _equal_scalars(left, right)
    pending = [(left, right)]
    # A value may hold one container very many times; each pair is looked at once.
    compared: set[tuple[int, int]] = set()
    while pending:
        left, right = pending.pop()
        if len(left) != len(right):
            return False
        if left.__class__ is dict:
            if left.keys() != right.keys():
                return False
            pairs = [(item, right[key]) for key, item in left.items()]
        else:
            pairs = list(zip(left, right, strict=True))
        for one, other in pairs:
            kind = one.__class__
            if kind is other.__class__ and (kind is dict or kind is list):
                if (pair := (id(one), id(other))) not in compared:
                    compared.add(pair)
                    pending.append((one, other))
            elif not _equal_scalars(one, other):
                return False
    return True
