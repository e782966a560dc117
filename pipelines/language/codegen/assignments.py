"""``let``: into a variable, the event, the metadata or the state, as a whole or along a path."""

from __future__ import annotations

import ast

from pipelines.language import tree
from pipelines.language.codegen.ownership import is_new
from pipelines.language.codegen.paths import path_location, root_variable, segment_keys
from pipelines.language.codegen.values import patch_into, patch_operands, value_for
from pipelines.language.codegen.writer import Destination, Policy, Writer, expression_of, statement_of
from pipelines.language.runtime.failure import Access
from pipelines.language.tree import RootKind

__all__: list[str] = []

_OWN_ROOTS = (RootKind.LOCAL, RootKind.SHADOW)


@statement_of(tree.Let)
def _let(writer: Writer, node: tree.Let, destination: Destination) -> None:
    value = _assign(writer, node, destination.wanted)
    if not destination.wanted:
        return
    if node.target.segments:
        # Two hold it now.
        if destination.policy is not Policy.READ and not isinstance(value, ast.Constant):
            apart = "copy(VALUE)" if node.target.root.kind is RootKind.STATE else "own(VALUE)"
            value = writer.make(apart, VALUE=value)
        writer.finish(value, destination)
    else:
        writer.deliver(node.target, destination)


@expression_of(tree.Let)
def _let_value(writer: Writer, node: tree.Let) -> ast.expr:
    return _assign(writer, node, True)


def _assign(writer: Writer, node: tree.Let, wanted: bool) -> ast.expr:
    """Write the assignment: what was assigned, to be used again only if it is ``wanted``."""
    kind, whole = node.target.root.kind, not node.target.segments
    variable = root_variable(writer, node.target.root)
    if variable is None or kind in (RootKind.ARGS, RootKind.GROUP, RootKind.WINDOW):
        writer.put("raise Fault('this cannot be assigned to', '', 'constant')")
        return writer.constant(None)
    if whole and isinstance(node.value, tree.Merge | tree.Patch) and _is_same(node.target, node.value.target):
        _change_in_place(writer, node.value, variable, kind)
        return writer.name(variable)
    policy = _policy(kind)
    if not whole:
        return _assign_along(writer, node, variable, value_for(writer, node.value, policy), wanted)
    _assign_whole(writer, node, variable, Policy.WHOLE_STATE if policy is Policy.STATE else policy)
    return writer.name(variable)


def _policy(kind: RootKind) -> Policy:
    if kind is RootKind.STATE:
        return Policy.STATE
    return Policy.STORED if kind in _OWN_ROOTS else Policy.LEAVING


def _is_same(target: tree.Path, other: tree.Expression) -> bool:
    if not isinstance(other, tree.Path) or other.segments:
        return False
    return (other.root.kind, other.root.slot) == (target.root.kind, target.root.slot)


def _assign_whole(writer: Writer, node: tree.Let, variable: str, policy: Policy) -> None:
    kind = node.target.root.kind
    if kind is RootKind.META:
        writer.put("raise Fault('`$` as a whole cannot be assigned to', '', 'assign-metadata')")
        return
    value = value_for(writer, node.value, policy)
    changes = node.target.root.slot in writer.ownership.changed and kind is RootKind.LOCAL
    changes |= -1 - node.target.root.slot in writer.ownership.changed and kind is RootKind.SHADOW
    changes |= kind is RootKind.EVENT and writer.ownership.events
    if changes and not is_new(node.value):
        # The record is to change in place, so that it must be nobody else's.
        value = writer.make("own(VALUE)", VALUE=value)
    writer.store(variable, value)
    if kind is RootKind.STATE:
        writer.put("cell.value = state")


def _assign_along(writer: Writer, node: tree.Let, variable: str, value: ast.expr, wanted: bool) -> ast.expr:
    """``let root.a.b = value``: what was assigned, in a variable or as a constant."""
    path = node.target
    # Python works out a value before the keys that it is stored under.
    simple = len(path.segments) == 1 and isinstance(path.segments[0], tree.Key)
    if not isinstance(value, ast.Constant) and (wanted or not simple):
        value = writer.name(writer.kept(value))
    keys = segment_keys(writer, path.segments)
    before = writer.here
    writer.here = path_location(writer, path, Access.ASSIGN, keys)
    if path.root.kind is RootKind.LOCAL and path.root.slot in writer.perhaps_missing:
        value = value if isinstance(value, ast.Constant) else writer.name(writer.kept(value))
        writer.put("if ROOT is MISSING: unset()", ROOT=variable)
    flat = [one for some in keys for one in some]
    if simple:
        # A list refuses a key that is a text as well.
        writer.put("ROOT[KEY] = VALUE", ROOT=variable, KEY=flat[0], VALUE=value)
    else:
        ranges = any(isinstance(segment, tree.Range) for segment in path.segments)
        listed = _tuple(writer, [writer.constant(None)] if ranges else flat)
        helper = "assign_in_place" if path.root.kind is RootKind.STATE else "assign"
        writer.put("HELPER(ROOT, KEYS, VALUE)", HELPER=helper, ROOT=variable, KEYS=listed, VALUE=value)
    writer.here = before
    return value


def _tuple(writer: Writer, items: list[ast.expr]) -> ast.expr:
    made = ast.Tuple(elts=items, ctx=ast.Load())
    made.lineno, made.col_offset, made.end_lineno, made.end_col_offset = writer.here
    return made


def _change_in_place(writer: Writer, value: tree.Merge | tree.Patch, variable: str, kind: RootKind) -> None:
    """``let x = merge x of … end``: a patch that fails leaves what it did until then."""
    with writer.placed(value):
        operand = _policy(kind)
        if isinstance(value, tree.Merge):
            _merge_in_place(writer, value, variable, operand)
        else:
            operands = patch_operands(writer, value.operations, operand)
            with writer.placed(value.target):
                target = writer.expression(value.target)
                if kind in (RootKind.META, RootKind.STATE):
                    writer.put("record(TARGET)", TARGET=target)
                else:
                    writer.put("ROOT = record(TARGET).copy()", ROOT=variable, TARGET=target)
            patch_into(writer, value, variable, operands)
    if kind is RootKind.STATE:
        writer.put("cell.value = state")


def _merge_in_place(writer: Writer, value: tree.Merge, variable: str, operand: Policy) -> None:
    with writer.placed(value.target):
        target = writer.make("record(TARGET)", TARGET=writer.expression(value.target))
        target = writer.name(writer.kept(target))
    changes = value_for(writer, value.value, operand)
    with writer.placed(value.value):
        changes = writer.make("record(VALUE)", VALUE=changes)
    if value.target.root.kind is RootKind.META:  # type: ignore[attr-defined]
        writer.put("merge_into(TARGET, VALUE, limits)", TARGET=target, VALUE=changes)
    else:
        writer.put("ROOT = merge(TARGET, VALUE, limits)", ROOT=variable, TARGET=target, VALUE=changes)
