from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.errors import EventError
from pipelines.field_path import MISSING, FieldPath, parse_field_path

KEYS = st.text(st.sampled_from("a.\\ é"), min_size=1, max_size=4)


def only(pipeline: Any, batch: Any) -> tuple[str, Any]:
    [(port, left)] = pipeline.process(batch)
    [value] = left.values
    return port, value


@settings(deadline=None)
@given(st.lists(KEYS, min_size=1, max_size=5))
def test_a_field_path_reads_back_what_it_writes(keys: list[str]) -> None:
    assert parse_field_path(str(FieldPath(keys))) == tuple(keys)


@settings(deadline=None)
@given(st.text(max_size=20))
def test_any_text_is_a_field_path_or_a_value_error(text: str) -> None:
    try:
        path = parse_field_path(text)
    except ValueError:
        return
    assert str(path) == text


@pytest.mark.parametrize("text", ["", ".", "a..b", "a.", "a\\", "a\\b", 5, "a" * 2000, ".".join("a" * 40)])
def test_what_is_no_field_path_is_refused(text: Any) -> None:
    with pytest.raises(ValueError):
        parse_field_path(text)


@settings(deadline=None)
@given(keys=st.lists(st.sampled_from("ab"), min_size=1, max_size=3))
def test_what_is_set_can_be_read_and_removed_again(keys: list[str]) -> None:
    value: dict[str, Any] = {}
    path = FieldPath(keys)
    path.set(value, 1)
    assert path.get(value) == 1
    assert path.remove(value) == 1
    assert path.get(value) is MISSING


def test_setting_through_something_that_is_no_object_changes_nothing() -> None:
    value = {"a": {"b": 5}}
    with pytest.raises(EventError, match=r"'a\.b' is a number"):
        parse_field_path("a.b.c").set(value, 1)
    assert value == {"a": {"b": 5}}


def test_set_puts_values_into_fields_and_makes_the_objects_on_the_way(
    make: Any, pipeline_of: Any, batch_of: Any
) -> None:
    pipeline = pipeline_of(make("set", fields={"a": 1, "b.c": [1]}))
    assert only(pipeline, batch_of({"a": 0})) == ("out", {"a": 1, "b": {"c": [1]}})


def test_set_gives_each_event_a_list_of_its_own(make: Any, pipeline_of: Any, batch_of: Any) -> None:
    [(_, left)] = pipeline_of(make("set", fields={"tags": []})).process(batch_of({}, {}))
    left.values[0]["tags"].append("x")
    assert left.values[1] == {"tags": []}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("set", {"fields": {"a": 1}}),
        ("set", {"fields": {"a.b": 1}}),
        ("remove", {"fields": ["a"]}),
        ("rename", {"fields": {"a": "b"}}),
    ],
)
@pytest.mark.parametrize("event", [None, 5, "text", [1]])
def test_an_event_that_is_no_object_leaves_by_err_unchanged(
    make: Any, pipeline_of: Any, batch_of: Any, name: str, options: Any, event: Any
) -> None:
    port, value = only(pipeline_of(make(name, **options)), batch_of(event))
    assert port == "err"
    assert value["event"] == event
    assert "not an object" in value["error"]
    assert value["traceback"] == ""


def test_remove_takes_fields_out_and_does_not_mind_missing_ones(
    make: Any, pipeline_of: Any, batch_of: Any
) -> None:
    pipeline = pipeline_of(make("remove", fields=["a", "b.c", "x.y"]))
    assert only(pipeline, batch_of({"a": 1, "b": {"c": 1, "d": 2}})) == ("out", {"b": {"d": 2}})


def test_rename_moves_all_fields_at_once(make: Any, pipeline_of: Any, batch_of: Any) -> None:
    pipeline = pipeline_of(make("rename", fields={"a": "b", "b": "a", "c": "d.e", "none": "x"}))
    assert only(pipeline, batch_of({"a": 1, "b": 2, "c": 3})) == ("out", {"b": 1, "a": 2, "d": {"e": 3}})


@pytest.mark.parametrize("fields", [{"a": "x", "b": "y.z"}, {"b": "y.z", "a": "x"}, {"a": "y.z", "b": "q"}])
def test_a_rename_that_cannot_be_done_leaves_the_event_as_it_was(
    make: Any, pipeline_of: Any, batch_of: Any, fields: dict[str, str]
) -> None:
    event = {"a": 1, "b": 2, "y": "text"}
    port, value = only(pipeline_of(make("rename", fields=fields)), batch_of(copy.deepcopy(event)))
    assert (port, value["event"]) == ("err", event)


def test_a_failing_set_shows_the_event_as_it_came(make: Any, pipeline_of: Any, batch_of: Any) -> None:
    pipeline = pipeline_of(make("set", fields={"fine": 1, "a.b": 1}))
    port, value = only(pipeline, batch_of({"a": 5}))
    assert (port, value["event"]) == ("err", {"a": 5})


@pytest.mark.parametrize("fields", [{"a": "x", "b": "x"}, {"a": "x", "b": "x.y"}, {"a": "x", "a.b": "y"}])
def test_renames_that_lie_within_each_other_are_refused(make: Any, fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="within each other"):
        make("rename", fields=fields)


def test_the_counter_numbers_from_one_over_batches(make: Any, pipeline_of: Any, batch_of: Any) -> None:
    pipeline = pipeline_of(make("counter"))
    values = [
        value
        for batch in (batch_of("a", "b"), batch_of("c"))
        for _, left in pipeline.process(batch)
        for value in left.values
    ]
    assert values == [{"count": 1, "event": "a"}, {"count": 2, "event": "b"}, {"count": 3, "event": "c"}]


def test_a_sample_of_every_third_keeps_the_first_of_three_over_batches(
    make: Any, pipeline_of: Any, batch_of: Any
) -> None:
    pipeline = pipeline_of(make("sample", every=3))
    kept = [
        value for value in range(7) for _, left in pipeline.process(batch_of(value)) for value in left.values
    ]
    assert kept == [0, 3, 6]
    assert pipeline.account()["dropped"] == {"sample": {"sampled out": 4}}


def test_a_sample_with_the_same_seed_keeps_the_same_events(
    make: Any, pipeline_of: Any, batch_of: Any
) -> None:
    def kept(seed: int) -> list[int]:
        [(_, left)] = pipeline_of(make("sample", rate=0.3, seed=seed)).process(batch_of(*range(1000)))
        return list(left.values)

    assert kept(1) == kept(1) != kept(2)
    assert 250 < len(kept(1)) < 350


@pytest.mark.parametrize(
    "options", [{}, {"rate": 0.5, "every": 2}, {"every": 2, "seed": 1}, {"rate": 1.1}, {"every": 0}]
)
def test_a_sample_is_told_its_part_in_exactly_one_way(make: Any, options: Any) -> None:
    with pytest.raises(ValidationError):
        make("sample", **options)
