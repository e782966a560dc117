"""Whatever the text: a query that runs, or a `CompileError`; whatever the event, a result or an error event."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.language import CompileError, Query, compile_query

TEXT = """
#!config dialect = "0.11"
use std::record;
mod m with
  define tumbling window w with size = 2, max_groups = 3 script event.n end;
  define script s with a = 1 script emit event.n + args.a => "p" end;
  const c = 1; fn f(x) with x + 1 end
end;
define tumbling window t with interval = 10, eviction_period = 100 end;
define generic::batch operator b with count = 2, timeout = 5 end;
define aftershock::filter operator k with expression = "event.n > 1" end;
create stream a; create operator b; create operator k; create script s from m::s with a = 2 end;
select event from in into a; select event from in/x into k;
select { "n": aggr::stats::sum(event.n), "g": group } from a[m::w, t] where event.n > 0
  group by set(event.g, each(event.h)) into out/y having event.n > 1;
select m::f(event.n) from a into b; select event from b into s; select event from s/p into out;
select group from k group by each(record::keys(event)) into err having present event;
"""

WORDS = re.findall(r"#!config \w+|\w+|::|\"[^\"]*\"|[=<>]+|\n|\S", TEXT)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**64) | st.floats() | st.text(max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("nghx"), inner, max_size=4),
    max_leaves=8,
)


def compiled(text: str) -> Query | None:
    try:
        return compile_query(text)
    except CompileError as error:
        error.render()
        return None


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_a_garbled_query_is_refused_or_runs(data: st.DataObject) -> None:
    words = list(WORDS)
    assert compiled(" ".join(words))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(words) - 1))
        change = data.draw(st.sampled_from(["drop", "repeat", "replace", "cut"]))
        if change == "drop":
            del words[place]
        elif change == "repeat":
            words.insert(place, words[place])
        elif change == "replace":
            words[place] = data.draw(st.sampled_from(WORDS))
        else:
            del words[place : place + data.draw(st.integers(1, 20))]
        words = words or ["select"]
    query = compiled(" ".join(words))
    if query is not None and "in" in query.inputs:
        query.start().push("in", {"n": 1, "g": [2], "h": [3, 4]})


QUERY = compile_query(TEXT)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["in", "x"]), VALUES, st.integers(0, 20)), max_size=6))
def test_any_event_is_taken(events: list[tuple[str, Any, int]]) -> None:
    instance = QUERY.start()
    now = 0
    for port, value, later in events:
        now += later
        for _, _, meta in [*instance.push(port, value, ingest_ns=now), *instance.tick(now)]:
            assert type(meta) is dict
    instance.finish()
