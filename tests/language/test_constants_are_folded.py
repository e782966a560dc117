"""What can be worked out when a script is compiled is, within the limits, and with errors in their place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.language import tree
from pipelines.language.limits import Limits
from pipelines.language.runtime.operations import BINARY
from tests.language.analysing import analyse, constant, errors, hint, last

SMALL = Limits(string=1000, array=50, record=50)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("9223372036854775807 + 1", 9223372036854775808),
        ("6 / 3", 2.0),
        ("-5", -5),
        ("not true", False),
        ("1 == 1.0", True),
        ('"a" + "b"', "ab"),
        ("[1, [2], 1 + 2]", [1, [2], 3]),
        ('{"a": 1, "a": 2, "b#{1}": null}', {"a": 2, "b1": None}),
        ('"#{1}, #{1.0}, #{"x"}, #{[1, "y"]}"', '1, 1.0, x, [1,"y"]'),
        ("const a = [1]; const b = {\"a\": a}; b", {"a": [1]}),
        ("const a = {\"b\": [1, 2]}; a.b[1]", 2),
        ("core::array::len([1, 2])", 2),
        ("mod a with intrinsic fn len(x) as array::len end; a::len([core::array::len([])])", 1),
        ("const a = 1; present a", True),
        ("const a = 1; absent a", False),
    ],
)  # fmt: skip
def test_constant_expressions_become_literals(text: str, value: object) -> None:
    folded = constant(text)
    assert folded == value
    assert type(folded) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "event + 1", "present event.a", "absent a", "[1, event]", '{"a": event}', '"#{event}"', "args",
        "merge {} of {} end",
        'patch {} of insert "a" => 1 end', "match 1 of case 1 => 1 default => 2 end", "for [1] of case (k, v) => v end",
        "fn f() with 1 end; f()", "core::random::integer()", "const a = [1]; a[7]", "const a = [1]; a.b",
    ],
)  # fmt: skip
def test_what_is_not_known_or_fails_only_if_it_is_reached_is_left_alone(text: str) -> None:
    assert not isinstance(last(text), tree.Literal)


def test_parts_of_what_is_left_alone_are_folded() -> None:
    found = last("[event, 1 + 1]")
    assert isinstance(found, tree.List)
    assert isinstance(found.items[1], tree.Literal)
    assert found.items[1].value == 2


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[event, 42 >> 64]", (1, 9, "bad-shift")),
        ("let a =\n  [1] + [2]", (2, 3, "undefined-operation")),
        ("- false", (1, 1, "undefined-operation")),
        ("event + (1 + true)", (1, 10, "undefined-operation")),
        ("1 % 0", (1, 1, "division-by-zero")),
        ("core::array::len(7)", (1, 1, "bad-type")),
        ("core::array::len([], [])", (1, 1, "bad-arity")),
        ("core::array::len()", (1, 1, "bad-arity")),
        ("core::array::len(event, event)", (1, 1, "bad-arity")),
        ("const c = event;\nc", (1, 11, "not-constant")),
        ("const c = [1, missing]; c", (1, 11, "not-constant")),
        ("mod m with const c = (1 + true) end; m::c", (1, 23, "undefined-operation")),
        ("event[-1]", (1, 7, "bad-selector")),
        ("event.a[1.5].b[null]", (1, 9, "bad-selector")),
        ("<< 1:65 >>", (1, 4, "bad-binary-size")),
        ("<< 1:8, 2/binry >>", (1, 9, "bad-binary-type")),
    ],
)
def test_what_fails_already_is_told_at_the_expression(text: str, place: tuple[int, int, str]) -> None:
    assert errors(text)[0] == place


def test_every_operation_that_fails_is_told() -> None:
    assert [error[1] for error in errors("[1 + true, - null, event[-1]]")] == [2, 12, 26]


@given(st.sampled_from(sorted(BINARY)), *[st.integers(0, 2**63 - 1) | st.booleans()] * 2)
def test_folding_gives_what_the_operators_give(operator: str, left: object, right: object) -> None:
    if operator in ("|", "<<", ">>"):  # They cannot be written, or are something else, between some operands.
        return
    written = [str(value).lower() for value in (left, right)]
    found, problems = analyse(f"{written[0]} {operator} {written[1]}")
    try:
        expected = BINARY[operator](left, right)
    except Exception:
        assert len(problems.errors) == 1
        return
    literal = found.main.body[0]
    assert isinstance(literal, tree.Literal)
    assert repr(literal.value) == repr(expected)


def test_selectors_that_are_known_become_keys() -> None:
    path = last('const k = "b"; event["a"][k].c[3][event]')
    assert isinstance(path, tree.Path)
    assert [segment.name for segment in path.segments if isinstance(segment, tree.Key)] == ["a", "b", "c"]
    assert [type(segment) for segment in path.segments[3:]] == [tree.Index, tree.Index]


# Limits


def test_constants_that_double_each_other_come_to_an_end() -> None:
    text = "const c0 = [1]; " + "".join(
        f"const c{number + 1} = [c{number}, c{number}];\n" for number in range(60)
    )
    ((_, _, code), *_) = errors(text + "c60")
    assert code == "limit-exceeded"


def test_texts_that_double_come_to_an_end() -> None:
    text = 'const c0 = "x"; ' + "".join(
        f"const c{number + 1} = (c{number} + c{number});\n" for number in range(60)
    )
    assert errors(text + "c60") == [(24, 14, "not-constant")]


def test_constants_cannot_be_nested_without_end() -> None:
    text = "const c0 = [1]; " + "".join(f"const c{number + 1} = [c{number}];\n" for number in range(200))
    ((line, _, code), *_) = errors(text + "c200")
    assert (line, code) == (100, "limit-exceeded")


def test_what_functions_make_is_not_nested_without_end_either() -> None:
    def text(depth: int) -> str:
        return f'core::json::decode("{"[" * depth}{"]" * depth}")'

    assert errors(text(100)) == []
    assert errors(text(101)) == [(1, 1, "limit-exceeded")]


@pytest.mark.parametrize(
    "text",
    [
        f"[{', '.join(['1'] * 51)}]",
        "{" + ", ".join(f'"{number}": 1' for number in range(51)) + "}",
        f'"{"x" * 600}" + "{"x" * 600}"',
        f'const x = "{"x" * 600}"; "#{{x}}#{{x}}"',
        f'const x = {{"{"x" * 600}": 1}}; [x, x]',
    ],
)
def test_no_constant_is_larger_than_the_limits(text: str) -> None:
    assert [code for _, _, code in errors(text, limits=SMALL)] == ["limit-exceeded"]
    assert errors(text) == []


def test_work_is_left_to_the_run_time_when_it_is_much() -> None:
    text = f'const x = "{"x" * 900}"; ' + "; ".join(["let a = x == x"] * 5)
    found, problems = analyse(text, limits=SMALL)
    assert problems.errors == []
    values = [statement.value for statement in found.main.body if isinstance(statement, tree.Let)]
    assert isinstance(values[0], tree.Literal)
    assert isinstance(values[-1], tree.Binary)


def test_a_constant_that_is_too_much_work_is_told_so() -> None:
    text = f'const x = "{"x" * 900}"; const y = [{", ".join(["x == x"] * 5)}]; y'
    _, problems = analyse(text, limits=SMALL)
    assert [error.code for error in problems.errors] == ["not-constant"]
    assert "when the script runs" in problems.errors[0].hint


def test_the_hint_of_a_constant_that_is_none_names_the_local() -> None:
    assert "`missing`" in hint("const c = missing; c")
