"""Paths: what their first name stands for, and selectors that are known beforehand."""

from __future__ import annotations

from typing import Any

from pipelines.language import tree
from pipelines.language.analysis.frame import Frame, Surroundings, visit, visits
from pipelines.language.analysis.hints import nearest
from pipelines.language.closest import subtraction_hint
from pipelines.language.source import Span
from pipelines.language.tree import Expression, Literal, RootKind
from pipelines.language.values import MISSING, type_name

__all__ = ["visit_path"]

_GROUPING = (RootKind.GROUP, RootKind.WINDOW)
_WORDS = ("event", "state", "args", "true", "false", "null")


@visits(tree.Path)
def _path(frame: Frame, node: tree.Path, tail: bool) -> Expression:
    return visit_path(frame, node)


@visits(tree.Present)
def _present(frame: Frame, node: tree.Present, tail: bool) -> Expression:
    path = visit_path(frame, node.path, certain=False)
    # A constant without segments is there, always.
    if isinstance(path, Literal):
        return Literal(node.span, not node.negated)
    return node


def visit_path(frame: Frame, node: tree.Path, certain: bool = True, target: bool = False) -> Expression:
    """Resolve a path. ``certain``: a local that is unset makes the script fail here; ``target``: it is assigned to."""
    _resolve_root(frame, node.root, node.span, reads=certain and not (target and not node.segments))
    node.segments = [_segment(frame, segment) for segment in node.segments]
    if node.root.kind is RootKind.CONSTANT and not target:
        return _fold_path(frame, node)
    return node


def _resolve_root(frame: Frame, root: tree.Root, span: Span, reads: bool) -> None:
    kind = root.kind
    if kind is RootKind.NAME:
        _resolve_name(frame, root, span, reads)
    elif kind in _GROUPING or kind is RootKind.ARGS:
        _resolve_reserved(frame, root)
    else:
        _resolve_event(frame, root, span)


def _resolve_name(frame: Frame, root: tree.Root, span: Span, reads: bool) -> None:
    constant = frame.constant(root.names)
    if constant is not None:
        constant.used = True
        frame.broken |= constant.value is MISSING
        root.kind, root.value = RootKind.CONSTANT, constant.value
        return
    if len(root.names) > 1:
        _undefined_constant(frame, root, span)
        return
    name = root.names[0]
    shadow = frame.visible_shadow(name)
    if shadow is not None:
        root.kind, root.slot = RootKind.SHADOW, shadow
        return
    root.kind, root.slot = RootKind.LOCAL, frame.slot(name)
    frame.forbidden = frame.forbidden or name
    if reads:
        frame.read.setdefault(name, root.span)


def _undefined_constant(frame: Frame, root: tree.Root, span: Span) -> None:
    absolute = "::".join((*frame.scope.path, *root.names))
    hint = frame.scope.did_you_mean(root.names, "constants", frame.problems)
    if frame.scope.constant(root.names):
        hint = "a select sees constants in dialect 0.11 only"
    elif not hint and frame.scope.path:
        hint = f"names are looked up in the module `{'::'.join(frame.scope.path)}` only"
    frame.error(f"there is no constant `{absolute}`", span, hint, "undefined-constant")
    root.kind, root.value = RootKind.CONSTANT, MISSING


def _resolve_reserved(frame: Frame, root: tree.Root) -> None:
    """``args``, ``group`` and ``window``: constants that are null, except where they have a meaning."""
    surroundings, kind = frame.surroundings, root.kind
    if surroundings is Surroundings.FILTER:
        frame.forbidden = frame.forbidden or kind.value
    elif kind is RootKind.ARGS:
        if surroundings not in (Surroundings.SCRIPT, Surroundings.FUNCTION):
            root.kind = RootKind.CONSTANT
    elif surroundings not in (Surroundings.TARGET, Surroundings.HAVING):
        root.kind = RootKind.CONSTANT
    elif kind is RootKind.GROUP:
        frame.uses_group = True
    else:
        frame.uses_window = True


def _resolve_event(frame: Frame, root: tree.Root, span: Span) -> None:
    word = root.kind.value
    if frame.surroundings is Surroundings.FUNCTION:
        frame.problems.warning(
            f"`{word}` is always null in a function",
            span,
            "hand in what the function needs as an argument",
            "null-event",
        )
    elif root.kind is RootKind.STATE:
        frame.uses_state = True
        if frame.surroundings is not Surroundings.SCRIPT:
            root.kind = RootKind.CONSTANT
    elif frame.windowed and not frame.in_aggregate:
        frame.error(
            f"`{word}` belongs into an aggregate here: the result of a window is no single event's",
            span,
            f"write `aggr::win::last({span.text})`, or group by it and use `group`",
            "event-outside-aggregate",
        )


def _segment(frame: Frame, segment: tree.Segment) -> tree.Segment:
    if isinstance(segment, tree.Index):
        return _index(frame, segment)
    if isinstance(segment, tree.Range):
        segment.start = visit(frame, segment.start)
        segment.end = visit(frame, segment.end)
    return segment


def _index(frame: Frame, segment: tree.Index) -> tree.Segment:
    segment.expression = expression = visit(frame, segment.expression)
    if not isinstance(expression, Literal):
        return segment
    value = expression.value
    if value.__class__ is str:
        return tree.Key(segment.span, value)
    if value.__class__ is not int:
        frame.error(
            f"this must be an integer or a string, not {type_name(value)}",
            expression.span,
            code="bad-selector",
        )
    elif value < 0:
        frame.error(f"an index is at least 0, not {value}", expression.span, code="bad-selector")
    return segment


def _fold_path(frame: Frame, node: tree.Path) -> Expression:
    """A constant, or a part of one that is there. What is not there fails when the script comes to it."""
    value: Any = node.root.value
    if value is MISSING:
        return node
    for segment in node.segments:
        if isinstance(segment, tree.Key) and value.__class__ is dict and segment.name in value:
            value = value[segment.name]
            continue
        if isinstance(segment, tree.Index) and isinstance(segment.expression, Literal):
            index = segment.expression.value
            if value.__class__ is list and index.__class__ is int and 0 <= index < len(value):
                value = value[index]
                continue
        return node
    return Literal(node.span, value)


def near_name(frame: Frame, name: str) -> str:
    """A hint for a local that nothing is ever assigned to; "" if no name is near."""
    if subtraction := subtraction_hint(name):
        return subtraction
    known = [*frame.assigned, *frame.scope.constants, *frame.shadows, *_WORDS]
    near = nearest(name, known, frame.problems)
    return f"did you mean `{near}`?" if near else ""
