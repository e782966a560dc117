"""The tree of a script: what the parser makes, the analysis completes, and the code generator reads.

The parser fills all fields except those under *Analysis*. `pipelines.language.analysis` works on the same nodes: it
replaces constant expressions by `Literal`, resolves each `Root` and `Call`, numbers locals, and makes a `Routine` of
each body that becomes a Python function. Nodes marked *analysis only* never come from the parser.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from pipelines.language.source import Span

if TYPE_CHECKING:
    from pipelines.language.aggregates.aggregate import AggregateKind
    from pipelines.language.extractors.extractor import Extractor
    from pipelines.language.library.function import Function
    from pipelines.language.routine import Routine


@dataclass(slots=True, eq=False)
class Node:
    """Any node: ``span`` runs from its first to its last token; brackets around an expression are not part of it."""

    span: Span


class Expression(Node):
    """What has a value. `Let`, `Emit`, `Drop`, and `Match` and `For` as statements, are expressions as well."""

    __slots__ = ()


# Values


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


# Paths


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


# Statements


@dataclass(slots=True, eq=False)
class Let(Expression):
    """``let target = value``; the value is a statement (it may be a `Match` or `For` with statements in it)."""

    target: Path
    value: Expression


@dataclass(slots=True, eq=False)
class Emit(Expression):
    """``emit value => port``. ``port`` is a `Literal` text or an `Interpolation`. Without a value: ``event``."""

    value: Expression | None
    port: Expression | None


@dataclass(slots=True, eq=False)
class Drop(Expression):
    """``drop``"""


@dataclass(slots=True, eq=False)
class Clause(Node):
    """``case pattern when guard => body``, or ``default => body`` with the pattern `Default`."""

    pattern: Pattern
    guard: Expression | None
    body: list[Expression]


@dataclass(slots=True, eq=False)
class Match(Expression):
    """``match target of … end``. ``statement``: its bodies are statements, all executed; otherwise only the last
    expression of a body is evaluated.
    """

    target: Expression
    clauses: list[Clause]
    statement: bool


@dataclass(slots=True, eq=False)
class ForClause(Node):
    """``case (key, value) when guard => body``. ``key_slot``, ``value_slot`` (analysis): shadow variables."""

    key: str
    value: str
    guard: Expression | None
    body: list[Expression]
    key_slot: int = -1
    value_slot: int = -1


@dataclass(slots=True, eq=False)
class For(Expression):
    """``for target of … end``"""

    target: Expression
    clauses: list[ForClause]
    statement: bool


@dataclass(slots=True, eq=False)
class Merge(Expression):
    """``merge target of value end``"""

    target: Expression
    value: Expression


@dataclass(slots=True, eq=False)
class Operation(Node):
    """One step of a `Patch`. ``name``: ``insert upsert update erase move copy merge``.

    ``key`` is ``None`` for ``merge => value``; ``value`` is ``None`` for ``erase``, and the new name for ``move`` and
    ``copy``.
    """

    name: str
    key: Expression | None
    value: Expression | None


@dataclass(slots=True, eq=False)
class Patch(Expression):
    """``patch target of … end``"""

    target: Expression
    operations: list[Operation]


# Calls


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


# Patterns


class Pattern(Node):
    """What stands after ``case``."""

    __slots__ = ()


@dataclass(slots=True, eq=False)
class Default(Pattern):
    """``default``"""


@dataclass(slots=True, eq=False)
class Wildcard(Pattern):
    """``_``"""


@dataclass(slots=True, eq=False)
class ExpressionPattern(Pattern):
    """Matches what is equal to the expression."""

    expression: Expression


@dataclass(slots=True, eq=False)
class ExtractorPattern(Pattern):
    """``~ name|text|``. The span runs from the name to the closing bar. ``extractor`` (analysis): compiled."""

    name: str
    text: str
    extractor: Extractor | None = None


@dataclass(slots=True, eq=False)
class AssignPattern(Pattern):
    """``name = pattern``. ``slot`` (analysis): the shadow variable."""

    name: str
    pattern: Pattern
    slot: int = -1


@dataclass(slots=True, eq=False)
class PresentField(Node):
    """``present name``, or ``absent name`` if ``negated``."""

    name: str
    negated: bool


@dataclass(slots=True, eq=False)
class PatternField(Node):
    """``name ~= pattern``, or ``alias = name ~= pattern``: an extractor, a record pattern or an array pattern.

    The result is stored under the alias, if there is one (we mend what 0.9 got wrong here).
    """

    name: str
    pattern: Pattern
    alias: str | None = None


@dataclass(slots=True, eq=False)
class CompareField(Node):
    """``name < expression``: ``== != >= > <= <``"""

    name: str
    operator: str
    expression: Expression


@dataclass(slots=True, eq=False)
class RecordPattern(Pattern):
    """``%{ … }``"""

    fields: list[PresentField | PatternField | CompareField]


@dataclass(slots=True, eq=False)
class ArrayPattern(Pattern):
    """``%[ … ]``: elements are `ExpressionPattern`, `ExtractorPattern`, `RecordPattern`, and `Wildcard` in 0.11."""

    elements: list[Pattern]


@dataclass(slots=True, eq=False)
class TuplePattern(Pattern):
    """``%( … )``: elements as above, and `Wildcard`; ``open`` with ``...`` at the end."""

    elements: list[Pattern]
    open: bool


# Declarations


@dataclass(slots=True, eq=False)
class Const(Expression):
    """``const name = value``"""

    name: str
    value: Expression
    documentation: str = ""


@dataclass(slots=True, eq=False)
class Intrinsic(Node):
    """``intrinsic fn name(parameters) as target`` (``target``: module words and the function's name)."""

    name: str
    parameters: list[str]
    open: bool
    target: tuple[str, ...]
    documentation: str = ""


@dataclass(slots=True, eq=False)
class Fn(Node):
    """``fn name(parameters) with body end``; ``open``: with ``...``.

    ``fn name(parameters) of case (…) => … default => … end`` has ``cases`` instead of a body: clauses whose pattern is
    a closed `TuplePattern`, and the default last.
    """

    name: str
    parameters: list[str]
    open: bool
    body: list[Statement]
    cases: list[Clause] | None = None
    documentation: str = ""


@dataclass(slots=True, eq=False)
class Module(Node):
    """``mod name with … end``. The preprocessor makes these of ``use`` as well."""

    name: str
    items: list[Declaration | Define]
    documentation: str = ""


@dataclass(slots=True, eq=False)
class Use(Node):
    """``use a::b as c;`` where the preprocessor has not run (formatter, ``language ast``)."""

    names: tuple[str, ...]
    alias: str | None


Declaration = Const | Fn | Intrinsic | Module | Use
Statement = Expression | Fn | Intrinsic | Module | Use


@dataclass(slots=True, eq=False)
class Script(Node):
    """A whole script, or the body of an embedded one."""

    statements: list[Statement]
    documentation: str = ""


# Queries


@dataclass(slots=True, eq=False)
class Parameter(Node):
    """``name = value`` after ``with``; also ``#!config name = value``."""

    name: str
    value: Expression


@dataclass(slots=True, eq=False)
class DefineWindow(Node):
    """``define tumbling window name with … script … end``; ``kind`` is ``tumbling`` or ``sliding``."""

    kind: str
    name: str
    parameters: list[Parameter]
    script: Expression | None


@dataclass(slots=True, eq=False)
class DefineOperator(Node):
    """``define module::operator operator name with … end``"""

    operator: tuple[str, str]
    name: str
    parameters: list[Parameter]


@dataclass(slots=True, eq=False)
class DefineScript(Node):
    """``define script name with … script … end``"""

    name: str
    parameters: list[Parameter]
    script: Script


Define = DefineWindow | DefineOperator | DefineScript


@dataclass(slots=True, eq=False)
class CreateStream(Node):
    """``create stream name``"""

    name: str


@dataclass(slots=True, eq=False)
class Create(Node):
    """``create operator|script name from path with … end``; ``kind`` is ``operator`` or ``script``. Without ``from``
    the definition has the node's name: ``definition`` is ``(name,)``.
    """

    kind: str
    name: str
    definition: tuple[str, ...]
    parameters: list[Parameter]


@dataclass(slots=True, eq=False)
class Port(Node):
    """``name/port``"""

    name: str
    port: str | None


@dataclass(slots=True, eq=False)
class WindowName(Node):
    """``a::b`` between the brackets behind ``from``."""

    names: tuple[str, ...]


@dataclass(slots=True, eq=False)
class GroupBy(Node):
    """``group by``: an expression, ``set(…)`` with ``parts``, or ``each(expression)`` with ``each``."""

    expression: Expression | None = None
    parts: list[GroupBy] = field(default_factory=list)
    each: bool = False


@dataclass(slots=True, eq=False)
class Select(Node):
    """``select target from source [windows] where … group by … into sink having …``"""

    target: Expression
    source: Port
    windows: list[WindowName]
    where: Expression | None
    group_by: GroupBy | None
    sink: Port
    having: Expression | None


QueryStatement = Declaration | Define | CreateStream | Create | Select


@dataclass(slots=True, eq=False)
class Query(Node):
    """A whole query."""

    config: list[Parameter]
    statements: list[QueryStatement]
    documentation: str = ""
