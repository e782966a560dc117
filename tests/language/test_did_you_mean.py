"""Suggestions for mistyped words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.language.closest import closest, distance

WORDS = st.text("abc", max_size=6)


@pytest.mark.parametrize(
    ("first", "second", "slips"),
    [
        ("", "", 0),
        ("", "abc", 3),
        ("len", "length", 3),
        ("marge", "merge", 1),
        ("slef", "self", 1),
        ("ca", "abc", 3),
    ],
)
def test_a_letter_more_less_wrong_or_two_swapped_is_one_slip(first: str, second: str, slips: int) -> None:
    assert distance(first, second) == slips


@given(WORDS, WORDS)
def test_the_distance_is_symmetric_and_zero_only_for_the_same_word(first: str, second: str) -> None:
    assert distance(first, second) == distance(second, first) <= max(len(first), len(second))
    assert (distance(first, second) == 0) == (first == second)


def test_the_nearest_word_is_suggested() -> None:
    assert closest("contians", ["contains", "content", "first"]) == "contains"


def test_of_words_that_are_equally_near_the_first_by_letters_is_suggested() -> None:
    assert closest("bat", ["rat", "cat", "hat"]) == "cat"


def test_nothing_is_suggested_that_is_far_or_shares_no_letter() -> None:
    assert closest("contains", ["first", "last"]) is None
    assert closest("ab", ["cd", "xy"]) is None
    assert closest("ab", []) is None


def test_huge_words_are_not_compared() -> None:
    assert closest("a" * 100_000, ["a" * 100_001]) is None


def test_the_word_itself_is_no_suggestion() -> None:
    assert closest("same", ["same", "sane"]) == "sane"
