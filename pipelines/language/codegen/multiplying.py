"""Whether the loops and calls of a script can multiply, so that the steps of an event must be counted.

One loop is bounded by what it goes over, and one recursion by its limit. Where one is within another, or functions call
each other again and again, only a count of all of them bounds the time of an event. The others need not pay for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from pipelines.language import tree
from pipelines.language.codegen.ownership import walk
from pipelines.language.routine import Routine

__all__ = ["multiplies"]

MOST_CALLS: Final = 1000


def multiplies(bodies: Iterable[Any], called: list[Routine]) -> bool:
    """Whether there are two loops, of which one may be within the other, or very many calls.

    ``called`` are all functions, those that are called before those that call them.
    """
    loops, calls = 0, 0
    calls_of: dict[Routine, int] = {}
    for body in [*bodies, *([one.body, one.cases or []] for one in called)]:
        loops += sum(isinstance(node, tree.For | tree.Recur) for node in walk(body))
    for routine in called:
        inner = _callees([routine.body, routine.cases or []])
        calls_of[routine] = 1 + sum(calls_of.get(one, 0) for one in inner)
        calls = max(calls, calls_of[routine])
    return loops > 1 or calls > MOST_CALLS


def _callees(body: Any) -> list[Routine]:
    return [node.routine for node in walk(body) if isinstance(node, tree.Call) and node.routine is not None]
