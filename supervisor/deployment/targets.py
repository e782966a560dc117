"""What people call the components of a deployment when they ask for them, and what is above and below those."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from supervisor.deployment.plan import ComponentId, Kind, Plan

__all__ = ["Reach", "UnknownTarget", "find_targets", "is_meant", "reach_of"]


class UnknownTarget(LookupError):
    """There is no component or flow of that name. The text says which there are."""


def is_meant(actor: str, target: str) -> bool:
    """Whether an actor is what ``target`` names: a component as ``"pipeline:main/parse"`` or ``"main/parse"`` (of any
    kind), or a flow, and with it all that is in it, as ``"flow:main"``, ``"main"``, or ``"main#2"`` for one copy.
    """
    kind, _, name = target.rpartition(":")
    own_kind, _, own_name = actor.rpartition(":")
    if kind == "flow" or (not kind and "/" not in name):
        copy = own_name.partition("/")[0]
        return name in (copy, copy.partition("#")[0])
    return name == own_name and kind in ("", own_kind)


def find_targets(actors: Iterable[str], target: str) -> list[str]:
    """Those of these components that are meant, in their order. Raises `UnknownTarget`."""
    actors = list(actors)
    names = [name for name in actors if is_meant(name, target)]
    if not names:
        flows = dict.fromkeys(
            f"flow:{name.rpartition(':')[2].partition('/')[0].partition('#')[0]}" for name in actors
        )
        close = difflib.get_close_matches(target, [*actors, *flows], n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise UnknownTarget(f"there is no component or flow called {target!r}{hint}")
    return names


@dataclass(frozen=True, slots=True)
class Reach:
    """The actors' names of the onramps that lead to a target, and of all that these lead to."""

    onramps: list[str]
    below: list[str]


def reach_of(plan: Plan, target: str) -> Reach:
    """What brings events to a component or flow, and where those go. Raises `UnknownTarget`."""
    names: dict[ComponentId, str] = {}
    for kind in (Kind.ONRAMP, Kind.PIPELINE, Kind.OFFRAMP):
        # Of several with one id, links lead to the one that is furthest downstream.
        names |= {each.id: each.actor_name for each in plan.components() if each.kind is kind}
    links = {each.actor_name: [names[link.target] for link in each.links] for each in plan.components()}
    meant = set(find_targets(links, target))
    onramps = [
        each.actor_name
        for each in plan.components()
        if each.kind is Kind.ONRAMP and meant & _reachable(links, [each.actor_name])
    ]
    below = _reachable(links, onramps or meant) - set(onramps)
    return Reach(onramps, [name for name in links if name in below])


def _reachable(links: Mapping[str, list[str]], starts: Iterable[str]) -> set[str]:
    """With the starts themselves."""
    seen: set[str] = set()
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += links[name]
    return seen
