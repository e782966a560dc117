"""``record``: functions of records."""

from __future__ import annotations

from typing import Any

from pipelines.language.faults import Fault
from pipelines.language.library.bounds import bound_record
from pipelines.language.library.function import function
from pipelines.language.limits import Limits
from pipelines.language.values import type_name


@function("record::len(record: record) -> integer", folds=True, example=('record::len({"a": 1})', "1"))
def length(record: dict[str, Any]) -> int:
    """How many fields a record has."""
    return len(record)


@function("record::is_empty(record: record) -> boolean", folds=True, example=("record::is_empty({})", "true"))
def is_empty(record: dict[str, Any]) -> bool:
    """Whether a record has no fields."""
    return not record


@function(
    "record::contains(record: record, key: string) -> boolean",
    folds=True,
    example=('record::contains({"a": null}, "a")', "true"),
)
def contains(record: dict[str, Any], key: str) -> bool:
    """Whether a record has a field of this name, whatever its value."""
    return key in record


@function(
    "record::keys(record: record) -> array",
    folds=True,
    fresh=True,
    example=('record::keys({"a": 1, "b": 2})', '["a","b"]'),
)
def keys(record: dict[str, Any]) -> list[str]:
    """The names of a record's fields."""
    return list(record)


@function(
    "record::values(record: record) -> array",
    folds=True,
    example=('record::values({"a": 1, "b": 2})', "[1,2]"),
)
def values(record: dict[str, Any]) -> list[Any]:
    """The values of a record's fields."""
    return list(record.values())


@function(
    "record::to_array(record: record) -> array",
    folds=True,
    example=('record::to_array({"a": 1, "b": 2})', '[["a",1],["b",2]]'),
)
def to_array(record: dict[str, Any]) -> list[Any]:
    """An array of pairs of name and value."""
    return [[key, value] for key, value in record.items()]


@function(
    "record::from_array(pairs: array) -> record",
    folds=True,
    takes_limits=True,
    example=('record::from_array([["a", 1], ["b", 2]])', '{"a":1,"b":2}'),
)
def from_array(limits: Limits, pairs: list[Any]) -> dict[str, Any]:
    """A record of an array of pairs of name and value. Of one name the last pair counts."""
    for number, pair in enumerate(pairs):
        if pair.__class__ is not list or len(pair) != 2:
            raise Fault(f"every element must be a pair of name and value, but element {number} is none")
        if pair[0].__class__ is not str:
            raise Fault(
                f"every name must be a string, but that of element {number} is of type {type_name(pair[0])}"
            )
    return bound_record(dict(pairs), limits)


@function(
    "record::select(record: record, names: array) -> record",
    folds=True,
    example=('record::`select`({"a": 1, "b": 2, "c": 3}, ["c", "a"])', '{"a":1,"c":3}'),
)
def select(record: dict[str, Any], names: list[Any]) -> dict[str, Any]:
    """The record with only those of its fields that the array names."""
    wanted = {name for name in names if name.__class__ is str}
    return {key: value for key, value in record.items() if key in wanted}


@function(
    "record::merge(left: record, right: record) -> record",
    folds=True,
    takes_limits=True,
    example=('record::`merge`({"a": 1, "b": 2}, {"b": 3})', '{"a":1,"b":3}'),
)
def merge(limits: Limits, left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    """The fields of both records; those of the second one win. Records within them are not merged."""
    return bound_record({**left, **right}, limits)


@function(
    "record::rename(record: record, names: record) -> record",
    folds=True,
    example=('record::rename({"a": 1, "b": 2}, {"a": "x"})', '{"x":1,"b":2}'),
)
def rename(record: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    """The record with new names for some fields: from the old name to the new one, where that is a string."""
    return {new if (new := names.get(key)).__class__ is str else key: value for key, value in record.items()}
