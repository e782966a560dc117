"""``record``: functions of records."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.language.limits import Limits
from tests.language.calling import call, fault, types_of
from tests.language.values_of_scripts import few, json_values, texts

records = st.dictionaries(texts, json_values, max_size=5)


def test_length_emptiness_and_contents() -> None:
    assert call("record::len", {"a": 1, "b": 2}) == 2
    assert call("record::is_empty", {}) is True
    assert call("record::is_empty", {"a": None}) is False
    assert call("record::contains", {"a": None}, "a") is True
    assert call("record::contains", {"a": None}, "b") is False


@few
@given(records)
def test_a_record_is_its_keys_and_values_in_order(record: dict[str, Any]) -> None:
    pairs = call("array::zip", call("record::keys", record), call("record::values", record))

    assert types_of(pairs) == types_of(call("record::to_array", record))
    assert types_of(call("record::from_array", pairs)) == types_of(record)


def test_of_pairs_with_one_name_the_last_counts() -> None:
    assert call("record::from_array", [["a", 1], ["b", 2], ["a", 3]]) == {"a": 3, "b": 2}


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([["a", 1], ["a"]], "every element must be a pair of name and value, but element 1 is none"),
        ([["a", 1, 2]], "every element must be a pair of name and value, but element 0 is none"),
        (["ab"], "every element must be a pair of name and value, but element 0 is none"),
        ([[1, "a"]], "every name must be a string, but that of element 0 is of type integer"),
        ([[None, "a"]], "every name must be a string, but that of element 0 is of type null"),
    ],
)
def test_only_pairs_make_a_record(pairs: list[Any], message: str) -> None:
    assert fault("record::from_array", pairs) == message


def test_select_keeps_what_is_named_in_the_order_of_the_record() -> None:
    record = {"a": 1, "b": 2, "c": 3}

    assert list(call("record::select", record, ["c", "a", "x", "a", 1, None, []]).items()) == [
        ("a", 1),
        ("c", 3),
    ]
    assert call("record::select", record, []) == {}


@few
@given(records, records)
def test_merge_lets_the_right_one_win(left: dict[str, Any], right: dict[str, Any]) -> None:
    merged = call("record::merge", left, right)

    assert merged.keys() == left.keys() | right.keys()
    assert all(merged[key] is (right[key] if key in right else left[key]) for key in merged)


def test_merge_does_not_look_inside() -> None:
    assert call("record::merge", {"a": {"x": 1}, "b": 1}, {"a": {"y": 2}, "b": None}) == {
        "a": {"y": 2},
        "b": None,
    }


def test_rename_takes_new_names_that_are_strings() -> None:
    record = {"a": 1, "b": 2, "c": 3, "d": 4}

    assert call("record::rename", record, {"a": "x", "b": 1, "c": None, "z": "y"}) == {
        "x": 1, "b": 2, "c": 3, "d": 4
    }  # fmt: skip
    assert call("record::rename", record, {"a": "d"}) == {"d": 4, "b": 2, "c": 3}


def test_nothing_changes_its_arguments() -> None:
    record = {"a": 1}

    call("record::merge", record, {"b": 2})
    call("record::rename", record, {"a": "b"})
    call("record::select", record, [])

    assert record == {"a": 1}


def test_records_stay_within_the_limit() -> None:
    limits = Limits(record=2)
    message = "the result would have more than 2 fields"

    assert call("record::merge", {"a": 1}, {"b": 2}, limits=limits) == {"a": 1, "b": 2}
    assert fault("record::merge", {"a": 1, "c": 1}, {"b": 2}, limits=limits) == message
    assert fault("record::from_array", [["a", 1], ["b", 2], ["c", 3]], limits=limits) == message
