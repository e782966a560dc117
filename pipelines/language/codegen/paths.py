"""Reading along paths, and ``present``.

A path is read by plain subscripts. Python would take some of what the language refuses, such as an index into a
string: only there stands a check or a helper. What fails is looked into afterwards, by walking the path again, for
which computed keys are kept in variables.
"""

from __future__ import annotations

import ast
from typing import Any

from pipelines.language import tree
from pipelines.language.codegen.template import Location
from pipelines.language.codegen.writer import Writer, expression_of
from pipelines.language.runtime.failure import Access, Operand, PathSite, SegmentSite
from pipelines.language.tree import RootKind

__all__ = ["local_variable", "path_location", "root_variable", "segment_keys", "shadow_variable"]

_SCOPES = {
    RootKind.EVENT: "event", RootKind.META: "metadata", RootKind.STATE: "state", RootKind.LOCAL: "local",
    RootKind.SHADOW: "local", RootKind.CONSTANT: "constant", RootKind.ARGS: "args", RootKind.GROUP: "group",
    RootKind.WINDOW: "window",
}  # fmt: skip

_VARIABLES = {
    RootKind.EVENT: "event", RootKind.META: "meta", RootKind.STATE: "state", RootKind.ARGS: "args",
    RootKind.GROUP: "group", RootKind.WINDOW: "window",
}  # fmt: skip
_NULL_IN_FUNCTIONS = (RootKind.EVENT, RootKind.META, RootKind.STATE, RootKind.GROUP, RootKind.WINDOW)


def local_variable(slot: int) -> str:
    """The Python variable of a local."""
    return f"v{slot}"


def shadow_variable(slot: int) -> str:
    """The Python variable of a shadow."""
    return f"s{slot}"


def root_variable(writer: Writer, root: tree.Root) -> str | None:
    """The Python variable that a path begins with; ``None`` for a constant, whose value is in ``root.value``."""
    if root.kind is RootKind.LOCAL:
        return local_variable(root.slot)
    if root.kind is RootKind.SHADOW:
        return shadow_variable(root.slot)
    if root.kind is RootKind.CONSTANT or (writer.ownership.in_function and root.kind in _NULL_IN_FUNCTIONS):
        return None
    return _VARIABLES[root.kind]


Keys = list[tuple[ast.expr, ...]]


def segment_keys(writer: Writer, segments: list[tree.Segment]) -> Keys:
    """The keys of each segment: constants, or variables that hold what was computed."""
    keys: Keys = []
    for segment in segments:
        if isinstance(segment, tree.Key):
            with writer.placed(segment):
                keys.append((writer.constant(segment.name),))
        elif isinstance(segment, tree.Index):
            keys.append((_key(writer, segment.expression),))
        else:
            keys.append((_key(writer, segment.start), _key(writer, segment.end)))
    return keys


def _key(writer: Writer, node: tree.Expression) -> ast.expr:
    value = writer.expression(node)
    return value if isinstance(value, ast.Constant) else writer.name(writer.kept(value))


def path_location(writer: Writer, node: tree.Path, access: str, keys: Keys) -> Location:
    """The position of a path. What fails there is explained with the values that ``keys`` have then."""
    root, segments = node.root, []
    for segment, expressions in zip(node.segments, keys, strict=True):
        operands = tuple(_operand(expression) for expression in expressions)
        spans: tuple[Any, ...] = ()
        if isinstance(segment, tree.Range):
            spans = (segment.start.span, segment.end.span)
        elif isinstance(segment, tree.Index) and not isinstance(segment.expression, tree.Literal):
            spans = (segment.expression.span,)
        segments.append(SegmentSite(segment.span, operands, spans))
    variable = root_variable(writer, root)
    name = "::".join(root.names) or root.kind.value
    site = PathSite(
        access, Operand(variable, root.value), _SCOPES.get(root.kind, "local"), name, tuple(segments)
    )
    return writer.locate(node.span, site)


def _operand(expression: ast.expr) -> Operand:
    if isinstance(expression, ast.Name):
        return Operand(expression.id)
    return Operand(None, expression.value if isinstance(expression, ast.Constant) else None)


def _root(writer: Writer, root: tree.Root) -> ast.expr:
    variable = root_variable(writer, root)
    if variable is not None:
        return writer.name(variable)
    # By name: Python warns of literals that cannot be subscripted.
    return writer.name(writer.unit.add("constant", root.value if root.kind is RootKind.CONSTANT else None))


@expression_of(tree.Path)
def _path(writer: Writer, node: tree.Path) -> ast.expr:
    keys = segment_keys(writer, node.segments)
    writer.here = path_location(writer, node, Access.READ, keys)
    value = _root(writer, node.root)
    if node.root.kind is RootKind.LOCAL and node.root.slot in writer.perhaps_missing:
        value = writer.make("ROOT if ROOT is not MISSING else unset()", ROOT=value)
    for segment, expressions in zip(node.segments, keys, strict=True):
        value = _read(writer, segment, value, expressions)
    return value


def _read(writer: Writer, segment: tree.Segment, value: ast.expr, keys: tuple[ast.expr, ...]) -> ast.expr:
    key = keys[0]
    if isinstance(segment, tree.Key):
        return writer.make("VALUE[KEY]", VALUE=value, KEY=key)
    if isinstance(segment, tree.Range):
        return writer.make("within(VALUE, START, END)", VALUE=value, START=key, END=keys[1])
    if isinstance(key, ast.Constant):
        variable = writer.temporary()
        return writer.make(
            "T[KEY] if (T := VALUE).__class__ is list else index(T, KEY)", T=variable, VALUE=value, KEY=key
        )
    return writer.make("index(VALUE, KEY)", VALUE=value, KEY=key)


@expression_of(tree.Present)
def _present(writer: Writer, node: tree.Present) -> ast.expr:
    path = node.path
    keys = segment_keys(writer, path.segments)
    writer.here = path_location(writer, path, Access.PRESENT, keys)
    value = _root(writer, path.root)
    tests: list[ast.expr] = []
    if path.root.kind is RootKind.LOCAL:
        tests.append(writer.make("ROOT is not MISSING", ROOT=value))
    last = len(path.segments) - 1
    for place, (segment, expressions) in enumerate(zip(path.segments, keys, strict=True)):
        variable = writer.temporary()
        parts: dict[str, Any] = {"T": variable, "VALUE": value, "KEY": expressions[0]}
        if isinstance(segment, tree.Key) and place == last:
            tests.append(writer.make("(T := VALUE).__class__ is dict and KEY in T", **parts))
        elif isinstance(segment, tree.Key):
            value = writer.make("T.get(KEY, MISSING) if (T := VALUE).__class__ is dict else MISSING", **parts)
        elif isinstance(segment, tree.Index):
            value = writer.make("look_up(VALUE, KEY)", **parts)
        else:
            value = writer.make("look_up_range(VALUE, KEY, END)", END=expressions[1], **parts)
        if place == last and not isinstance(segment, tree.Key):
            tests.append(writer.make("VALUE is not MISSING", VALUE=value))
    if not tests:
        return writer.constant(not node.negated)
    found = tests[0] if len(tests) == 1 else writer.make("ONE and OTHER", ONE=tests[0], OTHER=tests[1])
    return writer.make("not FOUND", FOUND=found) if node.negated else found
