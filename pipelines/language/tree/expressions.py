"""Expressions: values, operators, paths, calls."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from pipelines.language.tree.node import Expression, Node

if TYPE_CHECKING:
    from pipelines.language.aggregates.aggregate import AggregateKind
    from pipelines.language.library.function import Function
    from pipelines.language.routine import Routine

__all__ = [
    "Binary",
    "BinaryField",
    "BinaryLiteral",
    "Call",
    "Field",
    "Index",
    "Interpolation",
    "Key",
    "List",
    "Literal",
    "Path",
    "Present",
    "Range",
    "Record",
    "Recur",
    "Root",
    "RootKind",
    "Segment",
    "Unary",
]


@dataclass(slots=True, eq=False)
class Literal(Expression):
    """null, a boolean, a number, a text without embedded expressions; after the analysis any JSON value.

    A container in here is shared by all events: nobody may change it, and what leaves a script must not be it.
    """

    value: Any
    heredoc: bool = False


@dataclass(slots=True, eq=False)
class Interpolation(Expression):
    """A text with expressions in it. ``parts``: `str` and expressions, in order."""

    parts: list[str | Expression]
    heredoc: bool = False


@dataclass(slots=True, eq=False)
class BinaryField(Node):
    """``value:bits/type`` within ``<< … >>``; ``bits`` and ``type`` as written, ``None`` if not."""

    value: Expression
    bits: int | None
    type: str | None


@dataclass(slots=True, eq=False)
class BinaryLiteral(Expression):
    """``<< 1:4, x/binary >>``"""

    fields: list[BinaryField]


@dataclass(slots=True, eq=False)
class List(Expression):
    """``[a, b]``"""

    items: list[Expression]


@dataclass(slots=True, eq=False)
class Field(Node):
    """``"key": value``; the key is a `Literal` text or an `Interpolation`. The value is evaluated before the key."""

    key: Expression
    value: Expression


@dataclass(slots=True, eq=False)
class Record(Expression):
    """``{"a": 1}``; a later field of the same name wins."""

    fields: list[Field]


@dataclass(slots=True, eq=False)
class Unary(Expression):
    """``operator``: ``+ - not !``"""

    operator: str
    operand: Expression


@dataclass(slots=True, eq=False)
class Binary(Expression):
    """``operator`` as written: ``or xor and | ^ & == != >= > <= < >> >>> << + - * / %``"""

    operator: str
    left: Expression
    right: Expression


class RootKind(Enum):
    """What a path begins with."""

    EVENT = "event"
    STATE = "state"
    META = "$"
    ARGS = "args"
    GROUP = "group"
    WINDOW = "window"
    NAME = "name"
    """Parser only: a local, a shadow variable, or a constant; ``names`` has several parts only for a constant."""
    LOCAL = "local"
    """Analysis: ``slot`` is an index into the routine's ``locals``; parameters come first."""
    SHADOW = "shadow"
    """Analysis: introduced by ``for`` or ``case x =``; ``slot`` is unique within the routine, among shadows."""
    CONSTANT = "constant"
    """Analysis: ``value``. Constants without segments have become `Literal`. In a script, ``args`` stays `ARGS`: what
    it holds is known only when the script is put to work; in functions it is the surplus arguments."""


@dataclass(slots=True, eq=False)
class Root(Node):
    """The first part of a path. ``names``: the words of a `NAME`."""

    kind: RootKind
    names: tuple[str, ...] = ()
    # Analysis:
    slot: int = -1
    value: Any = None


@dataclass(slots=True, eq=False)
class Key(Node):
    """``.name``; after the analysis also ``["name"]`` with a literal."""

    name: str


@dataclass(slots=True, eq=False)
class Index(Node):
    """``[expression]``; after the analysis a literal in here is an integer of at least 0."""

    expression: Expression


@dataclass(slots=True, eq=False)
class Range(Node):
    """``[start:end]``"""

    start: Expression
    end: Expression


Segment = Key | Index | Range


@dataclass(slots=True, eq=False)
class Path(Expression):
    """``event.a[1]``, ``$b``, ``x::y``. ``$a.b`` has the root `META` and the segments a and b."""

    root: Root
    segments: list[Segment]


@dataclass(slots=True, eq=False)
class Present(Expression):
    """``present path``, or ``absent path`` if ``negated``."""

    path: Path
    negated: bool


@dataclass(slots=True, eq=False)
class Call(Expression):
    """``module::name(arguments)``. The parser makes it with ``names``, the words as written.

    Analysis: exactly one of ``function`` (of the library), ``routine`` (a custom function) and ``aggregate`` is set.
    ``aggregate`` of a select: ``slot`` is its place in the select's `routine.AggregateUse` list.
    """

    names: tuple[str, ...]
    arguments: list[Expression]
    # Analysis:
    function: Function | None = None
    routine: Routine | None = None
    aggregate: AggregateKind | None = None
    slot: int = -1


@dataclass(slots=True, eq=False)
class Recur(Expression):
    """``recur(arguments)``"""

    arguments: list[Expression]
