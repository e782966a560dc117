"""Selects with windows in both dialects, as a whole: groups, tilt frames, time, having, the end of the stream."""

from __future__ import annotations

from typing import Any

import pytest

from pipelines import Batch, compile_graph
from pipelines.language import CompileError, compile_query

TWO = "define tumbling window two with size = 2 end;\n"
COLLECT = "aggr::win::collect_flattened"


def outcomes(text: str, *values: Any, dialect: str = "0.11") -> list[Any]:
    instance = compile_query(text, dialect=dialect).start()
    return [(port, value) for one in values for port, value, _ in instance.push("in", one)]


def results(text: str, *values: Any, dialect: str = "0.11") -> list[Any]:
    found = outcomes(text, *values, dialect=dialect)
    assert all(port == "out" for port, _ in found), found
    return [value for _, value in found]


def test_a_window_of_a_size_closes_when_it_is_full_or_with_the_next_event() -> None:
    text = TWO + f"select {COLLECT}(event) from in[two] into out"
    assert results(text, 1, 2, 3, 4) == [[1, 2], [3, 4]]
    assert results(text, 1, 2, 3, 4, dialect="0.9") == [[1, 2]]
    assert results(text, 1, 2, 3, 4, 5, dialect="0.9") == [[1, 2], [3, 4]]


def test_results_have_no_metadata_or_those_of_the_event_that_closes() -> None:
    text = TWO + "select aggr::stats::count() from in[two] into out"
    new, old = (compile_query(text, dialect=dialect).start() for dialect in ("0.11", "0.9"))
    new.push("in", 0, meta={"m": 0})
    assert new.push("in", 1, meta={"m": 1}) == [("out", 2, {})]
    old.push("in", 0, meta={"m": 0})
    old.push("in", 1, meta={"m": 1})
    assert old.push("in", 2, meta={"m": 2}) == [("out", 2, {"m": 2})]


def test_groups_have_windows_of_their_own_and_one_is_not_true() -> None:
    text = TWO + f'select {{"g": group, "all": {COLLECT}(event.n)}} from in[two] group by event.g into out'
    events = [{"g": g, "n": n} for n, g in enumerate([1, True, 1.0, "1", 1, True, 1.0, "1"])]
    assert results(text, *events) == [
        {"g": [1, "[1]"], "all": [0, 4]},
        {"g": [True, "[true]"], "all": [1, 5]},
        {"g": [1.0, "[1.0]"], "all": [2, 6]},
        {"g": ["1", '["1"]'], "all": [3, 7]},
    ]


def test_an_event_is_in_all_groups_of_each() -> None:
    text = (
        TWO
        + f'select {{"g": group[0], "all": {COLLECT}(event.n)}} from in[two] group by each(event.g) into out'
    )
    assert results(text, {"g": ["a", "b"], "n": 1}, {"g": ["b"], "n": 2}, {"g": ["a"], "n": 3}) == [
        {"g": "b", "all": [1, 2]},
        {"g": "a", "all": [1, 3]},
    ]


def test_the_window_is_known_by_its_plain_name() -> None:
    text = """
    mod m with define tumbling window one with size = 1 end end;
    select window from in[m::one] into out
    """
    assert results(text, 1) == ["one"]


def test_a_wider_window_sums_up_narrower_ones() -> None:
    text = (
        TWO
        + """define tumbling window three with size = 3 end;
    select {"w": window, "n": aggr::stats::count(), "sum": aggr::stats::sum(event)} from in[two, three] into out
    """
    )
    found = results(text, *range(1, 7))
    assert found == [
        {"w": "two", "n": 2, "sum": 3.0},
        {"w": "two", "n": 2, "sum": 7.0},
        {"w": "two", "n": 2, "sum": 11.0},
        {"w": "three", "n": 6, "sum": 21.0},
    ]


SPOIL = """
define aftershock::remove operator spoil with fields = ["it.a.b"] end;
create operator spoil;
select event from spoil into out;
"""


def test_what_a_window_gives_out_is_not_what_others_keep() -> None:
    text = """
    define tumbling window one with size = 1 end;
    define tumbling window two with size = 2 end;
    select {"it": aggr::win::last(event), "all": COLLECT(event), "g": group[0]} from in[one, two] group by event
    into spoil
    """
    event = {"a": {"b": 1}}
    found = results(SPOIL + text.replace("COLLECT", COLLECT), event, event)
    assert found == [{"it": {"a": {}}, "all": [event] * n, "g": event} for n in (1, 1, 2)]


def test_in_the_old_dialect_the_event_that_closes_a_window_is_not_spoiled_for_the_next_one() -> None:
    text = """
    define tumbling window one with size = 1 end;
    select {"it": event.it, "last": aggr::win::last(event)} from in[one] into spoil
    """
    event = {"it": {"a": {"b": 1}}}
    found = results(SPOIL + text, event, event, event, dialect="0.9")
    assert found == [{"it": {"a": {}}, "last": event}] * 2


def test_having_sees_aggregates_and_the_result() -> None:
    text = (
        TWO
        + "select aggr::stats::sum(event) from in[two] into out having event > 5 and aggr::stats::count() == 2"
    )
    assert results(text, 1, 2, 3, 4) == [7.0]


def test_where_keeps_events_out_of_windows() -> None:
    text = TWO + f"select {COLLECT}(event) from in[two] where event > 1 into out"
    assert results(text, 1, 2, 1, 3) == [[2, 3]]


def test_a_script_says_how_much_an_event_counts() -> None:
    text = """
    define tumbling window heavy with size = 10 script event.weight end;
    select aggr::stats::count() from in[heavy] into out
    """
    assert results(text, {"weight": 4}, {"weight": 4}, {"weight": 2}, {"weight": 10}) == [3, 1]
    [(port, error)] = outcomes(text, {"weight": "4"})
    assert (port, error["event"]) == ("err", {"weight": "4"})
    assert error["position"]["line"] == 2


def test_an_interval_closes_with_time() -> None:
    text = "define tumbling window w with interval = 10 end; select aggr::stats::count() from in[w] into out"
    instance = compile_query(text).start()
    assert instance.push("in", 1, ingest_ns=5) == []
    assert instance.tick(14) == []
    assert instance.tick(15) == [("out", 1, {})]
    assert instance.push("in", 1, ingest_ns=30) == []
    assert instance.push("in", 1, ingest_ns=40) == [("out", 1, {})]
    assert instance.finish() == [("out", 1, {})]
    old = compile_query(text, dialect="0.9").start()
    old.push("in", 1, ingest_ns=5)
    assert old.tick(100) == []
    assert old.push("in", 1, ingest_ns=15) == [("out", 1, {})]
    assert old.finish() == []


def test_a_window_with_a_time_of_its_own_does_not_close_by_the_clock() -> None:
    text = """
    define tumbling window w with interval = 10 script event.at end;
    select aggr::win::collect_flattened(event.at) from in[w] into out
    """
    instance = compile_query(text).start()
    instance.push("in", {"at": 100}, ingest_ns=0)
    assert instance.tick(10**9) == []
    instance.push("in", {"at": 95}, ingest_ns=10**9)
    assert instance.push("in", {"at": 110}, ingest_ns=10**9) == [("out", [100, 95], {})]


def test_an_event_that_would_open_one_group_too_many_leaves_by_err() -> None:
    text = """
    define tumbling window w with size = 2, max_groups = 1 end;
    select aggr::stats::count() from in[w] group by event into out
    """
    [(port, error), last] = outcomes(text, "a", "b", "a")
    assert (port, error["event"]) == ("err", "b")
    assert "1 groups already" in error["error"]
    assert last == ("out", 2)


def test_evicted_events_are_in_the_account() -> None:
    text = """
    define tumbling window w with size = 2, eviction_period = 10 end;
    select aggr::stats::count() from in[w] group by event into out
    """
    pipeline = compile_graph(compile_query(text).graph(), name="q")
    for at in (1, 20, 40):
        pipeline.process(Batch([f"at {at}"], ingest_ns=at))
    account = pipeline.account()
    assert account["dropped"] == {"select@3": {"evicted": 1}}
    assert account["held"] == 2


def test_the_end_of_the_stream_has_the_time_of_the_clock() -> None:
    text = """
    use tremor::system;
    define tumbling window two with size = 2 end;
    select [aggr::stats::count(), system::ingest_ns()] from in[two] into out
    """
    instance = compile_query(text).start()
    instance.push("in", 1, ingest_ns=7)
    assert instance.finish() == [("out", [1, 7], {})]


def test_a_target_that_fails_costs_its_window_also_on_a_tick() -> None:
    text = "define tumbling window w with interval = 10 end; select aggr::win::first(event).a from in[w] into out"
    text = text.replace("aggr::win::first(event).a", "1 + aggr::win::first(event)")
    pipeline = compile_graph(compile_query(text).graph(), name="q", clock_ns=lambda: 0)
    pipeline.process(Batch([{"a": 1}], ingest_ns=0))
    [(port, batch)] = pipeline.tick(10)
    assert port == "err"
    [error] = batch.values
    assert (error["component"], error["operator"]) == ("pipeline:q", "select@1")
    assert error["event"] == {"window": "w", "group": [None]}
    assert error["position"]["line"] == 1


@pytest.mark.parametrize("dialect", ["0.9", "0.11"])
def test_a_target_that_fails_costs_its_window_and_not_the_event_that_closes_it(dialect: str) -> None:
    text = TWO + "select 1 + aggr::win::first(event) from in[two] into out"
    found = outcomes(text, "a", 0, 1, 2, 3, dialect=dialect)
    assert [(port, port == "err" and value["event"]) for port, value in found] == [
        ("err", {"window": "two", "group": [None]}),
        ("out", False),
    ]


def test_an_argument_that_fails_costs_its_event_and_not_the_window() -> None:
    text = TWO + "select aggr::stats::sum(event.n) from in[two] into out"
    found = outcomes(text, {"n": 1}, {}, {"n": "x"}, {"n": 2})
    assert [port for port, _ in found] == ["err", "err", "out"]
    assert [error["event"] for _, error in found[:2]] == [{}, {"n": "x"}]
    assert all(error["position"]["line"] == 2 for _, error in found[:2])
    assert found[-1] == ("out", 3.0)


@pytest.mark.parametrize(
    ("parameters", "line", "message"),
    [
        ("size = 0", 1, "`size` must be a whole number of at least 1"),
        ("size = 1.5", 1, "and it is 1.5"),
        ("interval = true", 1, "and it is true"),
        ("eviction_period = 1", 1, "neither `size` nor `interval`"),
        ("size = 1, intervall = 2", 1, "no parameter `intervall`"),
        ("size = 1, emit_empty_windows = 1", 1, "must be true or false"),
        ("size = 1, size = 2", 1, "given twice"),
        ("size = event", 1, "not constant"),
    ],
)
def test_a_window_that_cannot_be_is_refused(parameters: str, line: int, message: str) -> None:
    with pytest.raises(CompileError) as caught:
        compile_query(f"define tumbling window w with {parameters} end; select event from in into out")
    assert message in caught.value.diagnostic.message
    assert caught.value.diagnostic.line == line


def test_sliding_windows_and_new_parameters_in_the_old_dialect_are_refused() -> None:
    with pytest.raises(CompileError, match="sliding windows are not available"):
        compile_query("define sliding window w with size = 1 end; select event from in into out")
    with pytest.raises(CompileError, match="`max_groups` is not known in dialect") as caught:
        compile_query(
            "define tumbling window w with size = 1, max_groups = 1 end; select event from in into out",
            dialect="0.9",
        )
    assert caught.value.hint == "use dialect 0.11"


def test_of_size_and_interval_the_interval_counts() -> None:
    text = "define tumbling window w with size = 1, interval = 10 end; select aggr::stats::count() from in[w] into out"
    assert results(text, 1, 1, 1) == []
