"""However a stream is cut into batches: the same results, and an account that balances."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import Batch, Pipeline, compile_graph
from pipelines.language import compile_query

TEXT = """
#!config dialect = "DIALECT"
define tumbling window two with size = 2 end;
define tumbling window three with size = 3, eviction_period = 40 end;
define tumbling window time with interval = 10 end;
define script route script
  match event of
    case %{ n > 6 } => emit event => "far"
    case %{ n == 6 } => emit event => "err"
    default => let event.seen = event.n + event.m, event
  end
end;
define generic::batch operator pack with count = 3 end;
create script route; create operator pack; create stream s;
select event from in into s;
select {"n": event.n, "g": event.g} from s where event.n > 1 into out/some having event.n < 6;
select {"w": window, "g": group, "all": aggr::win::collect_flattened(event.n), "sum": aggr::stats::sum(event.n)}
  from s[two, three] where event.n != 3 group by set(event.n > 3, each(event.g)) into out/wide
  having aggr::stats::count() > 1 and event.sum > 5;
select aggr::stats::count() from s[time] group by event.g into out/timed;
select {"g": group, "e": event} from s group by each(event.g) into out/grouped;
select event from s into route;
select event from route into pack;
select event from pack into out;
select event from route/far into out/far;
"""

CODES: dict[str, Any] = {"0.9": {}, "0.11": {}}
QUERIES = {dialect: compile_query(TEXT.replace("DIALECT", dialect)) for dialect in ("0.9", "0.11")}

EVENTS = st.lists(
    st.fixed_dictionaries(
        {"n": st.integers(0, 8)},
        optional={"m": st.integers(0, 1), "g": st.lists(st.sampled_from([1, 1.0, True, "a"]), max_size=2)},
    ),
    max_size=20,
)
STEPS = st.lists(st.tuples(st.integers(0, 15), EVENTS), max_size=5)


def balance(pipeline: Pipeline) -> None:
    account = pipeline.account()
    dropped = sum(sum(reasons.values()) for reasons in account["dropped"].values())
    left = sum(account["out"].values()) + dropped + account["merged"] + account["held"]
    assert account["in"] + account["created"] == left
    assert account["held"] >= 0


def collect(found: dict[str, list[Any]], results: list[tuple[str, Batch]]) -> None:
    for port, batch in results:
        metas = batch.metas or [None] * len(batch)
        found.setdefault(port, []).extend(zip(copy.deepcopy(batch.values), metas, strict=True))


def run(
    dialect: str, steps: list[tuple[int, list[list[Any]]]]
) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    pipeline = compile_graph(QUERIES[dialect].graph(), name="q", clock_ns=lambda: 0, codes=CODES[dialect])
    found: dict[str, list[Any]] = {}
    now = 0
    for later, batches in steps:
        now += later
        collect(found, pipeline.tick(now))
        for values in batches:
            metas: list[Any] = [{"m": value["n"]} for value in values]
            batch = Batch(copy.deepcopy(values), ingest_ns=now, metas=metas)
            collect(found, pipeline.process(batch))
            balance(pipeline)
    collect(found, pipeline.finish())
    balance(pipeline)
    if dialect == "0.11":
        assert pipeline.account()["held"] == 0
    return found, pipeline.account()


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(["0.9", "0.11"]), STEPS, st.randoms(use_true_random=False))
def test_results_and_account_do_not_depend_on_how_the_stream_is_cut(
    dialect: str, steps: Any, chance: Any
) -> None:
    one_by_one = [(later, [[value] for value in values]) for later, values in steps]
    pieces = []
    for later, values in steps:
        cut: list[list[Any]] = []
        for value in values:
            if cut and chance.random() < 0.6:
                cut[-1].append(value)
            else:
                cut.append([value])
        pieces.append((later, cut))
    assert run(dialect, pieces) == run(dialect, one_by_one)
