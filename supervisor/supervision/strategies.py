"""Who else is affected when one child fails: which children stop, which start, each in order. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from supervisor.supervision.child_spec import Restart

__all__ = ["RestartPlan", "Strategy", "restart_plan"]


class Strategy(Enum):
    """Which children share the fate of one that failed."""

    ONE_FOR_ONE = "one_for_one"
    """Only itself: the children do not depend on each other."""
    ONE_FOR_ALL = "one_for_all"
    """All of them: each depends on each."""
    REST_FOR_ONE = "rest_for_one"
    """Those that were started after it: later ones depend on earlier ones."""


@dataclass(frozen=True, slots=True)
class RestartPlan:
    """What a failure leads to, as ids in the order of doing. What is stopped and not started is forgotten."""

    stop: tuple[str, ...]
    start: tuple[str, ...]


def restart_plan(strategy: Strategy, failed: str, children: Mapping[str, Restart]) -> RestartPlan:
    """The plan after ``failed`` has failed and is to be restarted.

    ``children``: id and restart type of all children that are up, or about to be, in the order of their start;
    ``failed`` is among them. Bystanders stop last started first; temporary ones are not started again.
    """
    ids = list(children)
    match strategy:
        case Strategy.ONE_FOR_ONE:
            affected = [failed]
        case Strategy.ONE_FOR_ALL:
            affected = ids
        case Strategy.REST_FOR_ONE:
            affected = ids[ids.index(failed) :]
    return RestartPlan(
        stop=tuple(child for child in reversed(affected) if child != failed),
        start=tuple(
            child for child in affected if child == failed or children[child] is not Restart.TEMPORARY
        ),
    )
