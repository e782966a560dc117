"""Statements, and the bodies that hold them: let, emit, drop, match, for."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.language import tree
from pipelines.language.analysis.cautions import caution_hidden, caution_match, caution_sequence
from pipelines.language.analysis.frame import Frame, Surroundings, visit, visit_value, visits
from pipelines.language.analysis.paths import visit_path
from pipelines.language.analysis.patterns import visit_pattern
from pipelines.language.tree import Expression, Literal, RootKind

__all__ = ["visit_clause", "visit_sequence"]


def visit_sequence(frame: Frame, statements: Sequence[tree.Statement], tail: bool) -> list[Expression]:
    """Resolve statements one after the other. With ``tail``, the last is the function's value."""
    caution_sequence(frame, statements)
    last = len(statements) - 1
    return [visit(frame, statement, tail and place == last) for place, statement in enumerate(statements)]


@visits(tree.Let)
def _let(frame: Frame, node: tree.Let, tail: bool) -> Expression:
    target, known = node.target, len(frame.problems.errors)
    visit_path(frame, target, target=True)
    node.value = visit(frame, node.value)
    kind = target.root.kind
    if kind in (RootKind.CONSTANT, RootKind.GROUP, RootKind.WINDOW, RootKind.ARGS):
        # An unknown `a::b` was told already.
        if len(frame.problems.errors) == known:
            frame.error(
                f"`{target.span.text}` is a constant: nothing can be assigned to it",
                node.span,
                code="constant",
            )
    elif kind in (RootKind.EVENT, RootKind.META, RootKind.STATE):
        _let_event(frame, node)
    elif kind is RootKind.LOCAL and not target.segments:
        frame.assigned.add(target.root.names[0])
    return node


def _let_event(frame: Frame, node: tree.Let) -> None:
    kind = node.target.root.kind
    if frame.surroundings is Surroundings.FUNCTION:
        frame.error(
            f"a function cannot assign to `{kind.value}`",
            node.span,
            "return the value, and assign it there",
            "misplaced",
        )
    elif kind is RootKind.META and not node.target.segments and not _changes_meta_in_place(node.value):
        frame.error(
            "`$` as a whole cannot be assigned to",
            node.span,
            "assign to a field, as in `let $name = …`, or write `let $ = merge $ of … end`",
            "assign-metadata",
        )
    frame.assigns_event |= kind is RootKind.EVENT
    frame.assigns_meta |= kind is RootKind.META
    frame.uses_state |= kind is RootKind.STATE


def _changes_meta_in_place(value: Expression) -> bool:
    if not isinstance(value, tree.Merge | tree.Patch):
        return False
    target = value.target
    return isinstance(target, tree.Path) and target.root.kind is RootKind.META and not target.segments


@visits(tree.Emit)
def _emit(frame: Frame, node: tree.Emit, tail: bool) -> Expression:
    if frame.surroundings is not Surroundings.SCRIPT:
        frame.error(
            "nothing can be emitted here",
            node.span,
            "return the value, and emit it in the script",
            "misplaced",
        )
    node.value = visit_value(frame, node.value)
    node.port = visit_value(frame, node.port)
    if isinstance(node.port, Literal):
        frame.ports.add(node.port.value)
    elif node.port is not None:
        frame.open_ports = True
    return node


@visits(tree.Drop)
def _drop(frame: Frame, node: tree.Drop, tail: bool) -> Expression:
    if frame.surroundings is not Surroundings.SCRIPT:
        frame.error(
            "nothing can be dropped here", node.span, "return a value, and drop in the script", "misplaced"
        )
    return node


@visits(tree.Match)
def _match(frame: Frame, node: tree.Match, tail: bool) -> Expression:
    node.target = visit(frame, node.target)
    for clause in node.clauses:
        visit_clause(frame, clause, tail)
    caution_match(frame, node)
    return node


def visit_clause(frame: Frame, clause: tree.Clause, tail: bool) -> None:
    """Resolve one ``case`` or ``default``."""
    with frame.clause():
        visit_pattern(frame, clause.pattern)
        clause.guard = visit_value(frame, clause.guard)
        clause.body = visit_sequence(frame, clause.body, tail)


@visits(tree.For)
def _for(frame: Frame, node: tree.For, tail: bool) -> Expression:
    node.target = visit(frame, node.target)
    for clause in node.clauses:
        with frame.clause():
            caution_hidden(frame, clause.key, clause.span)
            caution_hidden(frame, clause.value, clause.span)
            clause.key_slot = frame.shadow(clause.key)
            clause.value_slot = frame.shadow(clause.value)
            clause.guard = visit_value(frame, clause.guard)
            clause.body = visit_sequence(frame, clause.body, tail=False)
    return node
