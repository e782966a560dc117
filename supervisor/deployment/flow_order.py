"""Pure questions about who sends to whom: circles, and the order to start in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["downstream_first", "find_cycles"]


def find_cycles(targets: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Circles, each from a name round to the same name; at least one where there is any, none of them twice.

    Depth-first without recursion: a chain may be longer than Python's stack.
    """
    cycles: list[list[str]] = []
    done: set[str] = set()
    for start in targets:
        trail: dict[str, None] = {}
        pending = [(start, iter(targets[start]))] if start not in done else []
        while pending:
            name, following = pending[-1]
            trail[name] = None
            target = next(following, None)
            if target is None:
                pending.pop()
                del trail[name]
                done.add(name)
            elif target in trail:
                names = list(trail)
                cycles.append([*names[names.index(target) :], target])
            elif target not in done:
                pending.append((target, iter(targets.get(target, ()))))
    return cycles


def downstream_first(
    names: Sequence[str], targets: Mapping[str, Sequence[str]], rank: Callable[[str], Any]
) -> list[str]:
    """All names of a graph without circles, each behind all that it sends to; of what is ready, the highest rank.

    With a rank of its own for each name, the order depends on the graph alone and not on how it was written down.
    """
    waiting = {name: len(set(targets.get(name, ()))) for name in names}
    sources: dict[str, set[str]] = {}
    for name in names:
        for target in targets.get(name, ()):
            sources.setdefault(target, set()).add(name)
    order: list[str] = []
    ready = [name for name in names if not waiting[name]]
    while ready:
        name = max(ready, key=rank)
        ready.remove(name)
        order.append(name)
        for source in sources.get(name, ()):
            waiting[source] -= 1
            if not waiting[source]:
                ready.append(source)
    return order
