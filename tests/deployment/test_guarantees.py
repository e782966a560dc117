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
