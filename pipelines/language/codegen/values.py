"""Literals, lists, records, texts, binaries, calls, merge and patch; and how independent a value must be."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any, Final

from pipelines.language import tree
from pipelines.language.codegen.ownership import Holds, is_new, is_scalar_call, walk
from pipelines.language.codegen.writer import Destination, Policy, Writer, expression_of
from pipelines.language.routine import Routine, RoutineKind
from pipelines.language.runtime.binaries import FIELD_TYPES, PackedField
from pipelines.language.tree import RootKind

__all__ = ["leaving", "patch_into", "patch_operands", "surplus_of", "value_for"]

MOST_PARTS: Final = 100
"""A constant container of more parts is copied by a helper, not written out."""

_SHALLOW = frozenset(
    [("array", "len"), ("array", "is_empty"), ("array", "push"), ("record", "contains"), ("record", "keys")]
)
"""Functions that look at no more than one level of what they get."""


# How independent a value is


def value_for(writer: Writer, node: tree.Expression, policy: Policy) -> ast.expr:
    """The value of ``node``, as independent of all others as its use asks for (see `ownership`)."""
    if policy is Policy.READ:
        return writer.expression(node)
    if isinstance(node, tree.Match | tree.For):
        variable = writer.temporary()
        writer.statement(node, Destination(variable, policy))
        return writer.name(variable)
    if isinstance(node, tree.List | tree.Record):
        with writer.placed(node):
            return _display(writer, node, policy.inner)
    held = writer.ownership.of(node)
    if policy in (Policy.STATE, Policy.WHOLE_STATE):
        is_state = isinstance(node, tree.Path) and node.root.kind is RootKind.STATE and not node.segments
        kept = is_state and policy is Policy.WHOLE_STATE
        return writer.expression(node) if kept or not held else _copied(writer, node)
    if Holds.STATE in held or (policy is Policy.LEAVING and Holds.SHARED in held):
        return _copied(writer, node)
    return _owned(writer, node) if Holds.ROOT in held else writer.expression(node)


def _owned(writer: Writer, node: tree.Expression) -> ast.expr:
    value = writer.expression(node)
    with writer.placed(node):
        return writer.make("own(VALUE)", VALUE=value)


def leaving(writer: Writer, node: tree.Expression) -> ast.expr:
    """The value of ``node`` as it leaves the script."""
    is_event = isinstance(node, tree.Path) and node.root.kind is RootKind.EVENT and not node.segments
    if is_event and writer.routine.kind is RoutineKind.SCRIPT:
        # The event's record is ours to give away; nobody else has it.
        return writer.name("event")
    held = writer.ownership.of(node)
    shared = Holds.STATE in held or Holds.SHARED in held
    if held and writer.unit.shares_roots and not shared and not is_new(node):
        # The metadata could have the same record, and both are changed in place by whoever gets them.
        return _owned(writer, node)
    return value_for(writer, node, Policy.LEAVING)


def _copied(writer: Writer, node: tree.Expression) -> ast.expr:
    if isinstance(node, tree.Literal) and (written := _written_out(writer, node)) is not None:
        return written
    value = writer.expression(node)
    with writer.placed(node):
        return writer.make("copy(VALUE)", VALUE=value)


def _written_out(writer: Writer, node: tree.Literal) -> ast.expr | None:
    parts = 0

    def write(value: Any) -> ast.expr:
        nonlocal parts
        parts += 1
        if parts > MOST_PARTS:
            raise OverflowError
        if value.__class__ is list:
            return writer.make("LIST", LIST=_list([write(item) for item in value], writer))
        if value.__class__ is dict:
            keys = [writer.constant(key) for key in value]
            return _record(keys, [write(item) for item in value.values()], writer)
        return writer.constant(value)

    try:
        with writer.placed(node):
            return write(node.value)
    except (OverflowError, RecursionError):
        return None


# Literals and displays


@expression_of(tree.Literal)
def _literal(writer: Writer, node: tree.Literal) -> ast.expr:
    return writer.constant(node.value)


def _located(made: Any, writer: Writer) -> ast.expr:
    made.lineno, made.col_offset, made.end_lineno, made.end_col_offset = writer.here
    expression: ast.expr = made
    return expression


def _list(items: list[ast.expr], writer: Writer) -> ast.expr:
    return _located(ast.List(elts=items, ctx=ast.Load()), writer)


def _record(keys: list[ast.expr], values: list[ast.expr], writer: Writer) -> ast.expr:
    return _located(ast.Dict(keys=[*keys], values=values), writer)


@expression_of(tree.List, tree.Record)
def _read_display(writer: Writer, node: tree.List | tree.Record) -> ast.expr:
    return _display(writer, node, Policy.STORED)


def _display(writer: Writer, node: tree.List | tree.Record, policy: Policy) -> ast.expr:
    if isinstance(node, tree.List):
        items = writer.expressions(node.items, lambda item: value_for(writer, item, policy))
        return _list(items, writer)
    if all(isinstance(field.key, tree.Literal) for field in node.fields):
        values = writer.expressions(
            [field.value for field in node.fields], lambda item: value_for(writer, item, policy)
        )
        return _record([writer.expression(field.key) for field in node.fields], values, writer)
    # Python works out a key before its value, we the value before its key.
    keys, values = [], []
    for field in node.fields:
        values.append(writer.name(writer.kept(value_for(writer, field.value, policy))))
        keys.append(writer.name(writer.kept(writer.expression(field.key))))
    return _record(keys, values, writer)


@expression_of(tree.Interpolation)
def _interpolation(writer: Writer, node: tree.Interpolation) -> ast.expr:
    holes = [part for part in node.parts if not isinstance(part, str)]
    values = iter(writer.expressions(holes))
    pieces: list[ast.expr] = []
    for part in node.parts:
        if isinstance(part, str):
            pieces.append(writer.constant(part))
            continue
        text = writer.make(
            "T if (T := VALUE).__class__ is str else encode(T)", T=writer.temporary(), VALUE=next(values)
        )
        pieces.append(_located(ast.FormattedValue(value=text, conversion=-1, format_spec=None), writer))
    joined = _located(ast.JoinedStr(values=pieces), writer)
    most = writer.constant(writer.unit.limits.string)
    return writer.make(
        "T if len(T := JOINED) <= MOST else too_long()", T=writer.temporary(), JOINED=joined, MOST=most
    )


@expression_of(tree.BinaryLiteral)
def _binary(writer: Writer, node: tree.BinaryLiteral) -> ast.expr:
    values = writer.expressions([field.value for field in node.fields])
    parts: list[ast.expr] = []
    for field, value in zip(node.fields, values, strict=True):
        form = writer.unit.add("form", PackedField(FIELD_TYPES[field.type], field.bits))
        with writer.placed(field):
            parts.append(writer.make("measure(FORM, VALUE)", FORM=form, VALUE=value))
    return writer.make("pack(PARTS, limits)", PARTS=_list(parts, writer))


# Calls


@expression_of(tree.Call)
def _call(writer: Writer, node: tree.Call) -> ast.expr:
    if node.aggregate is not None:
        return writer.make("aggregates[SLOT].value()", SLOT=writer.constant(node.slot))
    if node.routine is not None:
        return _call_routine(writer, node, node.routine)
    function = node.function
    if function is None:
        raise ValueError(f"{'::'.join(node.names)} was not resolved")
    policy = Policy.READ if function.fresh or is_scalar_call(node) else Policy.STORED
    arguments = writer.expressions(node.arguments, lambda one: value_for(writer, one, policy))
    shallow = (function.module, function.name) in _SHALLOW or function.module in ("type", "math")
    if writer.unit.grows and not shallow:
        arguments = [
            writer.make("light(VALUE)", VALUE=value) if writer.ownership.of(one) else value
            for one, value in zip(node.arguments, arguments, strict=True)
        ]
    leading = [
        name
        for name, takes in (("occasion", function.takes_occasion), ("limits", function.takes_limits))
        if takes
    ]
    called = writer.unit.add("library", function.checked)
    return _python_call(writer, called, [*map(writer.name, leading), *arguments])


def _python_call(writer: Writer, function: str, arguments: list[ast.expr]) -> ast.expr:
    return _located(ast.Call(func=writer.name(function), args=arguments, keywords=[]), writer)


def surplus_of(routine: Routine) -> bool:
    """Whether a function looks at ``args``, the arguments beyond its parameters."""
    nodes = walk([routine.body, routine.cases or []])
    return any(isinstance(node, tree.Root) and node.kind is RootKind.ARGS for node in nodes)


def _call_routine(writer: Writer, node: tree.Call, routine: Routine) -> ast.expr:
    arguments = writer.expressions(node.arguments, lambda one: value_for(writer, one, Policy.STORED))
    if len(arguments) > routine.parameters and not surplus_of(routine):
        arguments = [writer.name(writer.kept(one)) for one in arguments][: routine.parameters]
    return _python_call(writer, writer.unit.function(routine), [writer.name("occasion"), *arguments])


# Merge and patch


def _as_record(writer: Writer, node: tree.Expression) -> ast.expr:
    value = writer.expression(node)
    with writer.placed(node):
        return writer.make("record(VALUE)", VALUE=value)


@expression_of(tree.Merge)
def _merge(writer: Writer, node: tree.Merge) -> ast.expr:
    target, value = writer.expressions([node.target, node.value], lambda one: _as_record(writer, one))
    return writer.make("merge(TARGET, VALUE, limits)", TARGET=target, VALUE=value)


@expression_of(tree.Patch)
def _patch(writer: Writer, node: tree.Patch) -> ast.expr:
    target = writer.kept(writer.expression(node.target))
    operands = patch_operands(writer, node.operations)
    patched = writer.temporary()
    with writer.placed(node.target):
        writer.put("PATCHED = record(TARGET).copy()", PATCHED=patched, TARGET=target)
    patch_into(writer, node, patched, operands)
    return writer.name(patched)


Operands = list[tuple[ast.expr | None, ast.expr | None]]


def patch_operands(
    writer: Writer, operations: Sequence[tree.Operation], policy: Policy = Policy.STORED
) -> Operands:
    """Keys and values of all operations, worked out before the first of them is done."""
    operands: Operands = []
    for operation in operations:
        key = writer.expression(operation.key) if operation.key is not None else None
        key = key if key is None or isinstance(key, ast.Constant) else writer.name(writer.kept(key))
        value = value_for(writer, operation.value, policy) if operation.value is not None else None
        value = value if value is None or isinstance(value, ast.Constant) else writer.name(writer.kept(value))
        operands.append((key, value))
    return operands


def patch_into(writer: Writer, node: tree.Patch, patched: str, operands: Operands) -> None:
    """Write the operations of a patch, which change the record in the variable ``patched``."""
    for operation, (key, value) in zip(node.operations, operands, strict=True):
        parts: dict[str, Any] = {"RECORD": patched, "KEY": key, "VALUE": value}
        if operation.key is None:
            # The metadata stay the same record for those who called us.
            change = "merge_into(RECORD, record(VALUE), limits)"
            writer.put(change if patched == "meta" else "RECORD = merge_all(RECORD, VALUE, limits)", **parts)
            with writer.placed(node.target):
                if operation is not node.operations[-1]:
                    writer.put("record(RECORD)", **parts)
            continue
        is_text = isinstance(key, ast.Constant) and key.value.__class__ is str
        with writer.placed(node if operation.name in ("move", "copy") else operation.key):
            if operation.name == "upsert" and is_text:
                writer.put("RECORD[KEY] = VALUE", **parts)
            elif operation.name == "erase":
                writer.put("erase_field(RECORD, KEY)", **parts)
            elif operation.name == "copy" and patched == "state":
                writer.put("copy_field(RECORD, KEY, VALUE, copy)", **parts)
            elif operation.name == "merge":
                writer.put("merge_field(RECORD, KEY, VALUE, limits)", **parts)
            else:
                writer.put("OPERATION(RECORD, KEY, VALUE)", OPERATION=f"{operation.name}_field", **parts)
    writer.put("fits(RECORD, limits)", RECORD=patched)
