"""Whether a script can make a small value stand for a huge one.

Values share their parts, so that ``let x = [x, x]``, often enough, is a few bytes here and the world's memory as JSON.
This works out, without running it, how many times larger than what came in anything can get that leaves a script. Where
that is a small number nothing needs to be done; scripts for which it is not weigh what they let out.

A number stands for each variable, in units of what comes in. A loop or a recursion that embeds anything but its own
element makes it infinite.
"""

from __future__ import annotations

from math import inf
from typing import Final

from pipelines.language import tree
from pipelines.language.codegen.ownership import is_scalar_call, walk
from pipelines.language.routine import Routine
from pipelines.language.tree import RootKind

__all__ = ["MOST", "growth"]

MOST: Final = 32.0
"""What grows more is weighed."""

MOST_LOOPS: Final = 4

Variable = tuple[RootKind, int]


def growth(routine: Routine, routines: list[Routine]) -> float:
    """How many times as large as what comes in that what leaves ``routine`` can be, at most.

    ``routines`` are all functions that it may call, those that are called before those that call them.
    """
    factors: dict[Routine, float] = {}
    for function in routines:
        factors[function] = _Sizes(function, factors).of_routine()
    sizes = _Sizes(routine, factors)
    result = sizes.of_routine()
    return max([result, *sizes.variables.values()])


class _Sizes:
    def __init__(self, routine: Routine, factors: dict[Routine, float]) -> None:
        self.routine = routine
        self.factors = factors
        self.variables: dict[Variable, float] = {}
        self.emitted = 0.0
        self.loops = 0

    def of_routine(self) -> float:
        """The size of its result, if all that comes in has the size 1."""
        result = self._body(self.routine.body, True) if self.routine.body else 0.0
        for clause in self.routine.cases or ():
            result = max(result, self._body(clause.body, True))
        nodes = walk([self.routine.body, self.routine.cases or []]) if self.routine.recurs else ()
        recurs = [node for node in nodes if isinstance(node, tree.Recur)]
        if any(not self._keeps_size(one) for node in recurs for one in node.arguments):
            return inf
        return max(result, self.emitted)

    def _keeps_size(self, node: tree.Expression) -> bool:
        """Whether an argument of ``recur`` is at most as large as what the function got."""
        if isinstance(node, tree.Path):
            is_parameter = node.root.kind is RootKind.LOCAL and node.root.slot < self.routine.parameters
            return self._path(node) <= (1.0 if is_parameter else 0.0)
        return self.of(node) == 0.0

    def _body(self, body: list[tree.Expression], statements: bool) -> float:
        if statements:
            for statement in body[:-1]:
                self.of(statement)
        return self.of(body[-1])

    def of(self, node: tree.Expression) -> float:
        """The size of a value, and what its statements do to the variables."""
        if isinstance(node, tree.Literal):
            return 1.0 if node.value.__class__ in (list, dict) else 0.0
        if isinstance(node, tree.Path):
            return self._path(node)
        if isinstance(node, tree.List):
            return sum(self.of(item) for item in node.items)
        if isinstance(node, tree.Record):
            return sum(self.of(field.value) for field in node.fields)
        if isinstance(node, tree.Let):
            return self._let(node)
        if isinstance(node, tree.Match):
            return self._match(node)
        if isinstance(node, tree.For):
            return self._for(node)
        if isinstance(node, tree.Merge):
            return self.of(node.target) + self.of(node.value)
        if isinstance(node, tree.Patch):
            return self._patch(node)
        if isinstance(node, tree.Call):
            return self._call(node)
        if isinstance(node, tree.Emit):
            size = self.of(node.value) if node.value else self.variables.get((RootKind.EVENT, -1), 1.0)
            self.emitted = max(self.emitted, size)
        return 0.0

    def _path(self, node: tree.Path) -> float:
        return self.variables.get(_variable(node.root), 0.0 if node.root.kind is RootKind.WINDOW else 1.0)

    def _let(self, node: tree.Let) -> float:
        size, variable = self.of(node.value), _variable(node.target.root)
        if node.target.segments:
            self.variables[variable] = self.variables.get(variable, 1.0) + size
        else:
            self.variables[variable] = size
        return size

    def _match(self, node: tree.Match) -> float:
        target = self.of(node.target)
        before, result = dict(self.variables), 0.0
        after: dict[Variable, float] = {}
        for clause in node.clauses:
            self.variables = dict(before)
            if isinstance(clause.pattern, tree.AssignPattern):
                nodes = list(walk(clause.pattern))
                compared = [one.expression for one in nodes if isinstance(one, tree.ExpressionPattern)]
                size = target * len(nodes) + sum(self.of(one) for one in compared)
                self.variables[RootKind.SHADOW, clause.pattern.slot] = size
            result = max(result, self._body(clause.body, node.statement))
            for variable, size in self.variables.items():
                after[variable] = max(after.get(variable, before.get(variable, 1.0)), size)
        self.variables = {**before, **after}
        return result

    def _for(self, node: tree.For) -> float:
        # The body is worked out twice, so that the time doubles with each level.
        if self.loops == MOST_LOOPS:
            self.emitted = inf
            return inf
        self.loops += 1
        size = self._loop(node)
        self.loops -= 1
        return size

    def _loop(self, node: tree.For) -> float:
        target = self.of(node.target)
        before = dict(self.variables)
        for clause in node.clauses:
            self.variables[RootKind.SHADOW, clause.key_slot] = 0.0
            self.variables[RootKind.SHADOW, clause.value_slot] = 0.0
        # With elements of no size, what remains is what does not come from the element.
        other = max(self._body(clause.body, node.statement) for clause in node.clauses)
        changed = [one for one in self.variables if self.variables[one] > before.get(one, 1.0)]
        for clause in node.clauses:
            self.variables[RootKind.SHADOW, clause.value_slot] = 1.0
        each = max(self._body(clause.body, node.statement) for clause in node.clauses)
        for variable in self.variables:
            grown = self.variables[variable] > max(1.0, before.get(variable, 1.0))
            if (grown or variable in changed) and variable[0] is not RootKind.SHADOW:
                self.variables[variable] = inf
        return inf if other > 0 else each * target

    def _patch(self, node: tree.Patch) -> float:
        size = self.of(node.target)
        for operation in node.operations:
            if operation.name == "copy":
                size *= 2
            elif operation.name != "move" and operation.value is not None:
                size += self.of(operation.value)
        return size

    def _call(self, node: tree.Call) -> float:
        arguments = sum(self.of(argument) for argument in node.arguments)
        if is_scalar_call(node):
            return 0.0
        if node.routine is not None:
            factor = self.factors.get(node.routine, inf)
            if factor == inf:
                return inf
            return factor * arguments
        return 2 * arguments if node.function is not None else 1.0


def _variable(root: tree.Root) -> Variable:
    return root.kind, root.slot
