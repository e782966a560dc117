"""What is in windows is confirmed to its source when it has come out, and not before."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.batch import Batch
from pipelines.compiler import compile_graph
from pipelines.language import compile_query
from pipelines.pipeline import Pipeline
from pipelines.ticket import Outcome, Ticket, forked

SIZES = """
define tumbling window narrow with size = {} end;
define tumbling window wide with size = 2 end;
select {{ "numbers": aggr::win::collect_flattened(event.n) }}
from in[narrow, wide] group by event.g into out having array::len(event.numbers) > 1;
"""
INTERVAL = """
define tumbling window one with interval = {} end;
select {{ "numbers": aggr::win::collect_flattened(event.n) }} from in[one] group by event.g into out;
"""
EVICTED = """
define tumbling window one with size = {}, eviction_period = 5 end;
select {{ "numbers": aggr::win::collect_flattened(event.n) }} from in[one] group by event.g into out;
"""
BATCHES = 15


def pipeline_of(text: str, number: int) -> Pipeline:
    query = compile_query("use std::array;\n" + text.format(number))
    return compile_graph(query.graph(), name="windows")


class Run:
    """A pipeline that is sent batches with tickets, and a world that confirms results in any order."""

    def __init__(self, pipeline: Pipeline, seed: int) -> None:
        self.pipeline = pipeline
        self.random = random.Random(seed)
        self.settled: dict[int, Outcome] = {}
        self.out: list[Batch] = []
        self.batch_of: dict[int, int] = {}

    def send(self, number: int) -> None:
        first = len(self.batch_of)
        events = [
            {"g": self.random.randint(0, 2), "n": first + more} for more in range(self.random.randint(1, 5))
        ]
        self.batch_of.update((event["n"], number) for event in events)
        ticket = Ticket(lambda outcome: self.settled.__setitem__(number, outcome))
        batch = Batch(events, ingest_ns=2 * number, ticket=ticket)
        results = self.pipeline.process(batch)
        forked(batch, results)
        self.out += [result for _port, result in results]

    def tick(self, number: int) -> None:
        self.out += [result for _port, result in self.pipeline.tick(2 * number + 1)]

    def confirm(self, most: int) -> None:
        self.random.shuffle(self.out)
        for result in self.out[:most]:
            assert result.ticket is not None
            result.ticket.answer()
        del self.out[:most]

    def unconfirmed(self) -> set[int]:
        """The batches that something in unconfirmed results comes from."""
        return {
            self.batch_of[number]
            for result in self.out
            for value in result.values
            for number in value.get("numbers", ())
        }


@pytest.mark.parametrize("text", [SIZES, INTERVAL, EVICTED], ids=["sizes", "interval", "evicted"])
@given(number=st.integers(1, 6), seed=st.integers(0, 2**32))
def test_a_batch_is_settled_after_everything_of_it_and_always(text: str, number: int, seed: int) -> None:
    run = Run(pipeline_of(text, number), seed)
    for batch in range(BATCHES):
        run.send(batch)
        if run.random.random() < 0.3:
            run.tick(batch)
        run.confirm(run.random.randint(0, 2))
        assert not run.unconfirmed() & set(run.settled)
    run.out += [result for _port, result in run.pipeline.finish()]
    run.confirm(len(run.out))
    assert run.settled == dict.fromkeys(range(BATCHES), Outcome.DELIVERED)


def test_what_is_only_in_an_open_window_is_not_settled() -> None:
    run = Run(pipeline_of(INTERVAL, 1000), 0)
    run.send(0)
    run.send(1)
    assert (run.out, run.settled) == ([], {})


def test_what_never_comes_out_of_a_window_has_failed() -> None:
    """Regression: in dialect 0.9 the end of the stream closes no window, and their sources waited for ever."""
    query = compile_query(INTERVAL.format(1000), dialect="0.9")
    run = Run(compile_graph(query.graph(), name="windows"), 0)
    run.send(0)
    run.send(1)
    assert (run.pipeline.finish(), run.settled) == ([], {0: Outcome.FAILED, 1: Outcome.FAILED})


def test_a_result_that_fails_fails_everything_that_it_sums_up() -> None:
    run = Run(pipeline_of(SIZES, 1), 0)
    for number in range(3):
        run.send(number)
    run.out += [result for _port, result in run.pipeline.finish()]
    for result in run.out:
        assert result.ticket is not None
        result.ticket.answer(Outcome.FAILED)
    assert set(run.settled.values()) == {Outcome.FAILED}
    assert set(run.settled) == {0, 1, 2}
