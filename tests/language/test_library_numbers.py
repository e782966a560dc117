"""``integer``, ``float``, ``math`` and ``range``."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.language.limits import Limits
from tests.language.calling import call, fault, types_of
from tests.language.values_of_scripts import finite, integers

signed = st.integers(-(2**63), 2**63 - 1)
FUNCTIONS = ["math::floor", "math::ceil", "math::round", "math::trunc"]


@given(signed)
def test_integers_are_read_as_they_are_written(number: int) -> None:
    assert call("integer::parse", str(number)) == number
    assert call("integer::parse", f"{number:+025d}") == number


@pytest.mark.parametrize("text", ["", " 1", "1 ", "1_000", "0x10", "1.0", "+", "-", "--1", "٣", "1e3", "1\n"])
def test_what_is_no_integer_is_refused(text: str) -> None:
    expected = f"{text!r} is not an integer" if text else "an empty string is not an integer"

    assert fault("integer::parse", text) == expected


def test_integers_beyond_64_bits_are_refused_at_once() -> None:
    assert fault("integer::parse", "9223372036854775808").endswith("is too large for 64 bits")
    assert fault("integer::parse", "-9223372036854775809").endswith("is too small for 64 bits")
    assert fault("integer::parse", "1" * 1_000_000).startswith("the integer '1111")


@given(finite)
def test_floats_are_read_as_they_are_written(number: float) -> None:
    assert types_of(call("float::parse", repr(number))) == types_of(number)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("+1e3", 1000.0),
        ("1E-2", 0.01),
        ("inf", math.inf),
        ("-Infinity", -math.inf),
    ],
)
def test_floats_are_read(text: str, number: float) -> None:
    assert types_of(call("float::parse", text)) == types_of(number)
    assert math.isnan(call("float::parse", "NaN"))


@pytest.mark.parametrize("text", ["", ".", "e5", "1e", "1e+", " 1", "1_0", "0x1p3", "infin", "٣", "1" * 5000])
def test_what_is_no_float_is_refused(text: str) -> None:
    assert fault("float::parse", text).endswith("is not a float")


@pytest.mark.parametrize(
    ("number", "floor", "ceil", "rounded", "trunc"),
    [
        (1.2, 1, 2, 1, 1),
        (1.5, 1, 2, 2, 1),
        (2.5, 2, 3, 3, 2),
        (-1.2, -2, -1, -1, -1),
        (-1.5, -2, -1, -2, -1),
        (-2.5, -3, -2, -3, -2),
        (0.49999999999999994, 0, 1, 0, 0),
        (-0.0, 0, 0, 0, 0),
        (4503599627370495.5, 4503599627370495, 4503599627370496, 4503599627370496, 4503599627370495),
        (1e19, 10**19, 10**19, 10**19, 10**19),
        (1e300, 2**64 - 1, 2**64 - 1, 2**64 - 1, 2**64 - 1),
        (-1e300, -(2**63), -(2**63), -(2**63), -(2**63)),
        (math.inf, 2**64 - 1, 2**64 - 1, 2**64 - 1, 2**64 - 1),
        (-math.inf, -(2**63), -(2**63), -(2**63), -(2**63)),
        (math.nan, 0, 0, 0, 0),
    ],
)
def test_floats_become_integers(number: float, floor: int, ceil: int, rounded: int, trunc: int) -> None:
    results = [call(name, number) for name in FUNCTIONS]

    assert types_of(results) == types_of([floor, ceil, rounded, trunc])


@given(integers)
def test_integers_stay_as_they_are(number: int) -> None:
    assert [call(name, number) for name in FUNCTIONS] == [number] * 4


@pytest.mark.parametrize(
    ("left", "right", "greatest", "least"),
    [
        (1, 2, 2, 1),
        (2**64 - 1, -1, 2**64 - 1, -1),
        (1, 2.0, 2.0, 1.0),
        (1.5, 1, 1.5, 1.0),
        (-1, -2, -1, -2),
    ],
)
def test_greatest_and_least(left: Any, right: Any, greatest: Any, least: Any) -> None:
    for one, other in ((left, right), (right, left)):
        assert types_of(call("math::max", one, other)) == types_of(greatest)
        assert types_of(call("math::min", one, other)) == types_of(least)


@pytest.mark.parametrize("name", [*FUNCTIONS, "math::max", "math::min"])
def test_only_numbers_are_taken(name: str) -> None:
    arguments = [True, 1][: 2 if name in ("math::max", "math::min") else 1]

    assert fault(name, *arguments) == "takes a number as its first argument, not a boolean"


def test_ranges_go_to_before_their_end() -> None:
    assert call("range::range", 1, 4) == [1, 2, 3]
    assert call("range::range", -2, 1) == [-2, -1, 0]
    assert call("range::range", 4, 1) == []
    assert call("range::range", 2**64 - 2, 2**64 - 1) == [2**64 - 2]


def test_ranges_stay_within_the_limit() -> None:
    assert call("range::range", 0, 3, limits=Limits(array=3)) == [0, 1, 2]
    assert fault("range::range", 0, 4, limits=Limits(array=3)) == "the result would have more than 3 elements"
    assert fault("range::range", -(2**63), 2**64 - 1) == "the result would have more than 1000000 elements"
