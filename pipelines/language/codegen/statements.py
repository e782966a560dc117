"""Bodies of statements, ``emit``, ``drop``, ``for`` and ``recur``."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from pipelines.language import tree
from pipelines.language.codegen.operators import is_boolean
from pipelines.language.codegen.ownership import Holds, walk
from pipelines.language.codegen.paths import local_variable, shadow_variable
from pipelines.language.codegen.values import leaving, value_for
from pipelines.language.codegen.writer import (
    EFFECT,
    EMITTED,
    Destination,
    Policy,
    Writer,
    expression_of,
    statement_of,
)
from pipelines.language.tree import RootKind

__all__ = ["condition", "write_body"]


def write_body(
    writer: Writer, body: Sequence[tree.Expression], destination: Destination, statements: bool = True
) -> None:
    """Write a body, whose last part has the value. Without ``statements`` the parts before it do nothing at all."""
    if statements:
        for statement in body[:-1]:
            writer.statement(statement, EFFECT)
    writer.statement(body[-1], destination)


def condition(writer: Writer, node: tree.Expression) -> ast.expr:
    """A guard: true or false, or a failure if it is no boolean."""
    value = writer.expression(node)
    if is_boolean(node):
        return value
    with writer.placed(node):
        return writer.make(
            "(G := VALUE) is True or G is not False and need_boolean(G)", G=writer.temporary(), VALUE=value
        )


@statement_of(tree.Drop)
def _drop(writer: Writer, node: tree.Drop, destination: Destination) -> None:
    writer.put("return Drop")


@statement_of(tree.Emit)
def _emit(writer: Writer, node: tree.Emit, destination: Destination) -> None:
    port = node.port
    if port is None or (isinstance(port, tree.Literal) and port.value == "out"):
        writer.deliver(node.value or _event(node), EMITTED)
        return
    value_node = node.value or _event(node)
    values = writer.expressions(
        [value_node, port],
        lambda one: leaving(writer, one) if one is value_node else writer.expression(one),
    )
    if writer.unit.grows:
        values[0] = writer.make("bounded(VALUE, meta)", VALUE=values[0])
    writer.put("return Emit(VALUE, PORT)", VALUE=values[0], PORT=values[1])


@expression_of(tree.Drop, tree.Emit)
def _end(writer: Writer, node: tree.Drop | tree.Emit) -> ast.expr:
    """In the place of a value, as in ``let a = drop``: the script ends before there is one."""
    writer.statement(node, EFFECT)
    return writer.constant(None)


def _event(node: tree.Emit) -> tree.Path:
    return tree.Path(node.span, tree.Root(node.span, RootKind.EVENT), [])


def _is_of_event(node: tree.Expression) -> bool:
    return isinstance(node, tree.Path) and node.root.kind is RootKind.EVENT


def _changes(nodes: list[tree.Expression]) -> bool:
    return any(isinstance(node, tree.Let) for node in walk(nodes))


@statement_of(tree.For)
def _for(writer: Writer, node: tree.For, destination: Destination) -> None:
    if not destination.wanted and not node.statement:
        return
    target = writer.expression(node.target)
    # A body that assigns may change the very record that it goes through.
    changes = _changes([one for clause in node.clauses for one in clause.body])
    source = "snapshot" if changes else "entries"
    if not writer.unit.dialect.ordered_records and _is_of_event(node.target):
        source = "entries_by_hash"
    if changes and Holds.STATE in writer.ownership.of(node.target):
        target = writer.make("copy(TARGET)", TARGET=target)
    result = writer.temporary() if destination.wanted else None
    if result:
        writer.put("RESULT = []", RESULT=result)
    key, value = writer.temporary(), writer.temporary()
    policy = Policy.STORED if destination.policy is Policy.READ else destination.policy.inner
    with writer.loop(node) as body:
        writer.count_step()
        for place, clause in enumerate(node.clauses):
            _for_clause(writer, node, clause, (key, value), result, policy)
            if clause.guard is None or place == len(node.clauses) - 1:
                break
    loop = "for KEY, VALUE in SOURCE(limits, TARGET):\n  BODY"
    writer.put(loop, KEY=key, VALUE=value, SOURCE=source, TARGET=target, BODY=body)
    if result:
        writer.finish(writer.name(result), destination)


def _for_clause(
    writer: Writer,
    node: tree.For,
    clause: tree.ForClause,
    pair: tuple[str, str],
    result: str | None,
    policy: Policy,
) -> None:
    """One ``case`` in the loop's body; a body that was run goes on with the next element."""
    with writer.placed(clause):
        writer.store(shadow_variable(clause.key_slot), writer.name(pair[0]))
        value = writer.name(pair[1])
        if -1 - clause.value_slot in writer.ownership.changed:
            value = writer.make("own(VALUE)", VALUE=value)
        writer.store(shadow_variable(clause.value_slot), value)
    guard = condition(writer, clause.guard) if clause.guard is not None else None
    with writer.block() as body:
        destination = Destination(writer.temporary(), policy) if result else EFFECT
        write_body(writer, clause.body, destination, node.statement)
        if result:
            writer.put("RESULT.append(VALUE)", RESULT=result, VALUE=destination.variable or "")
        if guard is not None and clause is not node.clauses[-1]:
            writer.put("continue")
    if guard is None:
        writer.body += body
    else:
        writer.put("if GUARD:\n  BODY", GUARD=guard, BODY=body)


@statement_of(tree.Recur)
def _recur(writer: Writer, node: tree.Recur, destination: Destination) -> None:
    arguments = writer.expressions(node.arguments, lambda one: value_for(writer, one, Policy.STORED))
    routine = writer.routine
    names = [writer.kept(one) for one in arguments]
    writer.count_step()
    writer.put("calls += 1\nif calls >= limits.recursion: raise_recursion(limits)")
    # Variables of the run before must not be seen in this one.
    for slot in range(len(names), len(routine.locals)):
        writer.put("V = None\ndel V", V=local_variable(slot))
        if slot in writer.perhaps_missing:
            writer.put("V = MISSING", V=local_variable(slot))
    for slot, name in enumerate(names[: routine.parameters]):
        writer.store(local_variable(slot), writer.name(name))
        if slot in writer.ownership.changed:
            writer.put("V = own(V)", V=local_variable(slot))
    writer.put("continue")


@expression_of(tree.Match, tree.For)
def _value_of_statement(writer: Writer, node: tree.Match | tree.For) -> ast.expr:
    variable = writer.temporary()
    writer.statement(node, Destination(variable))
    return writer.name(variable)
