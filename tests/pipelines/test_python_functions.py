from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pytest

from pipelines import (
    GRAPH,
    Batch,
    ConfigurationError,
    Drop,
    Emit,
    Endpoint,
    EventError,
    Graph,
    PythonFunction,
    Route,
    compile_graph,
    keeps_values,
    per_batch,
    ports,
)


def run(pipeline_of: Any, function: Any, batch: Batch) -> dict[str, Batch]:
    return dict(pipeline_of(PythonFunction(function)).process(batch))


def test_what_a_function_returns_is_the_new_value_even_if_it_is_none_or_a_list(
    pipeline_of: Any, batch_of: Any
) -> None:
    def change(event: Any) -> Any:
        return [event] if event else None

    assert run(pipeline_of, change, batch_of(0, 1, raws=[b"0", b"1"]))["out"].values == [None, [1]]
    assert run(pipeline_of, change, batch_of(0, raws=[b"0"]))["out"].raws is None


def test_drop_ends_an_event_and_is_counted(pipeline_of: Any, batch_of: Any) -> None:
    pipeline = pipeline_of(PythonFunction(lambda event: Drop))
    assert pipeline.process(batch_of(1, 2)) == []
    assert pipeline.account()["dropped"] == {"python": {"dropped": 2}}


def test_a_function_of_two_arguments_gets_metadata_that_it_may_change(
    pipeline_of: Any, batch_of: Any
) -> None:
    def note(event: Any, meta: dict[str, Any]) -> Any:
        if event:
            meta["seen"] = event
        return event

    assert run(pipeline_of, note, batch_of(0, 1))["out"].metas == [None, {"seen": 1}]
    assert run(pipeline_of, note, batch_of(0, 0))["out"].metas is None
    assert run(pipeline_of, note, batch_of(0, 1, metas=[{"a": 1}, None]))["out"].metas == [
        {"a": 1},
        {"seen": 1},
    ]


def test_emit_names_a_port_that_was_declared_and_new_metadata(pipeline_of: Any, batch_of: Any) -> None:
    @ports("alerts")
    def route(event: Any) -> Any:
        return Emit(event, port="alerts", meta={"level": 1}) if event else Emit(event)

    pipeline = pipeline_of(PythonFunction(route))
    assert pipeline.outputs == ("out", "alerts", "err")
    out = dict(pipeline.process(batch_of(0, 1)))
    assert (out["out"].values, out["out"].metas) == ([0], None)
    assert (out["alerts"].values, out["alerts"].metas) == ([1], [{"level": 1}])


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (Emit(1, port="alerts"), '@ports("alerts")'),
        (Emit(1, port="err"), "not declared"),
        (Emit(1, meta=5), "must be a dict"),  # type: ignore[arg-type]
        ((item for item in [1]), "write yield in the function itself"),
    ],
)
def test_a_result_that_makes_no_sense_sends_the_event_to_err(
    pipeline_of: Any, batch_of: Any, result: Any, words: str
) -> None:
    out = run(pipeline_of, lambda event: result, batch_of("event"))
    assert list(out) == ["err"]
    assert words in out["err"].values[0]["error"]
    assert out["err"].values[0]["event"] == "event"


def test_a_generator_emits_any_number_of_events_and_the_account_balances(
    pipeline_of: Any, batch_of: Any
) -> None:
    @ports("even")
    def split(event: int) -> Iterator[Any]:
        for number in range(event):
            yield number if number % 2 else Emit(number, port="even")
        yield Drop

    pipeline = pipeline_of(PythonFunction(split))
    out = dict(pipeline.process(batch_of(3, 0, 2, metas=[{"m": 1}, None, None])))
    assert (out["out"].values, out["even"].values) == ([1, 1], [0, 2, 0])
    assert out["even"].metas == [{"m": 1}, {"m": 1}, None]
    assert pipeline.account() == {
        "in": 3, "out": {"out": 2, "even": 3, "err": 0}, "joined": {}, "dropped": {"python": {"dropped": 1}},
        "merged": 0, "created": 3, "held": 0,
    }  # fmt: skip


def test_a_generator_that_fails_on_the_way_emits_nothing_but_the_error(
    pipeline_of: Any, batch_of: Any
) -> None:
    def fail(event: int) -> Iterator[Any]:
        yield 1
        raise RuntimeError("half way")

    out = run(pipeline_of, fail, batch_of("event"))
    assert list(out) == ["err"]
    assert out["err"].values[0]["event"] == "event"


def test_an_object_that_a_generator_emits_twice_is_copied(pipeline_of: Any, batch_of: Any) -> None:
    def twice(event: Any, meta: dict[str, Any]) -> Iterator[Any]:
        yield event
        yield event

    out = run(pipeline_of, twice, batch_of({"a": []}, metas=[{"m": []}]))["out"]
    assert out.metas is not None
    out.values[0]["a"].append(1)
    out.metas[0]["m"].append(1)  # type: ignore[index]
    assert (out.values[1], out.metas[1]) == ({"a": []}, {"m": []})


def test_raw_bytes_stay_with_events_only_where_a_function_promises_to_keep_values(
    pipeline_of: Any, batch_of: Any
) -> None:
    @keeps_values
    def route(event: Any) -> Any:
        return event if event["n"] else {"n": "another"}

    batch = batch_of({"n": 1}, {"n": 0}, raws=[b"1", b"0"], raw_codec="json")
    out = run(pipeline_of, route, batch)["out"]
    # The promise is not believed where another object came back.
    assert (out.raws, out.raw_codec) == ([b"1", None], "json")


def test_a_class_keeps_state_from_event_to_event(pipeline_of: Any, batch_of: Any) -> None:
    class Total:
        def __init__(self) -> None:
            self.total = 0

        def __call__(self, event: int) -> int:
            self.total += event
            return self.total

    pipeline = pipeline_of(PythonFunction(Total()))
    assert [dict(pipeline.process(batch_of(n)))["out"].values for n in (1, 2)] == [[1], [3]]


def test_optional_arguments_do_not_make_a_function_take_metadata(pipeline_of: Any, batch_of: Any) -> None:
    def scale(event: int, factor: int = 2, **others: Any) -> int:
        return event * factor

    assert run(pipeline_of, scale, batch_of(3))["out"].values == [6]
    assert run(pipeline_of, functools.partial(scale, factor=5), batch_of(3))["out"].values == [15]


@pytest.mark.parametrize("function", [lambda: 1, lambda a, b, c: 1, lambda event, *, needed: 1])
def test_a_function_of_the_wrong_number_of_arguments_is_refused(function: Any) -> None:
    with pytest.raises(ConfigurationError, match="must take one argument"):
        PythonFunction(function)


def test_an_asynchronous_function_is_refused() -> None:
    async def wait(event: Any) -> Any:
        return event

    with pytest.raises(ConfigurationError, match="asynchronous"):
        PythonFunction(wait)


# Per batch


def test_a_per_batch_function_returns_values_parallel_to_the_events(pipeline_of: Any, batch_of: Any) -> None:
    @per_batch
    def double(batch: Batch) -> list[int]:
        return [value * 2 for value in batch.values]

    out = run(pipeline_of, double, batch_of(1, 2, raws=[b"1", b"2"], metas=[{"a": 1}, None], origin="here"))[
        "out"
    ]
    assert (out.values, out.raws, out.metas, out.origin) == ([2, 4], None, [{"a": 1}, None], "here")


def test_a_per_batch_function_may_select_and_route(pipeline_of: Any, batch_of: Any) -> None:
    @keeps_values
    @ports("odd")
    @per_batch
    def route(batch: Batch) -> dict[str, Batch]:
        values = batch.values
        return {
            "out": batch.select([index for index, value in enumerate(values) if value % 2 == 0]),
            "odd": batch.select([index for index, value in enumerate(values) if value % 2 and value < 4]),
        }

    pipeline = pipeline_of(PythonFunction(route))
    out = dict(pipeline.process(batch_of(1, 2, 5, raws=[b"1", b"2", b"5"])))
    assert (out["out"].raws, out["odd"].raws) == ([b"2"], [b"1"])
    assert pipeline.account()["dropped"] == {"python": {"dropped": 1}}


def test_a_per_batch_function_may_make_more_events(pipeline_of: Any, batch_of: Any) -> None:
    pipeline = pipeline_of(PythonFunction(per_batch(lambda batch: batch.like(batch.values * 3))))
    assert dict(pipeline.process(batch_of(1, 2)))["out"].values == [1, 2] * 3
    assert pipeline.account()["created"] == 4


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda batch: [1], "1 values for 3 events"),
        (lambda batch: None, "returned NoneType"),
        (lambda batch: {"out": [1]}, "returned dict"),
        (lambda batch: {"other": batch}, "'other' is not declared"),
        (lambda batch: batch.values.clear() or 1 / 0, "ZeroDivisionError"),
    ],
)
def test_a_failing_per_batch_function_sends_each_of_its_events_to_err(
    pipeline_of: Any, batch_of: Any, function: Any, words: str
) -> None:
    pipeline = pipeline_of(PythonFunction(per_batch(function)))
    out = dict(pipeline.process(batch_of("a", "b", "c", metas=[{"m": 1}, None, None])))
    assert list(out) == ["err"]
    assert [value["event"] for value in out["err"].values] == ["a", "b", "c"]
    assert all(words in value["error"] for value in out["err"].values)
    assert out["err"].metas == [{"m": 1}, None, None]
    assert pipeline.account()["out"] == {"out": 0, "err": 3}


def test_operators_behind_a_per_batch_function_see_what_it_made(
    make: Any, pipeline_of: Any, batch_of: Any
) -> None:
    double = per_batch(lambda batch: [value * 2 for value in batch.values])
    steps = [
        make("filter", expression="event > 1"),
        PythonFunction(double),
        make("counter"),
        PythonFunction(double),
    ]
    pipeline = pipeline_of(*steps[:3])
    assert dict(pipeline.process(batch_of(1, 2, 3)))["out"].values == [
        {"count": 1, "event": 4}, {"count": 2, "event": 6},
    ]  # fmt: skip


# Errors


def fails_deep_down(event: Any) -> Any:
    return {"result": [event / 0 for _ in range(1)]}


def test_an_error_event_says_what_where_and_on_which_event(pipeline_of: Any, batch_of: Any) -> None:
    out = run(pipeline_of, lambda event: fails_deep_down(event) if event == 2 else event, batch_of(1, 2, 3))
    assert out["out"].values == [1, 3]
    [value] = out["err"].values
    assert list(value) == ["error", "component", "operator", "event", "traceback"]
    assert (value["error"], value["component"]) == ("ZeroDivisionError: division by zero", "pipeline:main")
    assert (value["operator"], value["event"]) == ("python", 2)


def test_a_traceback_shows_the_users_lines_and_none_of_ours(pipeline_of: Any, batch_of: Any) -> None:
    text = run(pipeline_of, fails_deep_down, batch_of(1))["err"].values[0]["traceback"]
    assert text.startswith("Traceback (most recent call last):\n")
    assert "event / 0 for _ in range(1)" in text
    assert __file__ in text
    assert "<pipeline" not in text
    assert "pipelines/pipeline.py" not in text


def test_an_error_behind_an_err_port_does_not_carry_the_first_one_along(batch_of: Any) -> None:
    def fail_again(event: Any) -> Any:
        raise KeyError("second")

    graph = Graph()
    graph.add("first", PythonFunction(fails_deep_down))
    graph.add("second", PythonFunction(fail_again))
    graph.connect(Endpoint(GRAPH, "in"), Endpoint("first", "in"))
    graph.connect(Endpoint("first", "err"), Endpoint("second", "in"))
    [(_, left)] = compile_graph(graph, name="main").process(batch_of(1))
    assert left.values[0]["event"]["operator"] == "first"
    assert "KeyError: 'second'" in left.values[0]["traceback"]
    assert "ZeroDivisionError" not in left.values[0]["traceback"]


def test_an_event_error_of_a_user_stands_as_it_is_and_without_a_traceback(
    pipeline_of: Any, batch_of: Any
) -> None:
    def refuse(event: Any) -> Any:
        raise EventError("no customer in it")

    [value] = run(pipeline_of, refuse, batch_of(1))["err"].values
    assert (value["error"], value["traceback"]) == ("no customer in it", "")


def test_an_exception_that_cannot_even_be_shown_costs_only_its_event(pipeline_of: Any, batch_of: Any) -> None:
    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text either")

    def fail(event: Any) -> Any:
        raise Broken

    [value] = run(pipeline_of, fail, batch_of(1))["err"].values
    assert value["error"] == "Broken: (its message cannot be shown)"


def test_endless_recursion_is_an_error_of_bounded_size(pipeline_of: Any, batch_of: Any) -> None:
    def again(event: Any) -> Any:
        return again(event)

    out = run(pipeline_of, again, batch_of(1, 2))
    assert all(value["error"].startswith("RecursionError") for value in out["err"].values)
    assert all(len(value["traceback"]) < 20_000 for value in out["err"].values)


def test_what_is_no_exception_passes_through(pipeline_of: Any, batch_of: Any) -> None:
    class Kill(BaseException):
        pass

    def stop(event: Any) -> Any:
        raise Kill

    with pytest.raises(Kill):
        run(pipeline_of, stop, batch_of(1))


def test_a_per_batch_function_whose_lists_do_not_match_loses_nothing(pipeline_of: Any, batch_of: Any) -> None:
    @per_batch
    def grow(batch: Batch) -> Batch:
        batch.values.append("one more")
        return batch

    pipeline = pipeline_of(PythonFunction(grow), PythonFunction(lambda event: event))
    results = dict(pipeline.process(batch_of(1, 2, metas=[{"a": 1}, {"a": 2}])))

    assert list(results) == ["err"]
    assert [value["event"] for value in results["err"].values] == [1, 2]
    assert "a Batch of 3 values and 2 metas; make it by batch.select" in results["err"].values[0]["error"]


def test_a_value_that_a_per_batch_function_gives_out_twice_is_copied(pipeline_of: Any, batch_of: Any) -> None:
    @ports("alerts")
    @per_batch
    def both(batch: Batch) -> dict[str, Batch]:
        return {"out": batch, "alerts": batch.select([0, 0])}

    results = dict(pipeline_of(PythonFunction(both)).process(batch_of({"n": 1}, metas=[{"m": 1}])))
    events = [*results["out"].values, *results["alerts"].values]
    metas = [*results["out"].metas, *results["alerts"].metas]

    assert events == [{"n": 1}] * 3
    assert len({id(event) for event in events}) == len({id(meta) for meta in metas}) == 3
    assert results["out"] is not results["alerts"]


def test_a_batch_that_a_function_made_itself_answers_to_where_its_events_came_from(batch_of: Any) -> None:
    @per_batch
    def anew(batch: Batch) -> Batch:
        return Batch(list(batch.values), ingest_ns=batch.ingest_ns)

    batch = batch_of(1, route=Route(owner="somebody"))
    route = batch.route
    ((_, made),) = PythonFunction(anew).on_batch(batch, "in")

    assert made.route is route


@pytest.mark.parametrize("name", ["a b", "a/b", "", "err"])
def test_a_port_that_no_link_can_name_is_refused(name: str, make: Any) -> None:
    with pytest.raises(ConfigurationError, match="@ports"):
        ports(name)
    with pytest.raises(ValueError, match="port"):
        make("roundrobin", outputs=["a", name])


@pytest.mark.parametrize("declare", [lambda function: function, per_batch], ids=["per event", "per batch"])
def test_a_function_that_would_end_the_program_costs_its_events_only(
    pipeline_of: Any, batch_of: Any, declare: Any
) -> None:
    def leave(_events: Any) -> Any:
        raise SystemExit(3)

    assert run(pipeline_of, declare(leave), batch_of(1))["err"].values[0]["error"] == "SystemExit: 3"
