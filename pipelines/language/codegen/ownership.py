"""Who may hold a value: what must be known to change records in place and still have values behave as values.

The function owns the outermost records of the event, the metadata, the state, and of each local variable that is
assigned to by a nested ``let``; those change in place. Nobody else ever gets hold of one of them: whatever keeps such a
record as a whole gets a copy of that one level. The records inside are shared freely and never changed, but copied
along the path of an assignment. The state is apart: it shares nothing with anything, and changes in place throughout;
what goes in or comes out is copied, all of it, unless it can be no container.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from enum import Flag, auto
from typing import Any

from pipelines.language import tree
from pipelines.language.routine import Routine, RoutineKind
from pipelines.language.tree import RootKind

__all__ = ["Holds", "Ownership", "is_new", "results_of", "walk"]


class Holds(Flag):
    """What a value may be, or contain. None of them: it is no container, or a new one with nothing but such in it."""

    NOTHING = 0
    SHARED = auto()
    """A constant, ``args``, or something else that belongs to nobody."""
    STATE = auto()
    ROOT = auto()
    """The value itself may be a record that changes in place."""
    OTHER = auto()
    """Any container."""


_SCALARS = frozenset({"null", "boolean", "integer", "unsigned", "float", "number", "string", "binary"})


def walk(node: Any) -> Iterator[tree.Node]:
    """All nodes below and with ``node``, which may be a list."""
    pending = [node]
    while pending:
        one = pending.pop()
        if isinstance(one, list):
            pending += one
        elif isinstance(one, tree.Node):
            yield one
            pending += [
                getattr(one, field.name) for field in fields(one) if field.name not in ("span", "routine")
            ]


def results_of(node: tree.Match | tree.For) -> list[tree.Expression]:
    """The last expressions of all clauses."""
    return [clause.body[-1] for clause in node.clauses]


def is_scalar_call(node: tree.Call) -> bool:
    """Whether a function of the library returns no container."""
    return node.function is not None and _SCALARS.issuperset(node.function.result.split("|"))


def is_new(node: tree.Expression) -> bool:
    """Whether the outermost container of the value is surely a new one."""
    if isinstance(node, tree.Patch):
        return all(operation.key is not None for operation in node.operations)
    if isinstance(node, tree.Call) and node.function is not None:
        return node.function.fresh or is_scalar_call(node)
    if isinstance(node, tree.Match):
        return all(is_new(one) for one in results_of(node))
    return not isinstance(node, tree.Path | tree.Call | tree.Let | tree.Recur | tree.Literal)


class Ownership:
    """What the values of a routine may hold. ``events`` says whether the event's outermost record changes in place."""

    def __init__(self, routine: Routine, events: bool, shared: dict[Routine, Holds]) -> None:
        self.routine = routine
        self.in_function = routine.kind is RoutineKind.FUNCTION
        self.events = events
        self.shared = shared
        self.changed: set[int] = set()
        self._variables: dict[tuple[RootKind, int], Holds] = {}
        self._watch()

    def _watch(self) -> None:
        """Find out what variables hold. The order of statements does not matter, so it is done until nothing is new."""
        gives: list[tuple[tuple[RootKind, int], tree.Expression, Holds]] = []
        for node in walk([self.routine.body, self.routine.cases or []]):
            if isinstance(node, tree.Let) and node.target.root.kind in (RootKind.LOCAL, RootKind.SHADOW):
                root = node.target.root
                gives.append(((root.kind, root.slot), node.value, Holds.SHARED))
                # What is kept in a variable was copied out of the state before.
                if node.target.segments and root.kind is RootKind.LOCAL:
                    self.changed.add(root.slot)
                elif node.target.segments:
                    self.changed.add(-1 - root.slot)
            elif isinstance(node, tree.Match):
                for clause in node.clauses:
                    if isinstance(clause.pattern, tree.AssignPattern):
                        key = (RootKind.SHADOW, clause.pattern.slot)
                        gives.append((key, node.target, Holds.SHARED))
                        gives += [(key, one.expression, Holds.SHARED) for one in _compared(clause.pattern)]
            elif isinstance(node, tree.For):
                both = Holds.SHARED | Holds.STATE
                gives += [
                    ((RootKind.SHADOW, clause.value_slot), node.target, both) for clause in node.clauses
                ]
        for clause in self.routine.cases or ():
            for place, pattern in enumerate(getattr(clause.pattern, "elements", ())):
                gives += [
                    ((RootKind.LOCAL, place), one.expression, Holds.SHARED) for one in _compared(pattern)
                ]
        again = True
        while again:
            again = False
            for key, value, kept in gives:
                held = self._variables.get(key, Holds.OTHER)
                wider = held | (self.of(value) & kept)
                if wider != held or key not in self._variables:
                    self._variables[key] = wider
                    again = True

    def of(self, node: tree.Expression) -> Holds:
        """What the value of ``node`` may hold."""
        if isinstance(node, tree.Literal):
            return Holds.SHARED if node.value.__class__ in (dict, list) else Holds.NOTHING
        if isinstance(node, tree.List):
            return self._all(node.items)
        if isinstance(node, tree.Record):
            return self._all([field.value for field in node.fields])
        if isinstance(node, tree.Path):
            return self._path(node)
        if isinstance(node, tree.Match | tree.For):
            return self._all(results_of(node))
        if isinstance(node, tree.Let):
            return self.of(node.value) | self._path(node.target)
        if isinstance(node, tree.Merge):
            return self._all([node.target, node.value]) | Holds.OTHER
        if isinstance(node, tree.Patch):
            values = [operation.value for operation in node.operations if operation.value is not None]
            return self._all([node.target, *values]) | Holds.OTHER
        if isinstance(node, tree.Call):
            return self._call(node)
        if isinstance(node, tree.Recur):
            return self._all(node.arguments)
        return Holds.NOTHING

    def _all(self, nodes: list[tree.Expression]) -> Holds:
        held = Holds.NOTHING
        for node in nodes:
            held |= self.of(node)
        return held

    def _path(self, node: tree.Path) -> Holds:
        root = node.root
        kind = root.kind
        if kind is RootKind.WINDOW:
            return Holds.NOTHING
        if kind in (RootKind.CONSTANT, RootKind.GROUP):
            return Holds.SHARED
        if kind is RootKind.ARGS:
            return Holds.OTHER if self.in_function else Holds.SHARED
        if kind in (RootKind.LOCAL, RootKind.SHADOW):
            held = self._variables.get((kind, root.slot), Holds.OTHER)
            slot = root.slot if kind is RootKind.LOCAL else -1 - root.slot
            return held | Holds.ROOT if slot in self.changed and not node.segments else held
        if self.in_function:
            return Holds.NOTHING
        if kind is RootKind.STATE:
            return Holds.STATE
        whole = not node.segments and (kind is RootKind.META or self.events)
        return Holds.OTHER | Holds.ROOT if whole else Holds.OTHER

    def _call(self, node: tree.Call) -> Holds:
        if node.function is not None:
            fresh = node.function.fresh or is_scalar_call(node)
            return Holds.NOTHING if fresh else self._all(node.arguments)
        if node.routine is not None:
            return self._all(node.arguments) | self.shared.get(node.routine, Holds.SHARED) | Holds.OTHER
        keeps = node.aggregate is not None and node.aggregate.module == "win"
        return Holds.SHARED if keeps else Holds.NOTHING


def _compared(pattern: tree.Pattern) -> Iterator[tree.ExpressionPattern]:
    return (node for node in walk(pattern) if isinstance(node, tree.ExpressionPattern))
