"""first, last, collect_flattened, collect_nested; and what holds for every aggregate."""

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pipelines.language.aggregates  # noqa: F401 - fills the table
from pipelines.language.aggregates.aggregate import AGGREGATES, Aggregate, AggregateKind
from pipelines.language.faults import Fault
from pipelines.language.limits import Limits

VALUES = st.lists(
    st.one_of(st.none(), st.integers(), st.text(max_size=3), st.lists(st.integers(), max_size=2))
)
KEEPERS = pytest.mark.parametrize("name", ["first", "last", "collect_flattened", "collect_nested"])
KINDS = pytest.mark.parametrize("kind", AGGREGATES.values(), ids=lambda kind: kind.name)


def filled(name: str, values: list[Any], limits: Limits | None = None) -> Aggregate:
    aggregate = AGGREGATES["win", name].make(limits or Limits())
    for value in values:
        aggregate.add(value)
    return aggregate


@given(VALUES)
def test_a_window_keeps_its_values(values: list[Any]) -> None:
    assert filled("first", values).value() == (values[0] if values else None)
    assert filled("last", values).value() == (values[-1] if values else None)
    assert filled("collect_flattened", values).value() == filled("collect_nested", values).value() == values


@given(st.lists(VALUES, max_size=4))
def test_merged_windows_keep_the_values_of_all(parts: list[list[Any]]) -> None:
    everything = [value for part in parts for value in part]
    for name in ("first", "last", "collect_flattened", "collect_nested"):
        wide = filled(name, [])
        for part in parts:
            wide.merge(filled(name, part))
        assert wide.value() == (parts if name == "collect_nested" else filled(name, everything).value())


def test_null_is_a_value() -> None:
    assert filled("first", [None, 1]).value() is None
    wide = filled("last", [1])
    wide.merge(filled("last", [None]))
    assert wide.value() is None


@KEEPERS
def test_what_is_kept_is_not_changed_by_the_owners_of_the_event_or_of_the_result(name: str) -> None:
    event = {"a": 1}
    aggregate = filled(name, [event])
    event["a"] = 2
    result = aggregate.value()
    kept = result[0] if isinstance(result, list) else result
    assert kept == {"a": 1}
    if isinstance(result, list):
        result.append("more")
    else:
        result["a"] = 3
    assert aggregate.value() in ({"a": 1}, [{"a": 1}])


@pytest.mark.parametrize("name", ["collect_flattened", "collect_nested"])
def test_a_window_collects_so_many_values_only(name: str) -> None:
    limits = Limits(array=3)
    aggregate = filled(name, [1, 2, 3], limits)
    with pytest.raises(Fault, match="more than 3 values"):
        aggregate.add(4)
    wide = filled(name, [0], limits)
    with pytest.raises(Fault, match="more than 3 values"):
        wide.merge(aggregate)
    assert (aggregate.value(), wide.value()) == ([1, 2, 3], [0])


def test_nested_lists_count_as_what_they_hold() -> None:
    wide = filled("collect_nested", [], Limits(array=6))
    wide.merge(filled("collect_nested", [1, 2]))
    wide.merge(filled("collect_nested", [3, 4]))
    with pytest.raises(Fault, match="more than 6 values"):
        wide.add(5)
    assert wide.value() == [[1, 2], [3, 4]]


def arguments(kind: AggregateKind, number: int) -> list[Any]:
    return [number][: kind.most]


@KINDS
def test_a_state_can_be_pickled_and_goes_on(kind: AggregateKind) -> None:
    aggregate, other = kind.make(Limits()), kind.make(Limits())
    for number in (1, 2, 3):
        aggregate.add(*arguments(kind, number))
        other.add(*arguments(kind, number + 5))
    copy = pickle.loads(pickle.dumps(aggregate))
    for state in (aggregate, copy):
        state.add(*arguments(kind, 4))
        state.merge(other)
    assert copy.value() == aggregate.value()


@KINDS
def test_states_share_nothing(kind: AggregateKind) -> None:
    first, second = kind.make(Limits()), kind.make(Limits())
    before = str(second.value())
    first.add(*arguments(kind, 1))
    assert str(second.value()) == before


@KINDS
def test_every_aggregate_explains_itself(kind: AggregateKind) -> None:
    assert kind.summary.endswith(".")
    assert f"aggr::{kind.module}::{kind.name}(" in kind.example[0]
    assert 0 <= kind.least <= kind.most <= 2
    assert AGGREGATES[kind.module, kind.name] is kind


def test_all_aggregates_are_there() -> None:
    assert {name for module, name in AGGREGATES if module == "stats"} == {
        "count", "sum", "mean", "min", "max", "var", "stdev", "hdr", "dds",
    }  # fmt: skip
    assert {name for module, name in AGGREGATES if module == "win"} == {
        "first", "last", "collect_flattened", "collect_nested",
    }  # fmt: skip
