"""`Folding`: works out constant expressions while a script is compiled, within limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipelines.language.faults import Fault
from pipelines.language.limits import Limits
from pipelines.language.runtime.json_text import interpolate
from pipelines.language.runtime.operations import UNARY, binary_operators

__all__ = ["Folding"]

_ELEMENT = 16
"""What one element of a container weighs; a character of a text weighs 1."""

_DEEPEST = 100
"""How deep containers of a constant may be nested: whoever walks them may call itself for each level."""


class Folding:
    """The operators within ``limits``, and how much has been worked out so far.

    Constants can share their parts (``const b = [a, a]``), and so be small in memory and endless when they are written
    out or compared. So each is weighed as if it shared nothing, and may not weigh more than the largest array, record
    or text. All operations together may handle twice that; after it, they are left to the run time.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._binary = binary_operators(self.limits)
        self._heaviest = max(self.limits.string, _ELEMENT * max(self.limits.array, self.limits.record))
        self._left = 2 * self._heaviest
        self._known: dict[int, tuple[Any, int, int]] = {}

    @property
    def exhausted(self) -> bool:
        """Whether no further operation is worked out."""
        return self._left <= 0

    def unary(self, operator: str, operand: Any) -> Any:
        """``operator operand``. Raises `Fault`."""
        return self._made(UNARY[operator](operand))

    def binary(self, operator: str, left: Any, right: Any) -> Any:
        """``left operator right``. Raises `Fault`."""
        self._spend(left, right)
        return self._made(self._binary[operator](left, right))

    def array(self, items: list[Any]) -> list[Any]:
        """``[a, b]``. Raises `Fault` for too much."""
        self._limit(len(items), self.limits.array, "elements in an array")
        made: list[Any] = self._made(items)
        return made

    def record(self, fields: list[tuple[str, Any]]) -> dict[str, Any]:
        """``{"a": b}``. Raises `Fault` for too much."""
        record = dict(fields)
        self._limit(len(record), self.limits.record, "fields in a record")
        made: dict[str, Any] = self._made(record)
        return made

    def text(self, parts: list[Any]) -> str:
        """An interpolated text: strings as they are, all else as JSON. Raises `Fault` for too much."""
        self._spend(*parts)
        text = "".join(map(interpolate, parts))
        self._limit(len(text), self.limits.string, "characters in a text")
        made: str = self._made(text)
        return made

    def call(self, function: Callable[..., Any], arguments: list[Any], takes_limits: bool) -> Any:
        """A call of a function of the library that depends on its arguments only. Raises `Fault`."""
        self._spend(*arguments)
        leading = [self.limits] if takes_limits else []
        return self._made(function(*leading, *arguments))

    def _made(self, value: Any) -> Any:
        self._left -= _ELEMENT + self._weigh(value)[0]
        return value

    def _spend(self, *values: Any) -> None:
        self._left -= sum(self._weigh(value)[0] for value in values)

    def _weigh(self, value: Any) -> tuple[int, int]:
        """What it weighs, and how deep it is nested. Raises `Fault` if that is too much."""
        kind = value.__class__
        if kind is str or kind is bytes:
            return len(value), 0
        if kind is not list and kind is not dict:
            return 0, 0
        known = self._known.get(id(value))
        if known is None:
            weight, depth = self._weigh_parts(value)
            # The value is kept with its weight, so that its id cannot become that of another.
            known = self._known[id(value)] = (value, weight, depth)
        return known[1], known[2]

    def _weigh_parts(self, container: Any, depth: int = 1) -> tuple[int, int]:
        weight, deepest = _ELEMENT * len(container), 0
        parts = container if container.__class__ is list else container.values()
        if container.__class__ is dict:
            weight += sum(map(len, container))
        for part in parts:
            kind = part.__class__
            if (kind is list or kind is dict) and id(part) not in self._known:
                if depth >= _DEEPEST:
                    raise _too_deep()
                part_weight, part_depth = self._weigh_parts(part, depth + 1)
            else:
                part_weight, part_depth = self._weigh(part)
            weight += part_weight
            deepest = max(deepest, part_depth)
            if weight > self._heaviest:
                raise Fault(
                    "this constant would be too large, written out",
                    "the limits of arrays, records and texts belong to the deployment",
                    "limit-exceeded",
                )
        if deepest + 1 > _DEEPEST:
            raise _too_deep()
        return weight, deepest + 1

    def _limit(self, size: int, limit: int, what: str) -> None:
        if size > limit:
            raise Fault(
                f"there can be at most {limit} {what}",
                "the limit belongs to the deployment",
                "limit-exceeded",
            )


def _too_deep() -> Fault:
    return Fault(f"constants can be nested {_DEEPEST} levels deep at most", code="limit-exceeded")
