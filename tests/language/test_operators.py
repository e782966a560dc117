"""The operators: exact for 64 bits, total equality, and clear about what they do not take."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.language.faults import Fault
from pipelines.language.limits import Limits
from pipelines.language.runtime.operations import BINARY, UNARY, binary_operators, equal
from tests.language import naive
from tests.language.random_scripts import anything_in, numbers_in
from tests.language.script_runs import failed_part, failure_of, value_of

GREATEST, SMALLEST, UNSIGNED = 2**63 - 1, -(2**63), 2**64 - 1


def strictly(value: Any) -> tuple[type, str]:
    return type(value), repr(value)


@pytest.mark.parametrize(
    ("left", "operator", "right", "result"),
    [
        (1, "+", 2, 3),
        (GREATEST, "+", 1, 2**63),
        (UNSIGNED, "+", 1, 0),
        (-1, "+", 1, 0),
        (SMALLEST, "+", -1, GREATEST),
        (UNSIGNED, "+", -1, 2.0**64),
        (1, "+", 0.5, 1.5),
        ("a", "+", "b", "ab"),
        (1, "-", 2, -1),
        (0, "-", GREATEST, -GREATEST),
        (SMALLEST, "-", 1, GREATEST),
        (2**32, "*", 2**32, 0),
        (-(2**62), "*", 2, SMALLEST),
        (GREATEST, "*", -2, 2),
        (6, "/", 3, 2.0),
        (1, "/", 0, math.inf),
        (-1, "/", 0, -math.inf),
        (1, "/", -0.0, -math.inf),
        (7, "%", 3, 1),
        (-7, "%", 3, -1),
        (7, "%", -3, 1),
        (SMALLEST, "%", -1, 0),
        (6, "&", 3, 2),
        (-1, "&", 255, 255),
        (6, "|", 1, 7),
        (6, "^", 3, 5),
        (1, "<<", 63, 2**63),
        (-1, "<<", 63, SMALLEST),
        (UNSIGNED, "<<", 1, UNSIGNED - 1),
        (-8, ">>", 1, -4),
        (-8, ">>>", 60, 15),
        (-1, ">>>", 0, -1),
        (1, "<<", 2**32, 1),
        (True, "and", False, False),
        (True, "or", False, True),
        (True, "xor", True, False),
        (True, "&", False, False),
        (True, "^", False, True),
        (2, "<", 10, True),
        ("10", "<", "2", True),
        (2**53 + 1, ">", 2.0**53, False),
        ("Z", "<", "a", True),
        (b"a", "<", "b", True),
    ],
)
def test_what_an_operator_makes(left: Any, operator: str, right: Any, result: Any) -> None:
    assert strictly(BINARY[operator](left, right)) == strictly(result)


@pytest.mark.parametrize(
    ("left", "operator", "right"),
    [
        (True, "+", 1),
        (1, "+", "a"),
        ([], "+", []),
        ("a", "-", "b"),
        ("a", "*", 2),
        (None, "<", 1),
        (True, "<", False),
        (1, "and", 2),
        (1, "or", True),
        (1.5, "%", 2),
        (1.5, "&", 2),
        (1.5, "<<", 1),
        (UNSIGNED, "&", -1),
        (0, "-", 2**63),
        (5, "%", 0),
        (1, "<<", 64),
        (1, ">>", -1),
        ({}, "<", {}),
        (b"a", "+", b"b"),
    ],
)
def test_what_an_operator_refuses(left: Any, operator: str, right: Any) -> None:
    with pytest.raises(Fault):
        BINARY[operator](left, right)


@pytest.mark.parametrize(
    ("left", "right", "result"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (0.1 + 0.2, 0.3, True),
        (math.nan, math.nan, False),
        (math.inf, math.inf, False),
        (2**63, -(2**63), False),
        (2**53 + 1, 2.0**53, True),
        ([1, {"a": 2.0}], [1.0, {"a": 2}], True),
        ([True], [1], False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": None}, {"b": None}, False),
        ("a", b"a", True),
        (None, False, False),
        ([], {}, False),
    ],
)
def test_equality_is_total(left: Any, right: Any, result: bool) -> None:
    assert equal(left, right) is result
    assert equal(right, left) is result


def test_values_of_any_depth_are_compared() -> None:
    one: list[Any] = []
    other: list[Any] = []
    for _ in range(20_000):
        one, other = [one], [other]
    assert equal(one, other)


def test_values_that_share_their_parts_are_compared_quickly() -> None:
    one: list[Any] = []
    other: list[Any] = []
    for _ in range(200):
        one, other = [one, one], [other, other]
    assert equal(one, other)
    assert not equal([one, 1], [other, 2])


@pytest.mark.parametrize(
    ("operator", "operand", "result"),
    [
        ("-", 2**63, SMALLEST),
        ("-", -5, 5),
        ("-", 0.0, -0.0),
        ("+", 5, 5),
        ("not", True, False),
        ("!", False, True),
        ("!", 0, UNSIGNED),
        ("!", -1, 0),
    ],
)
def test_what_a_unary_operator_makes(operator: str, operand: Any, result: Any) -> None:
    assert strictly(UNARY[operator](operand)) == strictly(result)


@pytest.mark.parametrize(
    ("operator", "operand"),
    [("-", SMALLEST), ("-", 2**63 + 1), ("-", True), ("-", "a"), ("+", None), ("not", 1), ("!", 1.5)],
)
def test_what_a_unary_operator_refuses(operator: str, operand: Any) -> None:
    with pytest.raises(Fault):
        UNARY[operator](operand)


@given(numbers_in, st.sampled_from([*BINARY]), numbers_in)
def test_numbers_are_those_of_64_bits(left: Any, operator: str, right: Any) -> None:
    try:
        expected = naive.binary(operator, left, right)
    except naive.Failed:
        with pytest.raises(Fault):
            BINARY[operator](left, right)
    else:
        result = BINARY[operator](left, right)
        assert strictly(result) == strictly(expected)
        assert result.__class__ is not int or SMALLEST <= result <= UNSIGNED


@given(anything_in, anything_in)
def test_equality_is_that_of_the_naive_interpreter(left: Any, right: Any) -> None:
    assert equal(left, right) is naive.same(left, right)


def done(operator: str, left: Any, right: Any) -> tuple[Any, str]:
    """What the operator makes, or with what words it refuses."""
    try:
        return BINARY[operator](left, right), ""
    except Fault as fault:
        return None, fault.message


@given(anything_in, st.sampled_from([*BINARY]), anything_in)
def test_generated_code_does_what_the_operators_do(left: Any, operator: str, right: Any) -> None:
    text = f"event.left {operator} event.right"
    event = {"left": left, "right": right}
    if operator == "|":
        return
    result, refusal = done(operator, left, right)
    if refusal:
        assert failed_part(text, event) == (refusal, text)
    else:
        assert strictly(value_of(text, event)) == strictly(result)


@given(anything_in, st.sampled_from(["==", "!=", "<", ">=", "+", "-", "*"]))
def test_generated_code_with_literals_does_what_the_operators_do(value: Any, operator: str) -> None:
    for written, literal in [
        ("0", 0),
        ("1", 1),
        ("2", 2),
        ("1.5", 1.5),
        ('"a"', "a"),
        ("true", True),
        ("null", None),
    ]:
        for text, left, right in [
            (f"event {operator} {written}", value, literal),
            (f"{written} {operator} event", literal, value),
        ]:
            result, refusal = done(operator, left, right)
            if refusal:
                assert failure_of(text, value).diagnostic.message == refusal
            else:
                assert strictly(value_of(text, value)) == strictly(result)


def test_both_sides_of_and_are_worked_out() -> None:
    assert failed_part("false and event.missing", {})[1] == "missing"


def test_a_text_keeps_to_the_limit() -> None:
    plus = binary_operators(Limits(string=3))["+"]
    assert plus("a", "bc") == "abc"
    with pytest.raises(Fault, match="more than 3 characters"):
        plus("ab", "cd")
    assert "3 characters" in failure_of("event + event", "ab", string=3).diagnostic.message


def test_a_mistake_in_an_operator_is_told_at_the_operation() -> None:
    assert failed_part("let x = 1;\nevent.a + (event.b - x)", {"a": 1, "b": "text"}) == (
        "`-` is not defined for string and integer",
        "event.b - x",
    )
    assert failed_part("not event", 1) == ("`not` is not defined for integer", "event")
