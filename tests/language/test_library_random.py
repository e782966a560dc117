"""``random``: chance that an event always meets in the same way."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.language.library.generator import Generator
from pipelines.language.limits import Limits
from tests.language.calling import call, fault

CALLS: list[tuple[str, list[Any]]] = [
    ("random::bool", []),
    ("random::integer", []),
    ("random::integer", [1000]),
    ("random::float", []),
    ("random::string", [16]),
    ("cncf::otel::gen_span_id_string", []),
]


@pytest.mark.parametrize(("name", "arguments"), CALLS)
def test_an_event_always_gets_the_same(name: str, arguments: list[Any]) -> None:
    results = [call(name, *arguments, ingest_ns=ns) for ns in range(100)]

    assert [call(name, *arguments, ingest_ns=ns) for ns in range(100)] == results
    assert len(set(results)) > 1


def test_the_generator_is_pcg() -> None:
    # The first outputs of PCG-MCG-128-XSL-RR for the state that `from_seed` makes of 1, 2, …, 16.
    generator = Generator(0)
    generator._state = int.from_bytes(bytes(range(1, 17)), "little") | 1

    def naive(state: int) -> tuple[int, int]:
        state = state * 0x2360ED051FC65DA44385DF649FCCF645 % 2**128
        word, turn = (state >> 64) ^ (state % 2**64), state >> 122
        text = f"{word:064b}"
        return state, int(text[64 - turn :] + text[: 64 - turn], 2)

    state = generator._state
    for _ in range(20):
        state, expected = naive(state)
        assert generator.bits() == expected


@given(st.integers(0, 2**64 - 1), st.integers(1, 2**64 - 1))
def test_numbers_are_below_their_end(seed: int, end: int) -> None:
    generator = Generator(seed)

    assert all(0 <= generator.below(end) < end for _ in range(5))
    assert all(0 <= generator.fraction() < 1 for _ in range(5))


def test_numbers_are_spread_evenly() -> None:
    generator = Generator(1)
    numbers = [generator.below(5) for _ in range(5000)]

    assert all(850 < numbers.count(number) < 1150 for number in range(5))
    assert 0.48 < sum(generator.fraction() for _ in range(5000)) / 5000 < 0.52


@given(st.integers(0, 2**64 - 1), st.integers(-(2**63), 2**63), st.integers(1, 2**63 - 1))
def test_an_integer_is_within_its_range(ns: int, low: int, width: int) -> None:
    assert low <= call("random::integer", low, low + width, ingest_ns=ns) < low + width
    assert 0 <= call("random::integer", width, ingest_ns=ns) < width
    assert -(2**63) <= call("random::integer", ingest_ns=ns) < 2**63


@given(st.integers(0, 2**64 - 1), st.floats(-1e300, 1e300), st.floats(1e-9, 1e300))
def test_a_float_is_within_its_range(ns: int, low: float, width: float) -> None:
    high = low + width
    if low < high:
        assert low <= call("random::float", low, high, ingest_ns=ns) < high
    assert 0 <= call("random::float", width, ingest_ns=ns) < width
    assert 0 <= call("random::float", ingest_ns=ns) < 1


def test_a_range_of_one_number_leaves_no_choice() -> None:
    high = math.nextafter(1.0, 2.0)

    assert {call("random::float", 1.0, high, ingest_ns=ns) for ns in range(20)} == {1.0}
    assert call("random::integer", 42, 43) == 42
    assert call("random::integer", 1) == 0


@pytest.mark.parametrize("name", ["random::integer", "random::float"])
def test_an_empty_range_is_refused(name: str) -> None:
    for arguments in ([1, 1], [2, 1], [0]):
        assert fault(name, *arguments) == "the range is empty: its beginning must be lower than its end"


def test_a_range_that_no_number_can_measure_is_refused() -> None:
    assert fault("random::integer", -(2**63), 2**64 - 1) == "the range is too wide"
    assert fault("random::float", -1.7e308, 1.7e308) == "the range is too wide"
    assert fault("random::integer", -1) == "a range that begins with 0 cannot end with a negative number"


def test_strings_have_letters_and_digits() -> None:
    text = call("random::string", 5000)

    assert len(text) == 5000
    assert text.isascii()
    assert text.isalnum()
    assert len(set(text)) == 62
    assert call("random::string", 0) == ""


def test_strings_stay_within_the_limit() -> None:
    assert len(call("random::string", 5, limits=Limits(string=5))) == 5
    assert (
        fault("random::string", 6, limits=Limits(string=5)) == "the result would be longer than 5 characters"
    )
