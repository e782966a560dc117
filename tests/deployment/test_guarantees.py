"""A flow that promises at-least-once is refused where a component cannot keep that, before anything starts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from supervisor.deployment.problem import Problem, Severity

Check = Callable[[str], list[Problem]]

GOOD = """
[onramps.in]
type = "http"
[pipelines.stage]
operators = [{ type = "batch", count = 2 }]
[offramps.out]
type = "sqlite"
path = "out.db"
table = "events"
columns = { id = "id" }
create = true
[offramps.errors]
type = "blackhole"
[supervisor]
dead_letters = "dead-letters.db"
[flows.main]
guarantee = "at-least-once"
links = ["in -> stage -> out", "in/err -> errors", "stage/err -> errors", "out/err -> errors"]
"""


def refusals(problems: list[Problem]) -> list[str]:
    return [problem.message for problem in problems if problem.severity is Severity.ERROR]


def test_a_flow_of_components_that_keep_the_promise_is_accepted(problems: Check) -> None:
    assert refusals(problems(GOOD)) == []


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('type = "http"', 'type = "udp"\naddress = "127.0.0.1:5000"', "onramp `in` of type `udp`"),
        (
            'type = "sqlite"\npath = "out.db"\ntable = "events"\ncolumns = { id = "id" }\ncreate = true',
            'type = "udp"\naddress = "127.0.0.1:5000"',
            "offramp `out` of type `udp`",
        ),
        ('"out/err -> errors"', "", "offramp `out` has no reader for its `err` port"),
    ],
)
def test_what_cannot_keep_the_promise_is_refused_by_name(
    problems: Check, old: str, new: str, named: str
) -> None:
    text = GOOD.replace(old, new)
    if not new:
        text = text.replace('dead_letters = "dead-letters.db"', "")
    found = refusals(problems(text))

    assert [message for message in found if named in message and "promises at-least-once" in message], found


def test_the_same_flow_without_the_promise_is_accepted(problems: Check) -> None:
    text = GOOD.replace('"at-least-once"', '"best-effort"').replace(
        'type = "http"', 'type = "udp"\naddress = "127.0.0.1:5000"'
    )

    assert refusals(problems(text)) == []


@pytest.mark.parametrize(
    ("operator", "options"),
    [("backpressure", ', timeout = "1s"'), ("percentile", ', timeout = "1s"'), ("roundrobin", "")],
)
def test_what_failing_offramps_do_not_take_must_have_a_reader(
    problems: Check, operator: str, options: str
) -> None:
    """Regression: while all offramps of a `roundrobin` were away, events were dropped and confirmed."""
    text = GOOD.replace('{ type = "batch", count = 2 }', f'{{ type = "{operator}"{options} }}')
    (found,) = refusals(problems(text))
    assert f"pipeline `stage` sends events by the `overflow` port of `{operator}`" in found
    assert refusals(problems(text.replace('"out/err ->', '"stage/overflow -> errors", "out/err ->'))) == []


def test_what_is_promised_at_least_once_is_not_dropped_for_a_closed_offramp(problems: Check) -> None:
    drops = 'guarantee = "at-least-once"\nwhen_closed = "drop"'
    (refusal,) = refusals(problems(GOOD.replace('guarantee = "at-least-once"', drops)))
    assert refusal == "flow `main` promises at-least-once, but drops what is for a closed offramp"


def test_an_offramp_that_executors_share_is_refused_where_closed_offramps_cost_events(
    problems: Check,
) -> None:
    text = GOOD.replace(
        'guarantee = "at-least-once"', 'when_closed = "drop"\nshared = ["out", "errors"]\ninstances = 2'
    )
    assert refusals(problems(text)) == []
    text = text.replace("[supervisor]", "[supervisor]\nexecutors = 2")
    found = [problem for problem in problems(text) if problem.severity is Severity.ERROR]
    assert {problem.code for problem in found} == {"closed-elsewhere"}
    assert "the offramp `out` is shared by several executors" in found[0].message


WAL = """
[supervisor]
dead_letters = "dead-letters.db"
[onramps.in]
type = "udp"
address = "127.0.0.1:5000"
[pipelines.keep]
operators = [{ type = "wal", path = "events.wal" }]
[pipelines.other]
operators = [{ type = "counter" }]
[offramps.out]
type = "blackhole"
[flows.main]
guarantee = "at-least-once"
links = ["in -> keep -> out", "keep/overflow -> out"]
"""
USED = """
[onramps.in2]
type = "memory"
[offramps.out2]
type = "blackhole"
[flows.spare]
links = ["in2 -> other -> out2"]
"""


def test_an_onramp_that_cannot_replay_may_stand_before_a_wal(problems: Check) -> None:
    assert refusals(problems(WAL + USED)) == []


@pytest.mark.parametrize(
    "links",
    [
        '"in -> other -> out", "in2 -> keep -> out"',
        '"in -> keep -> out", "in -> other -> out"',
        '"in -> keep -> out", "in -> out", "in -> other -> out"',
        '"in -> other -> keep -> out"',
    ],
)
def test_it_may_not_where_any_way_does_not_lead_into_a_wal_at_once(problems: Check, links: str) -> None:
    more = '[onramps.in2]\ntype = "http"\naddress = "127.0.0.1:5001"\n' if "in2" in links else ""
    text = WAL.replace('"in -> keep -> out", "keep/overflow -> out"', links) + more
    (refusal, *others) = [problem for problem in problems(text) if problem.severity is Severity.ERROR]
    assert others == []
    assert "onramp `in` of type `udp` cannot send again what is lost" in refusal.message
    assert "put a pipeline with a `wal` operator before all behind it" in refusal.hint


def test_a_wal_in_a_flow_that_promises_nothing_is_refused(problems: Check) -> None:
    (refusal,) = refusals(problems(WAL.replace('guarantee = "at-least-once"\n', "") + USED))
    assert "the operator `wal` of pipeline `keep` would never hear what was delivered" in refusal


def test_a_wal_that_may_overflow_needs_a_reader_for_that(problems: Check) -> None:
    text = WAL.replace('path = "events.wal"', 'path = "events.wal", when_full = "overflow"') + USED
    assert refusals(problems(text)) == []
    (refusal,) = refusals(problems(text.replace(', "keep/overflow -> out"', "")))
    assert "pipeline `keep` lets events leave by `overflow` when its `wal` is full" in refusal


def test_two_wals_with_one_file_are_refused(problems: Check) -> None:
    text = WAL.replace(
        '[{ type = "counter" }]\n[off', '[{ type = "wal", path = "./events.wal" }]\n[off'
    ).replace('"in -> keep -> out"', '"in -> keep -> out", "in -> other -> out"')
    (refusal,) = refusals(problems(text))
    assert "stores events in" in refusal
    assert "and so does" in refusal


def test_copies_of_a_wal_with_one_file_are_refused(problems: Check) -> None:
    (refusal,) = refusals(
        problems(WAL.replace("[flows.main]", "[flows.main]\ninstances = 2\nshared = ['in', 'out']") + USED)
    )
    assert "would be there 2 times, and each copy stores events in" in refusal


def test_a_wal_with_another_operator_in_its_pipeline_is_refused(problems: Check) -> None:
    text = WAL.replace('path = "events.wal" }]', 'path = "events.wal" }, { type = "counter" }]')

    assert any("has to stand alone in its pipeline" in refusal for refusal in refusals(problems(text)))


TCP = 'type = "tcp"\naddress = "127.0.0.1:5044"'
ACKNOWLEDGED = f"{TCP}\nacknowledge = true"


def test_what_would_keep_the_promise_with_an_option_says_so(problems: Check) -> None:
    hints = [problem.hint for problem in problems(GOOD.replace('type = "http"', TCP))]

    assert [hint for hint in hints if "set `acknowledge = true`" in hint], hints
    assert refusals(problems(GOOD.replace('type = "http"', ACKNOWLEDGED))) == []


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ('codec = "csv"', "cannot `acknowledge` with the codec `csv`"),
        ('preprocessors = ["gzip"]', "cannot `acknowledge` with the preprocessors `gzip`"),
        ('preprocessors = ["lines", "gelf-chunking"]', "with the preprocessors `lines`, `gelf-chunking`"),
        ('preprocessors = ["length-prefixed"]', ""),
        ('preprocessors = ["lines", "gzip"]', ""),
        ("preprocessors = []", ""),
    ],
)
def test_what_cannot_be_counted_cannot_be_acknowledged(problems: Check, more: str, why: str) -> None:
    found = refusals(problems(GOOD.replace('type = "http"', f"{ACKNOWLEDGED}\n{more}")))

    assert [why in message for message in found] == [True] * bool(why), found
