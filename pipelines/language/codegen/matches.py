"""``match``, and the clauses of ``fn … of``."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pipelines.language import tree
from pipelines.language.codegen.dispatch import Run, find_runs, run_field, write_branches, write_table
from pipelines.language.codegen.ownership import Holds
from pipelines.language.codegen.paths import local_variable, shadow_variable
from pipelines.language.codegen.patterns import Fields, Steps, element_steps, pattern_steps, record_view
from pipelines.language.codegen.statements import condition, write_body
from pipelines.language.codegen.template import fill_statements
from pipelines.language.codegen.writer import RETURNED, Destination, Writer, statement_of

__all__ = ["write_cases"]

MOST_NESTED: Final = 30
"""More clauses than this are written one after the other within a block that each of them leaves, not as a chain of
``else``: Python's compiler walks such a chain by recursion.
"""


@dataclass(slots=True)
class Arm:
    """A clause, or a run of them: statements before the test, the test, and what follows if it is passed."""

    before: list[ast.stmt]
    steps: Steps
    body: list[ast.stmt]


@statement_of(tree.Match)
def _match(writer: Writer, node: tree.Match, destination: Destination) -> None:
    if not destination.wanted and not node.statement:
        return
    target = writer.kept(writer.expression(node.target))
    clauses = _reachable(node.clauses, node)
    fields: Fields = {}
    if any(isinstance(_inner(clause), tree.RecordPattern) for clause in clauses):
        fields[""] = record_view(writer, target)
    uses = _uses(clauses)
    arms: list[Arm] = []
    for item in find_runs(clauses):
        with writer.block() as before:
            for name in _fields_of(item):
                if uses[name] > 1 and name not in fields:
                    fields[name] = writer.temporary()
                    writer.put(
                        "FIELD = VIEW.get(KEY, MISSING)",
                        FIELD=fields[name],
                        VIEW=fields[""],
                        KEY=writer.constant(name),
                    )
            if isinstance(item, Run):
                arms.append(_run_arm(writer, node, item, target, fields, destination, before))
            else:
                arms.append(_clause_arm(writer, node, item, target, fields, destination, before))
    with writer.block() as otherwise:
        if not arms or arms[-1].steps.items:
            writer.put("no_clause()")
    _join(writer, node, arms, otherwise, destination)


def _reachable(clauses: Sequence[tree.Clause], node: tree.Match) -> list[tree.Clause]:
    """The clauses up to the first that always matches."""
    reachable: list[tree.Clause] = []
    for clause in clauses:
        reachable.append(clause)
        if clause.guard is None and isinstance(clause.pattern, tree.Default | tree.Wildcard):
            break
    return reachable


def _inner(clause: tree.Clause) -> tree.Pattern:
    pattern = clause.pattern
    return pattern.pattern if isinstance(pattern, tree.AssignPattern) else pattern


def _fields_of(item: tree.Clause | Run) -> list[str]:
    """The names of the fields that a clause, or a run, asks the target for."""
    if isinstance(item, Run):
        return [item.field] if item.field is not None else []
    pattern = _inner(item)
    if not isinstance(pattern, tree.RecordPattern):
        return []
    return list(dict.fromkeys(field.name for field in pattern.fields if field.name))


def _uses(clauses: Sequence[tree.Clause]) -> Counter[str]:
    uses: Counter[str] = Counter()
    for item in find_runs(clauses):
        uses.update(_fields_of(item))
    return uses


def _clause_arm(
    writer: Writer,
    node: tree.Match,
    clause: tree.Clause,
    target: str,
    fields: Fields,
    destination: Destination,
    before: list[ast.stmt],
) -> Arm:
    steps = Steps(writer)
    binding: list[ast.stmt] = []
    if not isinstance(clause.pattern, tree.Default):
        assigned = clause.pattern if isinstance(clause.pattern, tree.AssignPattern) else None
        with writer.placed(clause.pattern):
            value = pattern_steps(steps, clause.pattern, target, assigned is not None, node, fields)
            if assigned is not None and value is not None:
                binding = _bind(writer, node, assigned, value, steps, clause.guard is not None)
    if (guard := clause.guard) is not None:
        steps.test(lambda: condition(writer, guard))
    with writer.block() as body:
        writer.body += binding
        write_body(writer, clause.body, destination, node.statement)
    return Arm(before, steps, body)


def _bind(
    writer: Writer,
    node: tree.Match,
    pattern: tree.AssignPattern,
    value: ast.expr,
    steps: Steps,
    guarded: bool,
) -> list[ast.stmt]:
    """Give the pattern's value to its variable: in the tests if a guard may look at it, otherwise in the body."""
    if Holds.STATE in writer.ownership.of(node.target):
        value = writer.make("copy(VALUE)", VALUE=value)
    elif -1 - pattern.slot in writer.ownership.changed or Holds.ROOT in writer.ownership.of(node.target):
        value = writer.make("own(VALUE)", VALUE=value)
    variable = shadow_variable(pattern.slot)
    parts: dict[str, Any] = {"VARIABLE": variable, "VALUE": value}
    if not guarded:
        return fill_statements("VARIABLE = VALUE", writer.here, parts)
    steps.test(lambda: writer.make("(VARIABLE := VALUE) is not MISSING", **parts))
    return []


def _run_arm(
    writer: Writer,
    node: tree.Match,
    run: Run,
    target: str,
    fields: Fields,
    destination: Destination,
    before: list[ast.stmt],
) -> Arm:
    value = run_field(writer, run, target, fields)
    place = write_table(writer, run, value)
    bodies: list[list[ast.stmt]] = []
    for clause in run.clauses:
        with writer.block() as body:
            write_body(writer, clause.body, destination, node.statement)
        bodies.append(body)
    steps = Steps(writer)
    steps.test(lambda: writer.make("PLACE is not None", PLACE=place))
    with writer.block() as branches:
        write_branches(writer, place, bodies)
    return Arm(before, steps, branches)


def _join(
    writer: Writer,
    node: tree.Match,
    arms: list[Arm],
    otherwise: list[ast.stmt],
    destination: Destination,
) -> None:
    """Write the arms one after the other; each that is passed skips those behind it."""
    if destination.returns:
        for arm in arms:
            writer.body += arm.before
            writer.body += arm.steps.nested(arm.body)
        if not arms or arms[-1].steps.items:
            writer.body += otherwise
        return
    if len(arms) > MOST_NESTED:
        with writer.loop(node) as body:
            for arm in arms:
                writer.body += arm.before
                writer.body += arm.steps.nested([*arm.body, *fill_statements("break", writer.here, {})])
            if arms[-1].steps.items:
                writer.body += otherwise
        writer.put("while True:\n  BODY", BODY=body)
        return
    rest = otherwise
    for arm in reversed(arms):
        rest = [*arm.before, *_either(writer, arm, rest)]
    writer.body += rest


def _either(writer: Writer, arm: Arm, rest: list[ast.stmt]) -> list[ast.stmt]:
    if not arm.steps.items:
        return arm.body
    parts: dict[str, Any] = {"BODY": arm.body, "REST": rest}
    if len(arm.steps.items) == 1:
        needed, test = arm.steps.items[0]
        text = "if TEST:\n  BODY\nelse:\n  REST" if rest else "if TEST:\n  BODY"
        return [*needed, *fill_statements(text, writer.here, {**parts, "TEST": test})]
    passed = writer.temporary()
    parts["PASSED"] = passed
    return [
        *fill_statements("PASSED = False", writer.here, parts),
        *arm.steps.nested(fill_statements("PASSED = True", writer.here, parts)),
        *fill_statements("if PASSED:\n  BODY\nelse:\n  REST", writer.here, parts),
    ]


def write_cases(writer: Writer, cases: Sequence[tree.Clause]) -> None:
    """The body of ``fn … of``: the patterns test the parameters, which then get what the patterns made of them."""
    for clause in cases:
        if isinstance(clause.pattern, tree.Default):
            write_body(writer, clause.body, RETURNED)
            return
        if not isinstance(clause.pattern, tree.TuplePattern):
            raise TypeError("a function's clauses have tuples")
        steps = Steps(writer)
        if len(clause.pattern.elements) != writer.routine.parameters:
            continue
        results: list[tuple[str, ast.expr]] = []
        for slot, element in enumerate(clause.pattern.elements):
            variable = local_variable(slot)
            result = element_steps(steps, element, variable, True, element, {})
            if result is not None and not isinstance(element, tree.Wildcard):
                results.append((variable, result))
        if (guard := clause.guard) is not None:
            steps.test(lambda guard=guard: condition(writer, guard))  # type: ignore[misc]
        with writer.block() as body:
            with writer.placed(clause.pattern):
                for variable, result in results:
                    writer.store(variable, result)
            write_body(writer, clause.body, RETURNED)
        writer.body += steps.nested(body)
