"""Copies of values for people: plain, bounded, and without secrets."""

from __future__ import annotations

import json
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.taps.shown import HIDDEN, Shown


def size_of(value: Any) -> int:
    if isinstance(value, dict):
        return sum(len(key) + size_of(item) for key, item in value.items()) + 1
    if isinstance(value, list):
        return sum(map(size_of, value)) + 1
    return len(value) if isinstance(value, str) else 1


@pytest.mark.parametrize(
    "key", ["password", "Authorization", "X-Api-Key", "apiKey", "client_secret", "access.token", "Set-Cookie"]
)
def test_what_stands_under_a_secret_key_is_hidden_however_deep(key: str) -> None:
    value = {"a": [{key: {"b": "hunter2"}, "user": "eve"}]}

    assert Shown()(value) == {"a": [{key: HIDDEN, "user": "eve"}]}


def test_a_key_of_bytes_is_as_secret_as_one_of_text() -> None:
    assert Shown()({b"password": "hunter2"}) == {"password": HIDDEN}


def test_which_keys_are_secret_can_be_said() -> None:
    shown = Shown(["iban"])

    assert shown({"IBAN": "DE00", "password": "x"}) == {"IBAN": HIDDEN, "password": "x"}


def test_plain_values_are_shown_as_they_are() -> None:
    value = {"a": [1, 1.5, None, True, "text", {"b": []}], "c": 2**64 - 1}

    assert Shown()(value) == value


def test_what_is_not_plain_is_told_by_its_type() -> None:
    class Odd:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    value = {"odd": Odd(), "big": 2**100, "nan": float("nan"), "bytes": b"a\xff", 7: (1, {2})}

    assert Shown()(value) == {
        "odd": "<Odd>",
        "big": "<integer of 101 bits>",
        "nan": "<nan>",
        "bytes": "a\\xff",
        "7": [1, "<set>"],
    }


def test_long_texts_lists_and_objects_are_cut() -> None:
    shown = Shown(max_text=4, max_items=2)

    assert shown(["abcdef", b"abcdef", 3]) == ["abcd…", "abcd…", "… 1 more"]
    assert shown({"a": 1, "b": 2, "c": 3}) == {"a": 1, "b": 2, "…": "1 more"}


def test_what_is_nested_deeply_or_in_itself_is_cut() -> None:
    circle: list[Any] = []
    circle.append(circle)

    assert Shown(max_depth=3)(circle) == [[["[…]"]]]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.just(object()),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner, inner)
    ),
    max_leaves=40,
)


@given(values, st.integers(1, 4), st.integers(1, 5), st.integers(1, 8), st.integers(1, 60))
def test_whatever_the_value_is_the_copy_travels_and_is_bounded(
    value: Any, max_depth: int, max_items: int, max_text: int, max_size: int
) -> None:
    shown = Shown(max_depth=max_depth, max_items=max_items, max_text=max_text, max_size=max_size)

    copy = shown(value)

    json.dumps(copy, allow_nan=False).encode()
    msgpack.packb(copy)
    # What was left out is told beside it, for each list and object once.
    assert size_of(copy) <= 20 * max_size + 30


@given(values)
def test_the_value_itself_stays_as_it_is(value: Any) -> None:
    before = repr(value)
    Shown()(value)
    assert repr(value) == before
