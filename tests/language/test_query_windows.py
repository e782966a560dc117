"""What the model of the windows leaves out: bounds, eviction, empty windows, failures, scripts that give no number."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines.emit import Drop
from pipelines.errors import EventError
from pipelines.language import ScriptError, compile_query
from pipelines.language.queries.eager_windows import EagerWindows
from pipelines.language.queries.late_windows import LateWindows
from pipelines.language.queries.window import Window
from pipelines.language.queries.windows import Failure, Windows
from pipelines.language.script import SimpleOccasion


class Sums:
    """The aggregate is a list of numbers; events that are texts fail, and so do windows whose numbers come to 13."""

    def fresh(self) -> list[int]:
        return []

    def add(self, state: list[int], cell: Any, window: str, event: Any, meta: Any, occasion: Any) -> None:
        state.append(event + 0)

    def merge(self, state: list[int], narrower: list[int]) -> None:
        state.extend(narrower)

    def result(self, state: list[int], cell: Any, window: str, event: Any, meta: Any, occasion: Any) -> Any:
        if sum(state) == 13:
            raise ValueError("13")
        return Drop if sum(state) > 100 else (cell.values[0], list(state))


def eager(*windows: Window, most: int = 100) -> Windows:
    return EagerWindows(windows, Sums(), most)


def late(*windows: Window, most: int = 100) -> Windows:
    return LateWindows(windows, Sums(), most)


def take(windows: Windows, event: Any, group: Any = "g", at: int = 0) -> list[Any]:
    return windows.take([[group]], event, {}, SimpleOccasion(at))


def tick(windows: Windows, at: int) -> list[Any]:
    return windows.tick(SimpleOccasion(at))


@pytest.mark.parametrize("kind", [eager, late])
def test_one_group_too_many_costs_its_event_and_changes_nothing(kind: Any) -> None:
    windows = kind(Window("w", size=2, max_groups=2))
    take(windows, 1, "a")
    take(windows, 2, "b")
    with pytest.raises(EventError, match="has 2 groups already"):
        take(windows, 3, "c")
    with pytest.raises(EventError):
        windows.take([["a"], ["c"]], 4, {}, SimpleOccasion(0))
    assert windows.held == 2
    assert take(windows, 5, "a") == ([] if kind is late else [("a", [1, 5])])


@pytest.mark.parametrize("kind", [eager, late])
def test_the_limit_of_the_deployment_holds_where_the_window_has_none_or_a_larger_one(kind: Any) -> None:
    windows = kind(Window("w", size=2, max_groups=1000), most=1)
    take(windows, 1, "a")
    with pytest.raises(EventError, match="has 1 groups already"):
        take(windows, 2, "b")


def test_a_group_whose_window_has_closed_makes_room_for_another_one() -> None:
    windows = eager(Window("w", size=1, max_groups=1))
    assert take(windows, 1, "a") == [("a", [1])]
    assert take(windows, 2, "b") == [("b", [2])]


@pytest.mark.parametrize("kind", [eager, late])
def test_groups_that_are_not_used_for_an_eviction_period_are_forgotten_and_counted(kind: Any) -> None:
    windows = kind(Window("w", size=3, eviction_ns=10))
    take(windows, 1, "old", at=1)
    take(windows, 1, "used", at=2)
    take(windows, 2, "used", at=12)
    assert windows.held == 3
    take(windows, 3, "used", at=23)
    assert windows.discarded == {"evicted": 1}
    assert windows.held == (0 if kind is eager else 3)
    take(windows, 5, "old", at=24)
    assert windows.held == (1 if kind is eager else 4)


def test_a_tick_evicts_as_well() -> None:
    windows = eager(Window("w", size=3, eviction_ns=10))
    take(windows, 1, at=1)
    assert [tick(windows, at) for at in (5, 12, 23)] == [[], [], []]
    assert (windows.held, windows.discarded) == (0, {"evicted": 1})


def test_a_wider_window_that_is_evicted_counts_as_the_one_result_that_it_would_have_been() -> None:
    windows = eager(Window("w", size=1), Window("wide", size=3, eviction_ns=10))
    assert take(windows, 1, at=1) == [("g", [1])]
    tick(windows, 12)
    tick(windows, 23)
    assert (windows.held, windows.created, windows.discarded) == (0, 1, {"evicted": 1})


def test_what_having_refuses_is_counted() -> None:
    windows = eager(Window("w", size=2))
    take(windows, 100)
    assert take(windows, 1) == []
    assert (windows.merged, windows.discarded) == (1, {"having": 1})


@pytest.mark.parametrize("kind", [eager, late])
def test_an_event_that_fails_leaves_no_group_behind(kind: Any) -> None:
    windows = kind(Window("w", size=2), Window("wide", size=2))
    [failure] = take(windows, "text", "a")
    assert isinstance(failure, Failure)
    assert isinstance(failure.error, TypeError)
    assert failure.event == "text"
    assert [len(table) for table in windows.tables] == [0, 0]
    assert (windows.held, windows.created) == (0, 0)


def test_an_event_that_fails_does_not_cost_the_window_that_it_closes() -> None:
    windows = late(Window("w", size=1))
    take(windows, 1)
    result, failure = take(windows, "text")
    assert result == ("g", [1])
    assert isinstance(failure, Failure)
    assert windows.held == 0


@pytest.mark.parametrize("kind", [eager, late])
def test_a_result_that_fails_leaves_as_a_failure_with_its_window_and_group(kind: Any) -> None:
    windows = kind(Window("w", size=1))
    results = take(windows, 13)
    if kind is late:
        results = take(windows, 1)
    [failure] = results
    assert isinstance(failure, Failure)
    assert failure.event == {"window": "w", "group": ["g"]}


def test_an_event_in_several_groups_is_in_the_windows_of_each_and_fails_once() -> None:
    windows = eager(Window("w", size=2))
    assert windows.take([["a"], ["b"], ["a"]], 1, {}, SimpleOccasion(0)) == [("a", [1, 1])]
    assert (windows.held, windows.created, windows.merged) == (1, 2, 1)
    [failure] = windows.take([["a"], ["b"]], "text", {}, SimpleOccasion(0))
    assert isinstance(failure, Failure)
    assert windows.created == 2


def test_windows_that_emit_empty_ones_go_on_for_each_known_group() -> None:
    windows = eager(Window("w", interval_ns=10, emits_empty=True))
    assert tick(windows, 5) == []
    take(windows, 1, at=5)
    assert tick(windows, 15) == [("g", [1])]
    assert tick(windows, 24) == []
    assert tick(windows, 26) == [("g", [])]
    take(windows, 2, at=30)
    assert tick(windows, 35) == [("g", [2])]
    assert tick(windows, 99) == [("g", [])]
    assert tick(windows, 108) == []
    assert windows.finish(SimpleOccasion(120)) == []
    assert (windows.held, windows.created, windows.merged) == (0, 2, 0)


def test_a_wide_window_waits_for_all_narrower_ones_of_its_group() -> None:
    windows = eager(*(Window(name, interval_ns=ns) for name, ns in (("a", 20), ("b", 10), ("c", 10))))
    take(windows, 1, at=0)
    assert tick(windows, 10) == []
    assert tick(windows, 20) == [("g", [1]), ("g", [1]), ("g", [1])]


def test_a_wide_window_whose_narrower_ones_were_evicted_closes_without_a_result() -> None:
    windows = eager(Window("w", size=2, eviction_ns=5), Window("wide", interval_ns=50))
    take(windows, 1, at=1)
    tick(windows, 7)
    tick(windows, 13)
    assert windows.held == 0
    assert tick(windows, 51) == []
    assert [len(table) for table in windows.tables] == [0, 0]
    assert (windows.created, windows.discarded) == (0, {"evicted": 1})


def test_closing_many_windows_by_events_alone_leaves_nothing_behind() -> None:
    windows = EagerWindows([Window("w", interval_ns=10)], Sums(), 100)
    for step in range(1000):
        take(windows, step, at=step * 10)
    assert len(windows._due[0]) <= 3


@pytest.mark.parametrize("value", [True, 1.0, -1, None, "2", 2**64])
def test_a_script_of_a_window_must_give_a_whole_number(value: Any) -> None:
    windows = eager(Window("w", size=2, script=lambda event, meta, occasion: value))
    with pytest.raises(ScriptError, match="the script of the window w gave"):
        take(windows, 1)
    assert len(windows.tables[0]) == 0


def test_in_the_old_dialect_an_interval_without_events_does_not_close_and_the_end_gives_nothing() -> None:
    windows = late(Window("w", interval_ns=10))
    take(windows, 1, at=0)
    assert tick(windows, 100) == []
    assert windows.finish(SimpleOccasion(200)) == []
    assert windows.held == 1


@pytest.mark.parametrize(
    "target",
    [
        '{"n": aggr::stats::count(), "s": aggr::stats::sum(event)}',
        '{"s": aggr::stats::sum(event), "n": aggr::stats::count()}',
        '{"m": aggr::stats::max(1), "n": aggr::stats::count(), "s": aggr::stats::sum(event)}',
    ],
)
@pytest.mark.parametrize("dialect", ["0.9", "0.11"])
def test_an_event_that_one_aggregate_refuses_is_in_none_of_them(target: str, dialect: str) -> None:
    text = f"define tumbling window three with size = 3 end; select {target} from in[three] into out;"
    query = compile_query(text, dialect=dialect).start()
    results = [result for value in (1, 2, "x", 3, 4) for result in query.push("in", value)]
    assert [(port, value.get("n"), value.get("s")) for port, value, _ in results] == [
        ("err", None, None),
        ("out", 3, 6.0),
    ]
