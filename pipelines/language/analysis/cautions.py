"""Warnings: what is allowed, and surely not meant. Each of them is certain, none a guess."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from pipelines.language import tree
from pipelines.language.analysis.frame import Frame
from pipelines.language.analysis.paths import near_name
from pipelines.language.analysis.scope import ConstantEntry, FunctionEntry, Scope
from pipelines.language.diagnostic import Problems
from pipelines.language.routine import AggregateUse
from pipelines.language.source import Span
from pipelines.language.tree import Select

__all__ = [
    "caution_aggregates", "caution_hidden", "caution_locals", "caution_match", "caution_record_pattern",
    "caution_sequence", "caution_unused", "sort_warnings",
]  # fmt: skip

_COLLECTING = ("collect_flattened", "collect_nested")
_TO_BIND = "to give what is matched this name, write `case {} = _`"
_ACTIONS = (tree.Let, tree.Emit, tree.Drop)


def caution_match(frame: Frame, node: tree.Match) -> None:
    """A match that may find no clause, or that has clauses that are never tried."""
    defaults = [clause for clause in node.clauses if isinstance(clause.pattern, tree.Default)]
    if not any(_always(clause) for clause in node.clauses):
        frame.problems.warning(
            "this match has no default clause: an event that no clause fits makes the script fail",
            node.span,
            "add `default => null`, or what else is right then",
            "no-default",
            below=True,
        )
    if len(defaults) > 1:
        frame.problems.warning(
            "this match has several default clauses, of which only the first is ever used",
            node.span,
            "remove the others",
            "several-defaults",
            below=True,
        )
    settled = False
    for clause in node.clauses:
        if settled and clause not in defaults:
            frame.problems.warning(
                "this clause is never tried: one before it always fits", clause.span, code="unreachable"
            )
        settled = settled or _always(clause)


def _always(clause: tree.Clause) -> bool:
    pattern = clause.pattern
    while isinstance(pattern, tree.AssignPattern):
        pattern = pattern.pattern
    return clause.guard is None and isinstance(pattern, tree.Default | tree.Wildcard)


def caution_record_pattern(frame: Frame, pattern: tree.RecordPattern) -> None:
    """A field that is tested for being there, or not, and in another way as well."""
    tested = {field.name for field in pattern.fields if not isinstance(field, tree.PresentField)}
    present = {
        field.name for field in pattern.fields if isinstance(field, tree.PresentField) and not field.negated
    }
    for field in pattern.fields:
        if not isinstance(field, tree.PresentField):
            continue
        if field.negated and field.name in tested | present:
            frame.problems.warning(
                f"the field `{field.name}` must be absent and pass a test: this never matches",
                pattern.span,
                code="impossible-pattern",
            )
        elif not field.negated and field.name in tested:
            frame.problems.warning(
                f"the field `{field.name}` is tested by `present` and in another way",
                pattern.span,
                "leave out `present`: the other test implies it",
                "redundant-present",
            )


def caution_sequence(frame: Frame, statements: Sequence[tree.Statement]) -> None:
    """Statements behind one that ends the run, and expressions whose value nobody sees."""
    for statement, following in pairwise(statements):
        if isinstance(statement, tree.Emit | tree.Drop):
            frame.problems.warning(
                "what stands here is never reached: the statement before it ends the run",
                following.span,
                code="unreachable",
            )
            return
        if isinstance(statement, tree.Match | tree.For) and statement.statement:
            continue
        if isinstance(statement, tree.Expression) and not isinstance(statement, (*_ACTIONS, tree.Const)):
            frame.problems.warning(
                "this is never evaluated: only the last expression counts",
                statement.span,
                "assign it with `let`, or remove it",
                "unused-value",
            )


def caution_locals(frame: Frame) -> None:
    """Locals that are read, and that nothing in the body ever assigns to."""
    for name, span in frame.read.items():
        if name not in frame.assigned:
            frame.problems.warning(
                f"nothing is ever assigned to `{name}`: reading it fails",
                span,
                near_name(frame, name) or (_TO_BIND.format(name) if name in frame.matched else ""),
                "never-assigned",
            )


def caution_hidden(frame: Frame, name: str, span: Span) -> None:
    """A new variable that nobody can read, since its name is that of a constant."""
    if frame.constant((name,)):
        frame.problems.warning(
            f"`{name}` is a constant, which hides this variable",
            span,
            "give one of them another name",
            "hidden",
        )


def caution_aggregates(select: Select, aggregates: Sequence[AggregateUse], problems: Problems) -> None:
    """Aggregates that have nothing to sum up, and those that keep everything."""
    for use in aggregates:
        name = f"{use.kind.module}::{use.kind.name}"
        if not select.windows:
            problems.warning(
                f"`{name}` has nothing to sum up: this select has no window",
                use.span,
                "name a window behind `from`, as in `from in[name]`",
                "no-window",
            )
        elif use.kind.name in _COLLECTING:
            problems.warning(
                f"`{name}` keeps every value of the window in memory",
                use.span,
                "use another aggregate if one of them does",
                "collects-all",
            )


def caution_unused(scope: Scope, problems: Problems) -> None:
    """Constants and functions of a script, not of its modules, that it does not use."""
    entries: list[tuple[str, ConstantEntry | FunctionEntry]] = [
        *(("constant", constant) for constant in scope.constants.values()),
        *(("function", function) for function in scope.functions.values()),
    ]
    for kind, entry in entries:
        if not entry.used:
            problems.warning(f"the {kind} `{entry.name}` is not used", entry.span, code="unused")


def sort_warnings(problems: Problems) -> None:
    """Put warnings into the order of the text."""
    problems.warnings.sort(key=lambda one: (one.file, one.span.start if one.span else 0, one.message))
