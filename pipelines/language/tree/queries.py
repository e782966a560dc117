"""What queries are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines.language.tree.declarations import Declaration
from pipelines.language.tree.node import Node

if TYPE_CHECKING:
    from pipelines.language.tree.declarations import Script
    from pipelines.language.tree.node import Expression

__all__ = [
    "Create",
    "CreateStream",
    "Define",
    "DefineOperator",
    "DefineScript",
    "DefineWindow",
    "GroupBy",
    "Parameter",
    "Port",
    "Query",
    "QueryStatement",
    "Select",
    "WindowName",
]


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
