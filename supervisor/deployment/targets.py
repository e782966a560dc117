"""What people call the components of a deployment when they ask for them."""

from __future__ import annotations

__all__ = ["is_meant"]


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
