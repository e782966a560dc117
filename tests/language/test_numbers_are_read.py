"""Integers, hexadecimal numbers, floats."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.language.lexing import errors, value, words


@given(st.integers(0, 2**63 - 1), st.sampled_from(["0.9", "0.11"]))
def test_integers_go_up_to_63_bits(number: int, dialect: str) -> None:
    assert value(str(number), dialect) == number
    assert value(f"000{number}", dialect) == number
    assert value(hex(number), dialect) == number


@given(st.floats(0, allow_nan=False, allow_infinity=False))
def test_floats_have_a_dot(number: float) -> None:
    assert value(f"{number:.400f}") == number


@pytest.mark.parametrize(
    ("text", "number"),
    [("1.", 1.0), ("1.5e3", 1500.0), ("1.5e+3", 1500.0), ("1.5e-3", 0.0015), ("1.e2", 100.0)],
)
def test_a_float_may_have_an_exponent(text: str, number: float) -> None:
    assert value(text, "0.9") == value(text, "0.11") == number
    assert isinstance(value(text), float)


@pytest.mark.parametrize(
    ("text", "number"),
    [("1_000_000", 1000000), ("0xdead_beef", 0xDEADBEEF), ("1_0.2_5", 10.25), ("1.0e1_0", 1e10), ("-1", -1),
     ("-9223372036854775808", -(2**63)), ("-0x10", -16), ("-1_0.5", -10.5)],
)  # fmt: skip
def test_the_newer_dialect_groups_digits_and_has_negative_numbers(text: str, number: float) -> None:
    assert value(text) == number
    assert type(value(text)) is type(number)


def test_the_older_dialect_has_neither() -> None:
    assert words("-1", "0.9") == ["-", "1"]
    ((message, where),) = errors("1_000", "0.9")
    assert (message, where) == ("a number cannot be followed by '_'", "_000")


def test_a_minus_belongs_to_a_number_only_directly_before_it() -> None:
    assert words("a - 1") == ["a", "-", "1"]
    assert words("a -1") == ["a", "-1"]


@pytest.mark.parametrize(
    "text", ["9223372036854775808", "99999999999999999999999", "1" * 100_000, "0" * 9000 + "1" * 20]
)
def test_an_integer_that_is_too_large_is_refused(text: str) -> None:
    assert errors(text) == [("this integer is too large", text)]


@pytest.mark.parametrize(
    "text", ["0x", "0xg", "7x0", "00x1", "0x8000000000000000", "0x" + "f" * 9999, "0x1g", "0x_1"]
)
def test_what_is_no_hexadecimal_number_is_refused_as_a_whole(text: str) -> None:
    assert errors(f"let a = {text};") == [("this is no hexadecimal number", text)]


@pytest.mark.parametrize(
    ("text", "where"), [("0snot", "snot"), ("1e5", "e5"), ("1.x", "x"), ("2.5x-y", "x-y")]
)
def test_a_number_ends_before_a_word(text: str, where: str) -> None:
    ((message, place),) = errors(f"let a = {text};")
    assert (message, place) == (f"a number cannot be followed by {where[0]!r}", where)


def test_a_float_with_half_an_exponent_or_too_large_is_refused() -> None:
    assert errors("1.0e;") == [("the exponent of this float has no digits", "1.0e")]
    assert errors("1.0e+;") == [("the exponent of this float has no digits", "1.0e+")]
    assert errors("1.0e999") == [("this float is too large", "1.0e999")]
