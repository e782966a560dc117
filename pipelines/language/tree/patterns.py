"""What stands after `case`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.language.tree.node import Node

if TYPE_CHECKING:
    from pipelines.language.extractors.extractor import Extractor
    from pipelines.language.tree.node import Expression

__all__ = [
    "ArrayPattern",
    "AssignPattern",
    "CompareField",
    "Default",
    "ExpressionPattern",
    "ExtractorPattern",
    "Pattern",
    "PatternField",
    "PresentField",
    "RecordPattern",
    "TuplePattern",
    "Wildcard",
]


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
