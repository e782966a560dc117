"""Comparing what came with what was expected, and saying what is missing, too much, or different."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.cases.matching import compare_events, differences


def fits(expected: Any, got: Any, *, exact: bool = False) -> bool:
    return not list(differences(expected, got, exact=exact))


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}),
        ([{"a": 1}], [{"a": 1, "b": 2}]),
        ({}, {"a": 1}),
        ({"a": 1.0}, {"a": 1}),
        ({"a": {"contains": "b"}}, {"a": "abc"}),
        ({"a": {"contains": {"b": 1}}}, {"a": [1, {"b": 1, "c": 2}]}),
        ({"a": {"matches": "^ab+$"}}, {"a": "abb"}),
        ({"a": {"near": 0.3}}, {"a": 0.1 + 0.2}),
        ({"a": {"at_least": 1, "at_most": 3}}, {"a": 3}),
        ({"a": {"is": "null"}}, {"a": None}),
        ({"a": {"is": "table"}}, {"a": {"is": "anything"}}),
        ({"a": {"is": "list"}}, {"a": []}),
        ({"a": {"is": "absent"}}, {}),
        ({"a": {"contains": "b"}}, {"a": {"contains": "b", "more": 1}}),
        ("text", b"text"),
    ],
)
def test_it_fits(expected: Any, got: Any) -> None:
    assert fits(expected, got)


@pytest.mark.parametrize(
    ("expected", "got", "says"),
    [
        ({"a": 1}, {"a": 2}, ".a: expected 1, got 2"),
        ({"a": 1}, {"a": True}, ".a: expected 1, got true"),
        ({"a": True}, {"a": 1}, ".a: expected true, got 1"),
        ({"a": 1}, {}, ".a: missing, expected 1"),
        ({"a b": {"c": 1}}, {"a b": {"c": 2}}, '["a b"].c: expected 1, got 2'),
        ({"a": [1, 2]}, {"a": [1]}, ".a: expected 2 elements, got 1: [1]"),
        ({"a": [1, {"b": 1}]}, {"a": [1, {"b": 2}]}, ".a[1].b: expected 1, got 2"),
        ({"a": {"contains": "x"}}, {"a": "abc"}, '.a: expected contains = "x", got "abc"'),
        ({"a": {"matches": "("}}, {"a": "("}, '.a: expected matches = "(", got "("'),
        ({"a": {"near": 0.3}}, {"a": "0.3"}, '.a: expected near = 0.3, got "0.3"'),
        ({"a": {"at_least": 4}}, {"a": 3}, ".a: expected at_least = 4, got 3"),
        ({"a": {"is": "absent"}}, {"a": None}, ".a: expected to be absent, got null"),
        ({"a": {"is": "number"}}, {"a": True}, '.a: expected is = "number", got true'),
        ({"a": {"b": 1}}, {"a": 1}, '.a: expected {"b":1}, got 1'),
        ({}, 1, "the event: expected {}, got 1"),
    ],
)
def test_it_does_not_fit_and_it_is_said_where(expected: Any, got: Any, says: str) -> None:
    assert list(differences(expected, got, exact=False)) == [says]


def test_exact_means_no_other_fields_at_any_depth() -> None:
    assert list(differences({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}}, exact=True)) == [
        ".a.c: not expected, got 2"
    ]


def test_what_is_missing_and_what_is_too_much_is_said() -> None:
    found = compare_events([1, 2], [1], exact=False, any_order=False, others=False)
    assert [each.what for each in found] == ["missing: 2"]
    found = compare_events([1], [1, 2], exact=False, any_order=False, others=False)
    assert [each.what for each in found] == ["too much: 2"]


def test_the_event_that_is_most_like_a_missing_one_is_shown() -> None:
    got = [{"a": 1, "b": 9, "c": 9}, {"a": 1, "b": 2, "c": 9}]
    (found,) = compare_events([{"a": 1, "b": 2, "c": 3}], got, exact=False, any_order=True, others=True)
    assert found.details == ('most like it is {"a":1,"b":2,"c":9}', ".c: expected 3, got 9")


def test_with_others_the_order_counts_unless_any_order_is_fine() -> None:
    assert compare_events([1, 3], [1, 2, 3], exact=False, any_order=False, others=True) == []
    assert compare_events([3, 1], [1, 2, 3], exact=False, any_order=False, others=True) != []
    assert compare_events([3, 1], [1, 2, 3], exact=False, any_order=True, others=True) == []


# Expectation number n fits the events that have a field called n: so any graph can come about.
EVENTS = st.lists(st.sets(st.integers(0, 5)), max_size=6)


@given(EVENTS, st.integers(0, 6))
@settings(max_examples=300)
def test_in_any_order_as_many_as_possible_find_their_event(events: list[set[int]], count: int) -> None:
    got = [{str(number): True for number in event} for event in events]
    expected = [{str(number): True} for number in range(count)]

    found = compare_events(expected, got, exact=False, any_order=True, others=False)

    missing = sum(each.what.startswith("missing") for each in found)
    most = most_pairs(expected, got)
    assert missing == len(expected) - most
    assert len(found) - missing == len(got) - most


def most_pairs(expected: list[Any], got: list[Any]) -> int:
    """By trying everything: the first gets none, or any that fits."""
    if not expected:
        return 0
    first, *rest = expected
    with_one = (
        1 + most_pairs(rest, got[:index] + got[index + 1 :])
        for index, value in enumerate(got)
        if fits(first, value)
    )
    return max([most_pairs(rest, got), *with_one])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_every_value_without_conditions_fits_itself(value: Any) -> None:
    if "is" not in str(value):
        assert fits(value, value, exact=True)


@given(VALUES, VALUES)
def test_any_two_values_can_be_compared(expected: Any, got: Any) -> None:
    assert all(isinstance(line, str) for line in differences(expected, got, exact=True))
