"""Runs of clauses that compare one thing with texts: one look-up in a table says which of them it is."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pipelines.language import tree
from pipelines.language.codegen.patterns import Fields
from pipelines.language.codegen.template import fill_statements
from pipelines.language.codegen.writer import Writer

__all__ = ["Run", "find_runs", "run_field", "write_branches", "write_table"]

LEAST: Final = 3
"""Fewer clauses than this are compared one by one."""


@dataclass(slots=True)
class Run:
    """Clauses without guards. Each compares ``field`` of the target, or the target if that is ``None``, with a text."""

    field: str | None
    texts: list[str]
    clauses: list[tree.Clause]


def _compared(clause: tree.Clause) -> tuple[str | None, str] | None:
    """The field and the text that decide whether a clause matches, if nothing else does."""
    pattern = clause.pattern
    if clause.guard is not None:
        return None
    if isinstance(pattern, tree.RecordPattern) and len(pattern.fields) == 1:
        field = pattern.fields[0]
        if isinstance(field, tree.CompareField) and field.operator == "==" and field.name:
            return _text(field.name, field.expression)
    if isinstance(pattern, tree.ExpressionPattern):
        return _text(None, pattern.expression)
    return None


def _text(field: str | None, expression: tree.Expression) -> tuple[str | None, str] | None:
    if isinstance(expression, tree.Literal) and expression.value.__class__ is str:
        return field, expression.value
    return None


def find_runs(clauses: Sequence[tree.Clause]) -> list[tree.Clause | Run]:
    """The clauses in their order, with runs in place of those that belong to one."""
    found: list[tree.Clause | Run] = []
    place = 0
    while place < len(clauses):
        compared = _compared(clauses[place])
        end = place + 1
        texts = [compared[1]] if compared else []
        while compared and end < len(clauses):
            following = _compared(clauses[end])
            if following is None or following[0] != compared[0]:
                break
            texts.append(following[1])
            end += 1
        if compared and end - place >= LEAST:
            found.append(_run(compared[0], texts, clauses[place:end]))
        else:
            found += clauses[place:end]
        place = end
    return found


def _run(field: str | None, texts: list[str], clauses: Sequence[tree.Clause]) -> Run:
    """Of clauses with the same text, only the first can ever match."""
    first: dict[str, tree.Clause] = {}
    for text, clause in zip(texts, clauses, strict=True):
        first.setdefault(text, clause)
    return Run(field, list(first), list(first.values()))


def run_field(writer: Writer, run: Run, target: str, fields: Fields) -> str:
    """The variable with what a run compares; it may have been fetched before."""
    if run.field is None:
        return target
    if run.field in fields:
        return fields[run.field]
    variable = writer.temporary()
    key = writer.constant(run.field)
    writer.put("FIELD = VIEW.get(KEY, MISSING)", FIELD=variable, VIEW=fields[""], KEY=key)
    return variable


def write_table(writer: Writer, run: Run, value: str) -> str:
    """Write the look-up: the variable that says which clause it is, ``None`` if it is none of them."""
    table = writer.unit.add("table", {text: place for place, text in enumerate(run.texts)})
    place = writer.temporary()
    writer.put(
        "PLACE = TABLE.get(VALUE if VALUE.__class__ is str else as_text(VALUE))",
        PLACE=place,
        TABLE=table,
        VALUE=value,
    )
    return place


def write_branches(writer: Writer, place: str, bodies: list[list[ast.stmt]]) -> None:
    """Write the branch to one of ``bodies`` by halving."""
    writer.body += _halve(writer, place, bodies, 0)


def _halve(writer: Writer, place: str, bodies: list[list[ast.stmt]], first: int) -> list[ast.stmt]:
    if len(bodies) == 1:
        return bodies[0]
    half = len(bodies) // 2
    return fill_statements(
        "if PLACE < MIDDLE:\n  LOWER\nelse:\n  UPPER",
        writer.here,
        {
            "PLACE": place,
            "MIDDLE": writer.constant(first + half),
            "LOWER": _halve(writer, place, bodies[:half], first),
            "UPPER": _halve(writer, place, bodies[half:], first + half),
        },
    )
