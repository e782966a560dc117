from __future__ import annotations

import linecache
import operator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.expression import Expression, parse_expression

COMPARISONS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.5, "", "a", "ab"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)

# A naive tree: ("field", root, keys) | ("value", x) | ("compare", sign, left, right) | ("in", …) | ("and", …) …
Tree = tuple[Any, ...]


def operands() -> st.SearchStrategy[Tree]:
    keys = st.lists(st.sampled_from(["a", "b", "c", 0, -1]), max_size=3)
    return st.tuples(st.just("field"), st.sampled_from(["event", "meta"]), keys) | st.tuples(
        st.just("value"), SCALARS
    )


def trees() -> st.SearchStrategy[Tree]:
    leaf = operands()
    comparison = st.tuples(st.just("compare"), st.sampled_from(sorted(COMPARISONS)), leaf, leaf)
    within = st.tuples(st.sampled_from(["in", "not in"]), leaf, leaf)
    call = st.tuples(st.sampled_from(["len", "lower", "upper"]), leaf) | st.tuples(
        st.sampled_from(["startswith", "endswith", "contains"]), leaf, leaf
    )
    return st.recursive(
        comparison | within | call | leaf,
        lambda inner: (
            st.tuples(st.sampled_from(["and", "or"]), inner, inner) | st.tuples(st.just("not"), inner)
        ),
        max_leaves=5,
    )


def as_text(tree: Tree) -> str:
    match tree:
        case ("field", root, keys):
            return str(root) + "".join(f".{key}" if isinstance(key, str) else f"[{key}]" for key in keys)
        case ("value", None | bool() as value):
            return {None: "null", True: "true", False: "false"}[value]
        case ("value", value):
            return repr(value)
        case ("compare", sign, left, right):
            return f"({as_text(left)} {sign} {as_text(right)})"
        case ("not", inner):
            return f"(not {as_text(inner)})"
        case (("and" | "or" | "in" | "not in") as word, left, right):
            return f"({as_text(left)} {word} {as_text(right)})"
        case (function, *arguments):
            return f"{function}({', '.join(map(as_text, arguments))})"
    raise AssertionError(tree)


def contains(holder: Any, item: Any) -> bool:
    if isinstance(holder, str):
        return isinstance(item, str) and item in holder
    if isinstance(holder, dict):
        return not isinstance(item, list | dict) and item in holder
    return isinstance(holder, list) and item in holder


def evaluate(tree: Tree, event: Any, meta: Any) -> Any:
    match tree:
        case ("field", root, keys):
            value = event if root == "event" else meta
            for key in keys:
                try:
                    value = value[key] if isinstance(value, dict if isinstance(key, str) else list) else None
                except (KeyError, IndexError):
                    value = None
            return value
        case ("value", value):
            return value
        case ("compare", sign, left, right):
            try:
                return COMPARISONS[sign](evaluate(left, event, meta), evaluate(right, event, meta))
            except TypeError:
                return False
        case ("and", left, right):
            return evaluate(left, event, meta) and evaluate(right, event, meta)
        case ("or", left, right):
            return evaluate(left, event, meta) or evaluate(right, event, meta)
        case ("not", inner):
            return not evaluate(inner, event, meta)
        case ("in", left, right):
            return contains(evaluate(right, event, meta), evaluate(left, event, meta))
        case ("not in", left, right):
            return not contains(evaluate(right, event, meta), evaluate(left, event, meta))
        case ("contains", left, right):
            return contains(evaluate(left, event, meta), evaluate(right, event, meta))
        case ("len", inner):
            value = evaluate(inner, event, meta)
            return len(value) if isinstance(value, str | list | dict) else None
        case (("lower" | "upper") as name, inner):
            value = evaluate(inner, event, meta)
            return getattr(value, name)() if isinstance(value, str) else None
        case (name, left, right):
            value, part = evaluate(left, event, meta), evaluate(right, event, meta)
            return isinstance(value, str) and isinstance(part, str) and getattr(value, name)(part)
    raise AssertionError(tree)


@settings(max_examples=400, deadline=None)
@given(
    tree=trees(), event=VALUES, meta=st.none() | st.dictionaries(st.sampled_from("abc"), VALUES, max_size=2)
)
def test_an_expression_means_what_a_naive_evaluator_makes_of_it(tree: Tree, event: Any, meta: Any) -> None:
    assert parse_expression(as_text(tree))(event, meta) == evaluate(tree, event, meta)


@settings(max_examples=200, deadline=None)
@given(tree=trees(), events=st.lists(VALUES, max_size=4), with_metas=st.booleans())
def test_the_inlined_filter_keeps_exactly_the_events_for_which_the_expression_is_true(
    make: Any, pipeline_of: Any, batch_of: Any, tree: Tree, events: list[Any], with_metas: bool
) -> None:
    pipeline = pipeline_of(make("filter", expression=as_text(tree)))
    metas = [{"a": index} for index, _ in enumerate(events)] if with_metas else None
    left = pipeline.process(batch_of(*events, metas=metas))
    kept = [
        event
        for index, event in enumerate(events)
        if evaluate(tree, event, {"a": index} if with_metas else None)
    ]
    assert [(port, batch.values) for port, batch in left] == ([("out", kept)] if kept else [])


@pytest.mark.parametrize(
    ("text", "event", "result"),
    [
        ("event.status >= 500 and 'slow' in event.tags", {"status": 503, "tags": ["slow"]}, True),
        ("200 <= event.status < 300", {"status": 204}, True),
        ("200 <= event.status < 300", {"status": 300}, False),
        ("event.missing < 5", {}, False),
        ("not event.missing < 5", {}, True),
        ("event.missing == null", {}, True),
        ('event["class"] == "x"', {"class": "x"}, True),
        ("event.a.b.c == null", {"a": 5}, True),
        ("event.list[-1] == 3", {"list": [1, 2, 3]}, True),
        ("event.list[9] == null", {"list": [1]}, True),
        ("event.level in ['a', 'b']", {"level": "b"}, True),
        ("event.a == 1\n and event.b == 2 # both", {"a": 1, "b": 2}, True),
        ("event == 5", 5, True),
        ("event.x == -1.5", {"x": -1.5}, True),
    ],
)
def test_expressions_read_as_documented(text: str, event: Any, result: Any) -> None:
    assert parse_expression(text)(event, None) is result


@pytest.mark.parametrize(
    "text",
    [
        "().__class__.__bases__[0].__subclasses__()",
        "event.__class__()",
        "''.__class__",
        "'{0.__class__}'.format(event)",
        "__import__('os').system('true')",
        "open('/etc/passwd')",
        "lower.__globals__",
        "lower",
        "builtins",
        "(lambda: 1)()",
        "[x for x in event]",
        "[event for event in event.a]",
        "f'{event.__class__}'",
        "(event := 1)",
        "event if event else 1",
        "event[event.a]",
        "event[0:10]",
        "'a' * 1000000000",
        "9 ** 9 ** 9",
        "event.a + 1",
        "~event",
        "event is null",
        "len(*event)",
        "len(x=event)",
        "len(event, event)",
        "lower()",
        "event.a.lower()",
        "b'bytes'",
        "1j",
        "...",
        "{1: 2}",
        "{1, 2}",
        "(1, 2)",
        "await event",
        "yield",
        "*event",
        "event; event",
        "import os",
        "event.a =",
        "",
        "   ",
        "event.class",
        "\x00",
        "\ud800",
        "[event.a]",
        "-event.a",
        "1) or (event",
    ],
)
def test_everything_that_is_not_in_the_language_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_expression(text)
    assert type(caught.value) in (ValueError,)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "text", ["not " * 500 + "event", "(" * 150 + "event" + ")" * 150 + ".a" * 100, "event" + ".a" * 1500]
)
def test_a_deeply_nested_expression_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_expression(text)


def test_a_long_expression_is_refused() -> None:
    with pytest.raises(ValueError, match="4096"):
        parse_expression("event.a == " + "1" * 5000)


@settings(max_examples=300, deadline=None)
@given(text=st.text(alphabet="evntma.()[]'\"<>=! \n019-*+#,:{}@\\", max_size=40) | st.text(max_size=20))
def test_any_text_is_an_expression_or_a_value_error(text: str) -> None:
    try:
        expression = parse_expression(text)
    except ValueError:
        return
    assert isinstance(expression, Expression)
    expression({"a": 1}, None)


def test_fields_are_keys_and_never_attributes_of_python_objects() -> None:
    for name in ("__class__", "keys", "get", "__dict__"):
        assert parse_expression(f"event.{name} == null")({"a": 1}, None) is True
    assert parse_expression("event.keys")({"keys": 7}, None) == 7


def test_an_error_of_a_users_object_shows_the_expression_itself(
    make: Any, pipeline_of: Any, batch_of: Any
) -> None:
    class Refuses:
        def __eq__(self, other: object) -> bool:
            raise RuntimeError("no comparison")

        __hash__ = None  # type: ignore[assignment]

    [(port, batch)] = pipeline_of(make("filter", expression="event.odd == 1")).process(
        batch_of({"odd": Refuses()})
    )
    assert port == "err"
    assert batch.values[0]["error"] == "RuntimeError: no comparison"
    assert "event.odd == 1" in batch.values[0]["traceback"]
    assert "<expression" in batch.values[0]["traceback"]


@pytest.mark.parametrize(
    ("text", "place", "remedy"),
    [
        ("event.a = 1", "at character 9;", "write == to compare"),
        ("event.a === 1", "at character 11;", "write == to compare"),
        ("event.a && event.b", "at character 10;", "write `and` and `or`"),
        ("!event.a", "at character 1;", "write `not`"),
        ('event.class == "a=b"', "at character 7;", 'event["the key"]'),
        ("event.a >\n 1 ! 2", "at character 4 of line 2;", "write `not`"),
        ("event.a ! 1\n", "at character 9;", "write `not`"),
    ],
)
def test_what_is_no_expression_is_refused_with_its_place_and_the_remedy(text, place, remedy):
    with pytest.raises(ValueError, match="is not an expression") as refused:
        parse_expression(text)

    assert place in str(refused.value)
    assert str(refused.value).endswith(remedy)


def test_an_expression_of_several_lines_keeps_the_text_that_the_user_wrote():
    text = "event.a > 1\n  and event.b"

    assert parse_expression(text).text == text
    assert parse_expression(parse_expression(text).text).text == text


def test_a_key_that_python_would_read_as_another_one_is_refused():
    with pytest.raises(ValueError, match=r"Python reads it as 'file'; write event\[\"…\"\]"):
        parse_expression("event.\N{LATIN SMALL LIGATURE FI}le == 1")
    assert parse_expression("event.größe == 1")({"größe": 1}, None)


def test_the_lines_of_ever_new_expressions_do_not_fill_the_memory():
    for number in range(1100):
        parse_expression(f"event.n == {number}")
    assert sum(name.startswith("<expression") for name in linecache.cache) <= 1000
