"""``merge`` and ``patch``: records made of others. None of these changes what it gets, except where it says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipelines.language.faults import BadType, Fault
from pipelines.language.limits import Limits
from pipelines.language.values import Value, type_name

__all__ = [
    "check_size", "copy_field", "erase_field", "insert_field", "merge", "merge_all", "merge_field", "merge_into",
    "move_field", "need_record", "update_field", "upsert_field",
]  # fmt: skip

Record = dict[str, Any]


def need_record(value: Value) -> Record:
    """``value``, if it is a record. Raises `BadType`."""
    if value.__class__ is not dict:
        raise BadType(f"this needs a record, not {type_name(value)}")
    return value


def _need_key(key: Value) -> str:
    if key.__class__ is not str:
        raise BadType(f"a key is a string, not {type_name(key)}", "use an interpolated string")
    return key


def check_size(record: Value, limits: Limits) -> None:
    """Raise `Fault` for a container of more fields than the limit."""
    if record.__class__ is dict and len(record) > limits.record:
        raise Fault(f"the record would have more than {limits.record} fields", code="limit-exceeded")


def merge_into(target: Record, changes: Record, limits: Limits) -> None:
    """Merge ``changes`` into ``target`` itself: null removes a field, records merge with records, all else replaces.

    The records inside of ``target`` are replaced by new ones, not changed. Time is in proportion to ``changes``.
    """
    pending = [(target, changes)]
    while pending:
        record, wanted = pending.pop()
        for key, value in wanted.items():
            if value is None:
                record.pop(key, None)
                continue
            if value.__class__ is dict and (inner := record.get(key)).__class__ is dict:
                # A field that is inserted as a whole keeps its nulls; only what is there already merges.
                value, deeper = dict(inner), value
                pending.append((value, deeper))
            record[key] = value
        check_size(record, limits)


def merge(target: Value, changes: Value, limits: Limits) -> Value:
    """``merge target of changes end``, both known to be records."""
    merged = dict(target)
    merge_into(merged, changes, limits)
    return merged


def merge_all(target: Record, value: Value, limits: Limits) -> Value:
    """``merge => value`` of a patch: like `merge`, but what is no record replaces ``target``."""
    return merge(target, value, limits) if value.__class__ is dict else value


# The operations of a patch change `record`, which belongs to the patch.


def insert_field(record: Record, key: Value, value: Value) -> None:
    """``insert key => value``. Raises `Fault` if the key is there."""
    if _need_key(key) in record:
        raise Fault(f"there is a field `{key}` already", "use `upsert` to replace it", "key-exists")
    record[key] = value


def update_field(record: Record, key: Value, value: Value) -> None:
    """``update key => value``. Raises `Fault` if the key is not there."""
    if _need_key(key) not in record:
        raise Fault(f"there is no field `{key}` to update", "use `upsert` to create it", "missing-key")
    record[key] = value


def upsert_field(record: Record, key: Value, value: Value) -> None:
    """``upsert key => value``."""
    record[_need_key(key)] = value


def erase_field(record: Record, key: Value) -> None:
    """``erase key``: nothing happens if it is not there."""
    record.pop(_need_key(key), None)


def copy_field(
    record: Record, key: Value, new: Value, apart: Callable[[Value], Value] = lambda value: value
) -> None:
    """``copy key => new``: nothing happens if there is no ``key``. Raises `Fault` if there is a ``new``.

    ``apart`` makes the copy, where it is not enough that both fields hold the same.
    """
    if _need_key(new) in record:
        raise Fault(f"there is a field `{new}` already", "erase it before", "key-exists")
    if _need_key(key) in record:
        record[new] = apart(record[key])


def move_field(record: Record, key: Value, new: Value) -> None:
    """``move key => new``: nothing happens if there is no ``key``. Raises `Fault` if there is a ``new``."""
    copy_field(record, key, new)
    record.pop(key, None)


def merge_field(record: Record, key: Value, value: Value, limits: Limits) -> None:
    """``merge key => value``: into the record of that name, or into a new one. Raises `Fault` if it is no record."""
    present = record.get(_need_key(key), {})
    if present.__class__ is not dict:
        raise Fault(f"the field `{key}` is no record but {type_name(present)}", "use `upsert`", "bad-type")
    record[key] = merge_all(present, value, limits)
