"""``define … operator``: upstream's operators and our own, and what is wrong with their parameters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import Batch, compile_graph
from pipelines.language import CompileError, compile_query
from pipelines.language.queries.event_list import EventList, events_of
from pipelines.language.queries.history import History


def query(operator: str, parameters: str = "", more: str = "") -> str:
    with_ = f"with {parameters} end" if parameters else ""
    return (
        f"define {operator} operator it {with_};\n"
        "create operator it;\nselect event from in into it;\nselect event from it into out;\n" + more
    )


def run(text: str, *values: Any, **others: Any) -> list[Any]:
    instance = compile_query(text).start()
    return [result for value in values for result in instance.push("in", value, **others)]


BUCKET = compile_query(query("grouper::bucket", more="select event from it/overflow into out/over;"))


def refusal(text: str) -> tuple[str, str, str]:
    with pytest.raises(CompileError) as caught:
        compile_query(text)
    diagnostic = caught.value.diagnostic
    return diagnostic.message, diagnostic.hint, diagnostic.span.text if diagnostic.span else ""


def test_a_counter_numbers_events() -> None:
    assert [value for _, value, _ in run(query("generic::counter"), "a", "b")] == [
        {"count": 1, "event": "a"},
        {"count": 2, "event": "b"},
    ]


def test_a_batch_holds_events_with_their_metadata_and_comes_out_as_those() -> None:
    text = query("generic::batch", "count = 2")
    assert run(text, 1, 2, 3, meta={"m": 0}, ingest_ns=7) == [("out", 1, {"m": 0}), ("out", 2, {"m": 0})]
    joined = text.replace("select event from it into out", 'select {"all": event} from it into out')
    [(_, value, _)] = run(joined, 1, 2, ingest_ns=7)
    event = {"ingest_ns": 7, "kind": None, "is_batch": False}
    assert value["all"] == [event | {"data": {"value": n, "meta": {}}} for n in (1, 2)]


def test_a_batch_that_waits_leaves_with_a_tick_and_never_empty() -> None:
    instance = compile_query(query("generic::batch", "count = 10, timeout = 2")).start()
    assert instance.tick(10**9) == []
    instance.push("in", 1, ingest_ns=10**9)
    assert instance.tick(10**9 + 1_999_999) == []
    assert instance.tick(10**9 + 2_000_000) == [("out", 1, {})]


@pytest.mark.parametrize("value", [[], [1], {"data": 1}, [{"data": 1}], "text"])
def test_other_values_are_no_batches(value: Any) -> None:
    assert events_of(value) is None
    assert run("select event from in into out", value) == [("out", value, {})]


def test_a_bucket_reads_the_metadata() -> None:
    text = query("grouper::bucket", more="select event from it/overflow into out/over;")
    meta = {"class": "c", "rate": 2, "dimensions": ["d"]}
    assert [port for port, _, _ in run(text, 1, 2, 3, meta=meta)] == ["out", "out", "over"]


def test_an_event_without_a_class_leaves_a_bucket_by_err_only_if_that_is_read() -> None:
    text = query("grouper::bucket")
    assert run(text, 1, 2) == []
    pipeline = compile_graph(compile_query(text).graph(), name="q")
    pipeline.process(Batch([1, 2], ingest_ns=0))
    assert pipeline.account()["dropped"] == {"it": {"no class or rate": 2}}
    assert run(text + "select event from it/err into out/none", 1, meta={"class": "c"}) == [
        ("none", 1, {"class": "c"})
    ]


def test_a_bucket_forgets_the_dimensions_that_were_not_used_for_longest() -> None:
    text = query("grouper::bucket", more="select event from it/overflow into out/over;")
    instance = compile_query(text).start()

    def port(dimensions: str) -> str:
        meta = {"class": "c", "rate": 1, "cardinality": 2, "dimensions": dimensions}
        [(port, _, _)] = instance.push("in", 0, meta=meta)
        return port

    assert [port(one) for one in "ababcab"] == ["out", "out", "over", "over", "out", "out", "out"]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("xy"), st.sampled_from([*"abcd", 1, True, None])), max_size=60))
def test_a_bucket_remembers_what_was_used_last(uses: list[tuple[str, Any]]) -> None:
    instance = BUCKET.start()
    remembered: dict[str, list[Any]] = {"x": [], "y": []}
    for name, dimensions in uses:
        meta = {"class": name, "rate": 1, "cardinality": 3, "dimensions": dimensions}
        [(port, _, _)] = instance.push("in", 0, meta=meta)
        mine = remembered[name]
        key = repr(dimensions)
        assert port == ("over" if key in mine else "out")
        if key in mine:
            mine.remove(key)
        remembered[name] = [*mine, key][-3:]


def test_history_is_written_into_the_metadata() -> None:
    text = query("debug::history", 'op = "here", name = "log"')
    assert run(text, 1, 2) == [
        ("out", 1, {"log": ["evt: here(0)"]}),
        ("out", 2, {"log": ["evt: here(1)"]}),
    ]
    assert run(text, 1, meta={"log": ["before"]}) == [("out", 1, {"log": ["before", "evt: here(0)"]})]


def test_qualities_of_service_take_milliseconds() -> None:
    for name, parameters in [
        ("qos::backpressure", "timeout = 100, steps = [1, 2.5]"),
        ("generic::backpressure", "timeout = 0.5, circuit_breaker = false"),
        ("qos::percentile", "timeout = 100, step_down = 0.1, step_up = 0.01"),
        ("qos::roundrobin", 'outputs = ["out", "b"]'),
    ]:
        assert run(query(name, parameters), 1) == [("out", 1, {})]


def test_ports_of_operators_can_be_read() -> None:
    text = """
    define qos::roundrobin operator deal with outputs = ["a", "b"] end;
    create operator deal;
    select event from in into deal;
    select event from deal/a into out/a;
    select event from deal/b into out/b;
    """
    assert [port for port, _, _ in run(text, 1, 2, 3)] == ["a", "b", "a"]


def test_all_our_operators_can_be_had_but_python() -> None:
    text = query("aftershock::filter", 'expression = "event.n > 1"')
    assert run(text, {"n": 1}, {"n": 2}) == [("out", {"n": 2}, {})]
    message, hint, _ = refusal(query("aftershock::python", 'function = "os:system"'))
    assert "`aftershock::python` is not available" in message
    assert "cannot reach Python" in hint


def test_create_can_change_parameters_of_the_definition() -> None:
    text = """
    define generic::batch operator several with count = 100 end;
    create operator two from several with count = 2 end;
    select event from in into two;
    select event from two into out;
    """
    assert len(run(text, 1, 2, 3)) == 2


def test_a_definition_of_a_module_can_be_created() -> None:
    text = """
    mod m with define generic::counter operator n end;
    create operator n from m::n;
    select event from in into n; select event from n into out
    """
    assert run(text, 5) == [("out", {"count": 1, "event": 5}, {})]


@pytest.mark.parametrize(
    ("operator", "parameters", "message", "hint", "where"),
    [
        ("generic::batch", "", "needs the parameter `count`", "", "define generic::batch operator it"),
        ("generic::batch", 'count = "x"', "`count`", "Events in one", '"x"'),
        ("generic::batch", "count = 1, timeout = true", "`timeout` must be milliseconds", "", "true"),
        (
            "generic::batch",
            "count = 1, tineout = 1",
            "no parameter `tineout`",
            "did you mean `timeout`?",
            "tineout = 1",
        ),
        ("grouper::bucket", "rate = 1", "no parameter `rate`", "it has none", "rate = 1"),
        ("qos::backpressure", "timeout = -1", "must be milliseconds", "", "-1"),
        (
            "qos::backpressure",
            "timeout = 1, circuit_breaker = true",
            "`circuit_breaker` is not",
            "leave",
            "true",
        ),
        ("qos::roundrobin", 'outputs = ["err"]', "different names", "", '["err"]'),
        ("qos::wal", "read_count = 1", "`qos::wal` is not available", "in front of this one", None),
        (
            "runtime::tremor",
            'a = "event"',
            "`runtime::tremor` is not available",
            "define a script",
            None,
        ),
        ("generic::countr", "", "no operator `generic::countr`", "did you mean `generic::counter`?", None),
        ("genric::batch", "", "no operator", "did you mean `generic::batch`?", None),
        ("a::counter", "", "no operator", "did you mean `generic::counter`?", None),
        ("aftershock::fliter", "", "no operator", "did you mean `aftershock::filter`?", None),
        ("aftershock::filter", 'expression = "event +"', "expression", "", '"event +"'),
        ("aftershock::filter", 'expresion = "true"', "", "", None),
        ("debug::history", 'op = "a"', "needs `name`", "", None),
    ],
)
def test_what_is_wrong_with_an_operator_is_told_where_it_stands(
    operator: str, parameters: str, message: str, hint: str, where: str | None
) -> None:
    said = refusal(query(operator, parameters))
    assert message in said[0]
    assert hint in said[1]
    if where is not None:
        assert said[2] == where


def test_an_operator_that_is_defined_and_not_created_is_looked_at_too() -> None:
    assert "`count`" in refusal("define generic::batch operator x; select event from in into out")[0]


def test_new_operators_are_made_for_each_graph() -> None:
    made = compile_query(query("generic::counter"))
    assert [made.start().push("in", 1) for _ in range(2)] == [[("out", {"count": 1, "event": 1}, {})]] * 2
    assert EventList.name == "batch"
    assert History("a", "b").may_fail is False
