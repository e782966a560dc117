"""`Frame`: what is known while one body is analysed. `visit`: dispatches a node to the function for its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from pipelines.language.analysis.scope import ConstantEntry, Scope
from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import Dialect
from pipelines.language.faults import Fault
from pipelines.language.routine import AggregateUse
from pipelines.language.source import Span
from pipelines.language.tree import Expression, Literal, Node

__all__ = ["Frame", "Surroundings", "Visitor", "fold", "visit", "visit_value", "visits"]


class Surroundings(Enum):
    """What a body is a part of, which says what may stand in it."""

    SCRIPT = "script"
    FUNCTION = "function"
    CONSTANT = "constant"
    """The value of a constant or of a parameter in ``with``."""
    TARGET = "target"
    HAVING = "having"
    FILTER = "filter"
    """``where`` and ``group by``."""
    WINDOW = "window"
    """The script of a window."""

    @property
    def is_select(self) -> bool:
        """Whether it is a part of a select."""
        return self in (Surroundings.TARGET, Surroundings.HAVING, Surroundings.FILTER)


@dataclass(slots=True, eq=False)
class Frame:
    """One body.

    ``locals``: slots by name. ``shadows``: names by slot; ``visible``: those that are seen here, innermost last.
    ``assigned``, ``read``: locals that the body assigns as a whole, and where it reads each first. ``forbidden``: the
    first local where none is allowed. ``broken``: something in here could not be resolved, which was told already.
    ``aggregates``: those of the select; ``None`` where none may stand. ``windowed``: dialect 0.11's rule that ``event``
    and ``$`` belong into aggregates holds here. ``calls`` is as in `FunctionEntry`.
    """

    surroundings: Surroundings
    scope: Scope
    dialect: Dialect
    problems: Problems
    name: str = ""
    parameters: int = 0
    open: bool = False
    locals: dict[str, int] = field(default_factory=dict)
    shadows: list[str] = field(default_factory=list)
    visible: list[tuple[str, int]] = field(default_factory=list)
    assigned: set[str] = field(default_factory=set)
    read: dict[str, Span] = field(default_factory=dict)
    matched: set[str] = field(default_factory=set)
    """Names that stand alone behind a ``case``."""
    forbidden: str = ""
    broken: bool = False
    recurs: bool = False
    calls: int = 0
    aggregates: list[AggregateUse] | None = None
    in_aggregate: bool = False
    windowed: bool = False
    ports: set[str] = field(default_factory=set)
    open_ports: bool = False
    assigns_event: bool = False
    assigns_meta: bool = False
    uses_state: bool = False
    uses_window: bool = False
    uses_group: bool = False

    def error(self, message: str, span: Span, hint: str = "", code: str = "error") -> None:
        """Note an error in this body."""
        self.broken = True
        self.problems.error(message, span, hint, code)

    def slot(self, name: str) -> int:
        """The slot of a local, which is new if it was not seen before."""
        return self.locals.setdefault(name, len(self.locals))

    def shadow(self, name: str) -> int:
        """A new shadow variable, visible from now on."""
        slot = len(self.shadows)
        self.shadows.append(name)
        self.visible.append((name, slot))
        return slot

    def visible_shadow(self, name: str) -> int | None:
        """The slot of the innermost visible shadow variable of that name."""
        return next((slot for known, slot in reversed(self.visible) if known == name), None)

    @contextmanager
    def clause(self) -> Iterator[None]:
        """What becomes visible within it is no longer so afterwards."""
        before = len(self.visible)
        try:
            yield
        finally:
            del self.visible[before:]

    def constant(self, names: tuple[str, ...]) -> ConstantEntry | None:
        """The constant of that path, if constants can be seen here."""
        if self.surroundings.is_select and not self.dialect.constants_in_select:
            return None
        return self.scope.constant(names)


Visitor = Callable[[Frame, Any, bool], Expression]
_VISITORS: dict[type[Node], Visitor] = {}


def visits(*kinds: type[Node]) -> Callable[[Visitor], Visitor]:
    """Register a function for nodes of these kinds. It returns the node, completed, or what takes its place."""

    def register(visitor: Visitor) -> Visitor:
        for kind in kinds:
            _VISITORS[kind] = visitor
        return visitor

    return register


def visit(frame: Frame, node: Node, tail: bool = False) -> Expression:
    """Resolve and fold a node and all in it: what takes its place. ``tail``: its value is that of the function."""
    return _VISITORS[type(node)](frame, node, tail)


def visit_value(frame: Frame, node: Expression | None) -> Expression | None:
    """As `visit`, for what may be missing, and is no tail."""
    return None if node is None else visit(frame, node)


def fold(frame: Frame, node: Expression, work: Callable[[], Any]) -> Expression:
    """The literal that ``node`` comes to, by ``work``; ``node`` itself if that fails, which is an error, or if too
    much was worked out before.
    """
    if frame.scope.folding.exhausted:
        return node
    try:
        return Literal(node.span, work())
    except Fault as fault:
        frame.error(fault.message, node.span, fault.hint, fault.code)
        return node
