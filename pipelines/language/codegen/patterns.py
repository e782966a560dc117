"""What stands behind ``case``: tests, and the value that a pattern has once they are passed."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final

from pipelines.language import tree
from pipelines.language.codegen.operators import compare
from pipelines.language.codegen.template import fill_statements
from pipelines.language.codegen.values import value_for
from pipelines.language.codegen.writer import Policy, Writer

__all__ = ["Fields", "Steps", "element_steps", "pattern_steps", "record_view"]

Fields = dict[str, str]
"""Fields of the target that were fetched before, and the variables that hold them."""

_EXACT: Final = 2**53


class Steps:
    """Tests, one after the other, each perhaps with statements that must run just before it."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.items: list[tuple[list[ast.stmt], ast.expr]] = []

    def test(self, make: Callable[[], ast.expr]) -> None:
        """Add a test. ``make`` may write statements."""
        with self.writer.block() as needed:
            test = make()
        if not needed and self.items:
            before, last = self.items[-1]
            if isinstance(last, ast.BoolOp) and isinstance(last.op, ast.And):
                last.values.append(test)
            else:
                both = self.writer.make("ONE and OTHER", ONE=last, OTHER=test)
                self.items[-1] = (before, both)
        else:
            self.items.append((needed, test))

    def nested(self, body: list[ast.stmt]) -> list[ast.stmt]:
        """``body`` within an ``if`` for each group of tests."""
        for needed, test in reversed(self.items):
            parts: dict[str, Any] = {"TEST": test, "BODY": body}
            body = [*needed, *fill_statements("if TEST:\n  BODY", self.writer.here, parts)]
        return body


def pattern_steps(
    steps: Steps, pattern: tree.Pattern, value: str, wanted: bool, node: tree.Node, fields: Fields
) -> ast.expr | None:
    """Add the tests of ``pattern`` for the variable ``value``: the pattern's own value, if it is ``wanted``.

    ``node`` is the match: what fails in a comparison is told about it.
    """
    writer = steps.writer
    if isinstance(pattern, tree.AssignPattern):
        return pattern_steps(steps, pattern.pattern, value, wanted, node, fields)
    if isinstance(pattern, tree.ArrayPattern):
        steps.test(lambda: writer.make("VALUE.__class__ is list", VALUE=value))
        return _array_steps(steps, pattern, value, wanted, node)
    if isinstance(pattern, tree.TuplePattern):
        return _tuple_steps(steps, pattern, value, wanted, node)
    return element_steps(steps, pattern, value, wanted, node, fields)


def element_steps(
    steps: Steps, pattern: tree.Pattern, value: str, wanted: bool, node: tree.Node, fields: Fields
) -> ast.expr | None:
    """As `pattern_steps`, for what can also stand within arrays and tuples."""
    writer = steps.writer
    if isinstance(pattern, tree.ExpressionPattern):
        return _expression_steps(steps, pattern, value, wanted)
    if isinstance(pattern, tree.ExtractorPattern):
        return _extractor_steps(steps, pattern, writer.name(value), wanted)
    if isinstance(pattern, tree.RecordPattern):
        if pattern.fields == [] and not writer.unit.dialect.strict_patterns:
            return writer.make("{}")
        view, is_positive = value, _is_positive(pattern)
        if writer.unit.dialect.strict_patterns and not (is_positive and fields.get("")):
            steps.test(lambda: writer.make("VALUE.__class__ is dict", VALUE=value))
        elif "" in fields:
            view = fields[""]
        else:
            view = writer.temporary()
            text = "(VIEW := VALUE if VALUE.__class__ is dict else nothing) is not None"
            steps.test(lambda: writer.make(text, VIEW=view, VALUE=value))
        view = fields.get("", view)
        return _record_steps(steps, pattern, view, wanted, node, fields)
    return writer.name(value)


def record_view(writer: Writer, value: str) -> str:
    """Write a variable that is ``value``, if that is a record, and otherwise a record without any fields."""
    if value == "meta":
        return value
    view = writer.temporary()
    writer.put("VIEW = VALUE if VALUE.__class__ is dict else nothing", VIEW=view, VALUE=value)
    return view


def _is_positive(pattern: tree.RecordPattern) -> bool:
    return any(not (isinstance(field, tree.PresentField) and field.negated) for field in pattern.fields)


# Single values


def _expression_steps(
    steps: Steps, pattern: tree.ExpressionPattern, value: str, wanted: bool
) -> ast.expr | None:
    writer = steps.writer
    result: list[ast.expr] = []

    def test() -> ast.expr:
        expected = value_for(writer, pattern.expression, Policy.STORED if wanted else Policy.READ)
        if wanted and not isinstance(expected, ast.Constant):
            expected = writer.name(writer.kept(expected))
        result.append(expected)
        with writer.placed(pattern.expression):
            return _equals(writer, writer.name(value), value, expected)

    steps.test(test)
    return result[0] if wanted else None


def _equals(writer: Writer, first: ast.expr, again: str, expected: ast.expr) -> ast.expr:
    """``first`` equals ``expected``; ``again`` is the variable in which ``first`` is afterwards. `MISSING` equals
    nothing.
    """
    known = expected.value if isinstance(expected, ast.Constant) else ...
    parts: dict[str, Any] = {"FIRST": first, "AGAIN": again, "EXPECTED": expected}
    if known.__class__ is str:
        text = "FIRST == EXPECTED or AGAIN.__class__ is bytes and equal(AGAIN, EXPECTED)"
        return writer.make(text, **parts)
    if known.__class__ is int and 1 < abs(known) < _EXACT:
        return writer.make("FIRST == EXPECTED", **parts)
    if known is None or known.__class__ is bool:
        return writer.make("FIRST is EXPECTED", **parts)
    return writer.make("equal(FIRST, EXPECTED)", **parts)


def _extractor_steps(
    steps: Steps, pattern: tree.ExtractorPattern, value: ast.expr, wanted: bool
) -> ast.expr | None:
    writer = steps.writer
    extractor, text, result = pattern.extractor, writer.temporary(), writer.temporary()
    if extractor is None:
        raise ValueError(f"the extractor {pattern.name} was not compiled")
    parts: dict[str, Any] = {"T": text, "VALUE": value, "RESULT": result}

    def test() -> ast.expr:
        with writer.placed(pattern):
            if wanted:
                call = writer.unit.add("extract", extractor.extract)
                made = "(T := VALUE).__class__ is str and (RESULT := CALL(T, occasion)) is not MISSING"
            else:
                call = writer.unit.add("matches", extractor.matches)
                made = "(T := VALUE).__class__ is str and CALL(T)"
            return writer.make(made, CALL=call, **parts)

    steps.test(test)
    return writer.name(result) if wanted else None


# Records


def _record_steps(
    steps: Steps, pattern: tree.RecordPattern, view: str, wanted: bool, node: tree.Node, fields: Fields
) -> ast.expr | None:
    writer = steps.writer
    stored: list[tuple[str, ast.expr]] = []
    for field in pattern.fields:
        if isinstance(field, tree.CompareField):
            _compare_steps(steps, field, view, node, fields)
        elif isinstance(field, tree.PresentField):
            result = _presence_steps(steps, field, view, wanted, fields)
            if result is not None:
                stored.append((field.name, result))
        else:
            result = _field_steps(steps, field, view, wanted, node, fields)
            if result is not None:
                stored.append((field.alias or field.name, result))
    if not wanted:
        return None
    keys: list[ast.expr | None] = [writer.constant(key) for key, _ in stored]
    made = ast.Dict(keys=keys, values=[value for _, value in stored])
    made.lineno, made.col_offset, made.end_lineno, made.end_col_offset = writer.here
    return made


def _fetch(writer: Writer, field: str, view: str, fields: Fields) -> tuple[ast.expr, str]:
    """A field's value, or `MISSING`; and the variable that has it afterwards."""
    if field and field in fields:
        return writer.name(fields[field]), fields[field]
    variable = writer.temporary()
    key = writer.constant(field)
    return writer.make("(T := VIEW.get(KEY, MISSING))", T=variable, VIEW=view, KEY=key), variable


def _presence_steps(
    steps: Steps, field: tree.PresentField, view: str, wanted: bool, fields: Fields
) -> ast.expr | None:
    writer = steps.writer
    if not wanted and not (field.name and field.name in fields):
        text = "KEY not in VIEW" if field.negated else "KEY in VIEW"
        steps.test(lambda: writer.make(text, KEY=writer.constant(field.name), VIEW=view))
        return None
    value, variable = _fetch(writer, field.name, view, fields)
    text = "VALUE is MISSING" if field.negated else "VALUE is not MISSING"
    steps.test(lambda: writer.make(text, VALUE=value))
    return writer.name(variable) if wanted and not field.negated else None


def _field_steps(
    steps: Steps, field: tree.PatternField, view: str, wanted: bool, node: tree.Node, fields: Fields
) -> ast.expr | None:
    writer = steps.writer
    value, variable = _fetch(writer, field.name, view, fields)
    if isinstance(field.pattern, tree.ExtractorPattern):
        return _extractor_steps(steps, field.pattern, value, wanted)
    if isinstance(field.pattern, tree.RecordPattern):
        steps.test(lambda: writer.make("VALUE.__class__ is dict", VALUE=value))
        return _record_steps(steps, field.pattern, variable, wanted, node, {})
    steps.test(lambda: writer.make("VALUE is not MISSING", VALUE=value))
    return pattern_steps(steps, field.pattern, variable, wanted, node, {})


def _compare_steps(
    steps: Steps, field: tree.CompareField, view: str, node: tree.Node, fields: Fields
) -> None:
    writer = steps.writer
    value, variable = _fetch(writer, field.name, view, fields)
    if field.operator == "==":

        def test() -> ast.expr:
            expected = writer.expression(field.expression)
            with writer.placed(node):
                return _equals(writer, value, variable, expected)

        steps.test(test)
        return
    steps.test(lambda: writer.make("VALUE is not MISSING", VALUE=value))

    def ordered() -> ast.expr:
        expected = writer.expression(field.expression)
        with writer.placed(node):
            return compare(writer, field.operator, writer.name(variable), expected)

    steps.test(ordered)


# Arrays


def _tuple_steps(
    steps: Steps, pattern: tree.TuplePattern, value: str, wanted: bool, node: tree.Node
) -> ast.expr | None:
    writer = steps.writer
    length = "VALUE.__class__ is list and len(VALUE) " + (">= COUNT" if pattern.open else "== COUNT")
    steps.test(lambda: writer.make(length, VALUE=value, COUNT=writer.constant(len(pattern.elements))))
    results: list[ast.expr | None] = []
    for place, element in enumerate(pattern.elements):
        item = writer.temporary()
        if wanted or not isinstance(element, tree.Wildcard):
            index = writer.constant(place)
            text = "(ITEM := VALUE[INDEX]) is not MISSING"
            made = writer.make(text, ITEM=item, VALUE=value, INDEX=index)
            steps.test(lambda made=made: made)  # type: ignore[misc]
        results.append(element_steps(steps, element, item, wanted, node, {}))
    return _list_of(writer, results) if wanted else None


def _list_of(writer: Writer, items: list[ast.expr | None]) -> ast.expr:
    made = ast.List(elts=[item for item in items if item is not None], ctx=ast.Load())
    made.lineno, made.col_offset, made.end_lineno, made.end_col_offset = writer.here
    return made


def _array_steps(
    steps: Steps, pattern: tree.ArrayPattern, value: str, wanted: bool, node: tree.Node
) -> ast.expr | None:
    """Elements that match. In 0.9 an array matches in any case, and its hits are in the order of its elements."""
    writer = steps.writer
    if writer.unit.dialect.strict_patterns:
        hits = [
            _hits(steps, [one], value, wanted, node)
            for one in pattern.elements
            if wanted or not _holds_text(steps, one, value)
        ]
        if not wanted:
            return None
        made = _list_of(writer, [writer.name(one) for one in hits])
        return writer.make("joined(HITS)", HITS=made)
    if not wanted:
        return None
    return writer.name(_hits(steps, pattern.elements, value, wanted, node))


def _holds_text(steps: Steps, pattern: tree.Pattern, value: str) -> bool:
    """Add the test that an array holds a text, if it is that what the pattern asks for."""
    writer = steps.writer
    if not isinstance(pattern, tree.ExpressionPattern) or not isinstance(pattern.expression, tree.Literal):
        return False
    text = pattern.expression.value
    if text.__class__ is not str:
        return False
    # A binary of the same bytes is equal to the text.
    parts: dict[str, Any] = {"TEXT": writer.constant(text), "VALUE": value}
    parts["BYTES"] = writer.unit.add("constant", text.encode("utf-8", "surrogatepass"))
    steps.test(lambda: writer.make("TEXT in VALUE or BYTES in VALUE", **parts))
    return True


def _hits(steps: Steps, elements: list[tree.Pattern], value: str, wanted: bool, node: tree.Node) -> str:
    """Write the loop that looks for hits, and the test that there is one: the variable that holds them."""
    writer = steps.writer
    hits, place, item = writer.temporary(), writer.temporary(), writer.temporary()
    parts: dict[str, Any] = {"HITS": hits, "PLACE": place, "ITEM": item, "VALUE": value}

    def test() -> ast.expr:
        with writer.loop(node) as body:
            for element in elements:
                inner = Steps(writer)
                result = element_steps(inner, element, item, wanted, node, {})
                if wanted:
                    found = fill_statements(
                        "HITS.append([PLACE, RESULT])", writer.here, {**parts, "RESULT": result or item}
                    )
                else:
                    found = fill_statements("HITS = True\nbreak", writer.here, parts)
                writer.body += inner.nested(found)
        writer.put("HITS = START", START=writer.make("[]") if wanted else writer.constant(False), **parts)
        writer.put("for PLACE, ITEM in enumerate(VALUE):\n  BODY", BODY=body, **parts)
        if writer.unit.dialect.strict_patterns:
            return writer.make("HITS", **parts)
        return writer.constant(True)

    steps.test(test)
    return hits
