"""`Writer`: the Python function that is being written for one routine. `Unit`: what the functions of a script share."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from math import isfinite
from typing import Any, TypeVar

from pipelines.language import tree
from pipelines.language.codegen.ownership import Ownership
from pipelines.language.codegen.sites import Sites
from pipelines.language.codegen.template import (
    Location,
    Part,
    constant,
    fill_expression,
    fill_statements,
    name,
    store,
)
from pipelines.language.diagnostic import CompileError, Diagnostic
from pipelines.language.dialect import Dialect
from pipelines.language.limits import Limits
from pipelines.language.routine import Routine
from pipelines.language.runtime.failure import PathSite, Site
from pipelines.language.source import Span

__all__ = [
    "EFFECT",
    "EMITTED",
    "RETURNED",
    "Destination",
    "Policy",
    "Unit",
    "Writer",
    "expression_of",
    "statement_of",
]

MOST_BLOCKS = 16
"""Loops within each other; Python takes 20 blocks, of which the function's frame needs some."""

_STABLE = frozenset({"event", "meta", "state", "occasion"})
"""Variables that no expression assigns, and that always have a value."""


class Policy(Enum):
    """Where a value goes, which says how independent of others it must be (see `ownership`)."""

    READ = "read"
    """It is looked at, then forgotten."""
    STORED = "stored"
    """A variable, or a container, keeps it."""
    LEAVING = "leaving"
    """It becomes a part of the event or of the metadata."""
    STATE = "state"
    """It becomes a part of the state, which must not hold itself."""
    WHOLE_STATE = "whole state"
    """It becomes the state; only the state that there was may be kept as it is."""

    @property
    def inner(self) -> Policy:
        """For what becomes a part of such a value."""
        return Policy.STATE if self is Policy.WHOLE_STATE else self


@dataclass(frozen=True, slots=True)
class Destination:
    """What becomes of a statement's value: it is returned, kept in a variable, or not even worked out."""

    variable: str | None = None
    policy: Policy = Policy.READ
    returns: bool = False

    @property
    def wanted(self) -> bool:
        """Whether there is any use for the value."""
        return self.returns or self.variable is not None


EFFECT = Destination()
EMITTED = Destination(policy=Policy.LEAVING, returns=True)
RETURNED = Destination(policy=Policy.STORED, returns=True)


@dataclass(slots=True)
class Unit:
    """One script, or one select. ``namespace`` holds all that its functions refer to by name."""

    dialect: Dialect
    limits: Limits
    namespace: dict[str, Any]
    shares_roots: bool
    """Whether the event or the metadata could come to hold each other's records."""
    grows: bool
    """Whether values must be weighed before they leave (see `growth`)."""
    counts: bool
    """Whether steps must be counted, because loops and calls may multiply (see `multiplying`)."""
    sites: Sites = field(default_factory=lambda: Sites({}))
    routines: dict[Routine, str] = field(default_factory=dict)
    waiting: list[Routine] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def add(self, prefix: str, value: Any) -> str:
        """Put something into the namespace: its name."""
        number = self.numbers[prefix] = self.numbers.get(prefix, -1) + 1
        self.namespace[f"{prefix}{number}"] = value
        return f"{prefix}{number}"

    def function(self, routine: Routine) -> str:
        """The name of the function of a routine, which is written some time later."""
        if routine not in self.routines:
            self.routines[routine] = f"function{len(self.routines)}"
            self.waiting.append(routine)
        return self.routines[routine]


class Writer:
    """Writes one function. ``body`` is the block that is being written; ``here`` the place in the script."""

    def __init__(self, unit: Unit, routine: Routine, ownership: Ownership) -> None:
        self.unit = unit
        self.routine = routine
        self.ownership = ownership
        self.body: list[ast.stmt] = []
        self.here = self.locate(routine.span)
        self.temporaries = 0
        self.blocks = 0
        self.perhaps_missing: frozenset[int] = frozenset()
        """Locals that ``present`` asks for: `MISSING` stands in them as long as they have no value."""
        self._locations: dict[int, Location] = {}

    # Places

    def locate(self, span: Span, path: PathSite | None = None) -> Location:
        """A position of its own for something at ``span``."""
        return self.unit.sites.add(span, Site(span, path))

    def at(self, node: tree.Node) -> Location:
        """The position of a node, the same each time."""
        if id(node) not in self._locations:
            self._locations[id(node)] = self.locate(node.span)
        return self._locations[id(node)]

    @contextmanager
    def placed(self, node: tree.Node) -> Iterator[None]:
        """Write what follows at the place of ``node``."""
        before, self.here = self.here, self.at(node)
        yield
        self.here = before

    # Pieces

    def make(self, text: str, **parts: Part) -> ast.expr:
        """An expression; see `template`."""
        return fill_expression(text, self.here, parts)

    def put(self, text: str, **parts: Part) -> None:
        """Write statements; see `template`."""
        self.body += fill_statements(text, self.here, parts)

    def store(self, variable: str, value: ast.expr) -> None:
        """Write ``variable = value``."""
        self.body.append(store(variable, value, self.here))

    def name(self, identifier: str) -> ast.expr:
        """The value of a variable."""
        return name(identifier, self.here)

    def constant(self, value: Any) -> ast.expr:
        """A value: a literal of Python where there is one, otherwise a name."""
        if (
            value is None
            or value.__class__ in (bool, int, str)
            or (value.__class__ is float and isfinite(value))
        ):
            return constant(value, self.here)
        return self.name(self.unit.add("constant", value))

    def temporary(self) -> str:
        """A new variable."""
        self.temporaries += 1
        return f"t{self.temporaries}"

    def kept(self, value: ast.expr) -> str:
        """The name of a variable that holds ``value``: its own, if it is one."""
        if isinstance(value, ast.Name) and (value.id in _STABLE or value.id[0] == "t"):
            return value.id
        variable = self.temporary()
        self.store(variable, value)
        return variable

    @contextmanager
    def block(self) -> Iterator[list[ast.stmt]]:
        """Write what follows into a block of its own."""
        before, self.body = self.body, []
        yield self.body
        self.body = before

    @contextmanager
    def loop(self, node: tree.Node) -> Iterator[list[ast.stmt]]:
        """As `block`, for the body of a loop. Raises `CompileError` if too many are within each other."""
        if self.blocks == MOST_BLOCKS:
            message = f"loops are nested deeper than {MOST_BLOCKS} levels"
            raise CompileError(
                [Diagnostic(message, node.span, "move some of them into a function", "too-deep")]
            )
        self.blocks += 1
        with self.block() as body:
            yield body
        self.blocks -= 1

    def count_step(self) -> None:
        """Write that one of the steps that an event may take is taken, where they are counted."""
        if self.unit.counts:
            self.put("steps[0] += 1\nif steps[0] > limits.steps: raise_steps(limits)")

    # Nodes

    def expression(self, node: tree.Expression) -> ast.expr:
        """The value of a node, to be looked at only. Statements that it needs are written before."""
        with self.placed(node):
            return _EXPRESSIONS[type(node)](self, node)

    def expressions(
        self, nodes: Sequence[tree.Expression], write: Callable[[tree.Expression], ast.expr] | None = None
    ) -> list[ast.expr]:
        """Values of several nodes, worked out in their order."""
        values: list[ast.expr] = []
        for node in nodes:
            with self.block() as needed:
                value = (write or self.expression)(node)
            if needed:
                # What was to be worked out in place must now happen before these statements.
                values = [
                    one if isinstance(one, ast.Constant) else self.name(self.kept(one)) for one in values
                ]
                self.body += needed
            values.append(value)
        return values

    def statement(self, node: tree.Expression, destination: Destination) -> None:
        """Write a statement."""
        write = _STATEMENTS.get(type(node))
        if write is None:
            if destination.wanted:
                self.deliver(node, destination)
            return
        with self.placed(node):
            write(self, node, destination)

    def deliver(self, node: tree.Expression, destination: Destination) -> None:
        """Write that the value of ``node`` goes to ``destination``."""
        from pipelines.language.codegen.values import leaving, value_for

        emits = destination is EMITTED
        value = leaving(self, node) if emits else value_for(self, node, destination.policy)
        with self.placed(node):
            self.finish(value, destination)

    def finish(self, value: ast.expr, destination: Destination) -> None:
        """Write that ``value``, already as independent as it must be, goes to ``destination``."""
        if destination.variable is not None:
            self.store(destination.variable, value)
        elif destination.returns:
            weighed = self.unit.grows and destination is EMITTED
            self.put("return bounded(VALUE, meta)" if weighed else "return VALUE", VALUE=value)


ExpressionWriter = Callable[[Writer, Any], ast.expr]
StatementWriter = Callable[[Writer, Any, Destination], None]
_EXPRESSIONS: dict[type, ExpressionWriter] = {}
_STATEMENTS: dict[type, StatementWriter] = {}
_E = TypeVar("_E", bound=ExpressionWriter)
_S = TypeVar("_S", bound=StatementWriter)


def expression_of(*kinds: type[tree.Expression]) -> Callable[[_E], _E]:
    """The decorated function writes the value of such nodes."""

    def register(write: _E) -> _E:
        _EXPRESSIONS.update(dict.fromkeys(kinds, write))
        return write

    return register


def statement_of(*kinds: type[tree.Expression]) -> Callable[[_S], _S]:
    """The decorated function writes such nodes as statements. All others are worth nothing but their value."""

    def register(write: _S) -> _S:
        _STATEMENTS.update(dict.fromkeys(kinds, write))
        return write

    return register
