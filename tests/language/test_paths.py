"""Paths: what they read, what they refuse, and where that is told; ``present`` and ``absent``; nested ``let``."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.language.runtime.hash_order import hash_order
from tests.language.script_runs import failed_part, failure_of, value_of

EVENT = {
    "name": "x",
    "list": [1, 2, 3],
    "record": {"inner": {"deep": 5}},
    "zero": 0,
    "none": None,
    "flag": True,
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("event.name", "x"),
        ('event["name"]', "x"),
        ("event.record.inner.deep", 5),
        ("event.list[0]", 1),
        ("event.list[event.zero]", 1),
        ("event.list[1:3]", [2, 3]),
        ("event.list[0:0]", []),
        ("event.list[3:3]", []),
        ("event.list[1:3][0]", 2),
        ('event[event.name + ""]', None),
        ("event.none", None),
    ],
)
def test_what_a_path_reads(path: str, value: Any) -> None:
    event = {**EVENT, "x": None}
    assert value_of(path, event) == value


@pytest.mark.parametrize(
    ("path", "message", "part"),
    [
        ("event.nam", "there is no key `nam` in this event record", "nam"),
        ("event.record.inner.deeper.still", "there is no key `deeper` in this event record", "deeper"),
        ("event.name.x", "this needs a record, not string", "x"),
        ("event.none.x", "this needs a record, not null", "x"),
        ("event.list.x", "this needs a record, not array", "x"),
        ("event.list[3]", "the index 3 is beyond the end of an array of 3", "3"),
        ("event.name[0]", "this needs an array, not string", "0"),
        ("event.record[0]", "this needs an array, not record", "0"),
        ("event.record[event.zero]", "this needs a string, not integer", "event.zero"),
        ("event.list[event.name]", "this needs an integer, not string", "event.name"),
        ("event.list[event.flag]", "this needs an integer, not boolean", "event.flag"),
        (
            "event.list[event.zero - 1]",
            "the index -1 is negative, and the array has the indices 0 to 2",
            "event.zero - 1",
        ),
        ("event.zero[event.name]", "this needs a record, not integer", "event.name"),
        ("event.zero[event.zero]", "this needs an array, not integer", "event.zero"),
        ("event.list[2:1]", "the range 2:1 ends before it starts", "2:1"),
        ("event.list[1:4]", "the range 1:4 reaches beyond the end of an array of 3", "1:4"),
        ("event.list[event.name:2]", "this needs an integer, not string", "event.name"),
        ("event.list[0:event.flag]", "this needs an integer, not boolean", "event.flag"),
        ("event.name[0:1]", "this needs an array, not string", "0:1"),
        ("event.list[0:2].x", "this needs a record, not array", "x"),
        ("missing", "the local variable `missing` has no value", "missing"),
        ("missing.x", "the local variable `missing` has no value", "missing.x"),
        ("$gone", "there is no key `gone` in this metadata record", "gone"),
        ("state.gone", "this needs a record, not null", "gone"),
    ],
)
def test_what_a_path_refuses(path: str, message: str, part: str) -> None:
    told, where = failed_part(f"[1,\n {path}]", EVENT)
    assert told == message
    assert where in (part, f".{part}", f"[{part}]", path)


def test_a_hint_names_the_nearest_key() -> None:
    assert "`name`" in failure_of("event.nme", EVENT).diagnostic.hint
    assert "`event`" in failure_of("evnt.name", EVENT).diagnostic.hint
    assert "`null`" in failure_of("nil", EVENT).diagnostic.hint
    assert "present" in failure_of("event.somethingelse", EVENT).diagnostic.hint


def test_an_error_knows_line_and_column() -> None:
    diagnostic = failure_of("let a = 1;\nlet b = event.list[0] +\n   event.nam;\nb", EVENT).diagnostic
    assert (diagnostic.line, diagnostic.column, diagnostic.file) == (3, 10, "script")
    assert diagnostic.code == "missing-key"


def test_an_error_carries_the_event_as_it_was_then() -> None:
    error = failure_of("let event.done = 1; let $m = 2; event.gone", {"a": 1})
    assert error.event == {"a": 1, "done": 1}
    assert error.meta == {"m": 2}


def test_a_failure_in_a_function_is_told_in_the_function() -> None:
    text = "fn f(x) with\n  x.gone\nend;\nlet event.a = 1;\nf(event)"
    error = failure_of(text, {})
    assert (error.diagnostic.line, error.event) == (2, {"a": 1})


@pytest.mark.parametrize(
    ("path", "is_there"),
    [
        ("event.name", True),
        ("event.none", True),
        ("event.gone", False),
        ("event.gone.deeper", False),
        ("event.name.x", False),
        ("event.list[2]", True),
        ("event.list[3]", False),
        ("event.list.x", False),
        ("event.record[event.name]", False),
        ("event[event.name]", False),
        ("event.list[event.zero]", True),
        ("event.list[0:3]", True),
        ("event.list[0:4]", False),
        ("event.zero[event.flag]", False),
        ("missing", False),
        ("missing.x", False),
        ("known", True),
        ("$gone", False),
        ("state", True),
        ("event", True),
    ],
)
def test_present_and_absent(path: str, is_there: bool) -> None:
    assert value_of(f"let known = 1; present {path}", EVENT) is is_there
    assert value_of(f"let known = 1; absent {path}", EVENT) is not is_there


@pytest.mark.parametrize("path", ["event.list[event.name]", "event.list[event.zero - 1]", "event.list[2:1]"])
def test_present_refuses_keys_that_no_array_has(path: str) -> None:
    assert failure_of(f"present {path}", EVENT).diagnostic.span is not None


def test_a_variable_that_present_asks_for_still_fails_when_it_is_read() -> None:
    text = "let a = present x; match event of case true => let x = 1 default => null end; [a, x]"
    assert value_of(text, True) == [False, 1]
    assert failed_part(text, False) == ("the local variable `x` has no value", "x")
    assert failed_part("let a = present x; let x.b = 1", 1)[0] == "the local variable `x` has no value"


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("let event.new = 1; event", {"a": {"b": 1}, "new": 1}),
        ("let event.x.y.z = 1; event", {"a": {"b": 1}, "x": {"y": {"z": 1}}}),
        ('let event["k" + "x"].y = 1; event', {"a": {"b": 1}, "kx": {"y": 1}}),
        ("let event.a.c = event.a; event", {"a": {"b": 1, "c": {"b": 1}}}),
        ("let event.a = event; event", {"a": {"a": {"b": 1}}}),
        ("let $a.b.c = 1; $a", {"b": {"c": 1}}),
        ("let x = let event.a.c = 5; [x, event.a]", [5, {"b": 1, "c": 5}]),
        ("let state = {}; let state.a.b = 1; state", {"a": {"b": 1}}),
    ],
)
def test_let_along_a_path_makes_what_is_missing(text: str, result: Any) -> None:
    assert value_of(text, {"a": {"b": 1}}) == result


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("event.name.x", "this needs a record, not string"),
        ("event.list.x", "this needs a record, not array"),
        ("event.list[0]", "an array's elements cannot be assigned"),
        ("event.list[0:1]", "an array's elements cannot be assigned"),
        ("event[event.zero]", "this needs a string, not integer"),
        ("state.x", "this needs a record, not null"),
        ("missing.x", "the local variable `missing` has no value"),
    ],
)
def test_what_let_refuses(target: str, message: str) -> None:
    error = failure_of(f"let event.kept = 1;\nlet {target} = 2", EVENT)
    assert error.diagnostic.message == message
    assert error.diagnostic.line == 2
    assert error.event == {**EVENT, "kept": 1}


def test_a_key_that_was_meant_as_a_subtraction_is_explained() -> None:
    assert "`b - 1`" in failure_of("event.b-1", {"b": 3}).diagnostic.hint


def test_the_old_dialect_goes_through_records_in_the_order_of_their_hashes() -> None:
    keys = "for event of case (k, v) => k end"
    event = {"0": 1, "1": 2, "2": 3}
    assert value_of(keys, event) == ["0", "1", "2"]
    assert value_of(keys, event, dialect="0.9") == ["1", "2", "0"]
    many = [f"key {number}" for number in range(500)]
    assert sorted(hash_order(many)) == sorted(many)
    assert hash_order(many) != many
