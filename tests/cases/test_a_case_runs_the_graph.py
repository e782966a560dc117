"""A case runs the real graph between stubs: what comes in, what comes out, when, and what goes wrong meanwhile."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path

import gevent
import pytest

from tests.cases.conftest import DEPLOYMENT

Passes = Callable[..., None]
Fails = Callable[..., str]

HANGS = "import gevent\ndef double(event):\n    gevent.sleep(60)\n"  # the thing under test
WAITS = (
    "import gevent\ndef double(event):\n    gevent.sleep(0.05)\n    return event\n"  # the thing under test
)
LINES = b'{"n": 1}\n{"n": 2}\n'


def expect(at: str, rest: str) -> str:
    return f'[[cases.expect]]\nat = "{at}"\n{rest}\n'


@pytest.mark.parametrize(
    "content",
    [
        "events = [{ n = 1 }, { n = 2 }]",
        "lines = ['{\"n\": 1}', '{\"n\": 2}']",
        "json = '''\n{\"n\": 1}\n\n{\"n\": 2}\n'''",
        'text = """{"n": 1}\\n{"n": 2}\\n"""',
        f'bytes_base64 = "{base64.b64encode(LINES).decode()}"',
        'file = "input.jsonl"',
    ],
)
def test_input_comes_in_whatever_it_is_given_as(passes: Passes, directory: Path, content: str) -> None:
    (directory / "input.jsonl").write_text('{"n": 1}\n{"n": 2}\n')
    passes(f'input = [{{ at = "in", {content} }}]\n' + expect("out", "events = [{ n = 2 }, { n = 4 }]"))


@pytest.mark.parametrize("place", ["double", "double/in", "main/double", "main/double/in", "out", "out/in"])
def test_events_come_in_by_any_port(passes: Passes, place: str) -> None:
    passes(f'input = [{{ at = "{place}", events = [{{ n = 1 }}] }}]\n' + expect("out", "count = 1"))


@pytest.mark.parametrize(
    ("place", "event"),
    [
        ("in", "{ n = 3 }"),
        ("in/out", "{ n = 3 }"),
        ("double", "{ n = 6 }"),
        ("main/double/out", "{ n = 6 }"),
        ("out", "{ n = 6 }"),
        ("bulk", "[{ n = 6 }]"),
        ("bulks", "[{ n = 6 }]"),
    ],
)
def test_what_comes_out_is_seen_at_any_port(passes: Passes, place: str, event: str) -> None:
    passes('input = [{ at = "in", lines = [\'{"n": 3}\'] }]\n' + expect(place, f"events = [{event}]"))


def test_errors_are_seen_where_they_arise_and_where_they_are_written(passes: Passes) -> None:
    passes(
        'input = [{ at = "in", lines = [\'{"n": 1\', \'{"m": 1}\'] }]\n'
        + expect("in/err", 'events = [{ kind = "decode" }]')
        + expect("double/err", 'events = [{ error = { contains = "KeyError" } }]')
        + expect("errors", "count = 2")
        + expect("out", "count = 0")
    )


def test_bytes_are_compared_behind_the_codec_and_the_postprocessors(passes: Passes) -> None:
    passes(
        'input = [{ at = "out", events = [{ n = 1 }] }]\n'
        + expect("out", "lines = ['{\"n\":1}']")
        + expect("out", 'text = "{\\"n\\":1}\\n"')
    )


def test_null_comes_in_as_json(passes: Passes) -> None:
    passes(
        'input = [{ at = "out", json = \'{"n": null}\' }]\n'
        + expect("out", 'events = [{ n = { is = "null" }, m = { is = "absent" } }]')
        + expect("out", "json = '{\"n\": null}'\nexact = true")
    )


def test_metadata_comes_in(passes: Passes) -> None:
    deployment = DEPLOYMENT.replace(
        "[pipelines.bulk]",
        '[pipelines.tagged]\noperators = [{ type = "filter", expression = \'meta.tag == "yes"\' }]\n[pipelines.bulk]',
    ).replace('"in -> double', '"in -> tagged -> out", "in -> double')
    passes(
        'input = [{ at = "in", events = [{ n = 1 }], meta = { tag = "yes" } }, { at = "in", events = [{ n = 2 }] }]\n'
        + expect("tagged", "events = [{ n = 1 }]"),
        deployment,
    )


def test_a_timeout_passes_when_the_case_says_so(passes: Passes) -> None:
    passes(
        """
        steps = [
            { input = [{ at = "bulk", events = [{ n = 1 }] }], expect = [{ at = "bulks", count = 0 }] },
            { advance = "9s", expect = [{ at = "bulks", count = 0 }] },
            { advance = "2s", expect = [{ at = "bulks", events = [[{ n = 1 }]] }] },
        ]
        expect = [{ at = "bulks", count = 0 }]
        """
    )


def test_a_step_sees_what_came_since_the_step_before(passes: Passes) -> None:
    passes(
        """
        steps = [
            { input = [{ at = "out", events = [{ n = 1 }] }], expect = [{ at = "out", events = [{ n = 1 }] }] },
            { input = [{ at = "out", json = '{"n": 2}' }], expect = [{ at = "out", lines = ['{"n":1}', '{"n":2}'] }] },
            { input = [{ at = "out", events = [{ n = 3 }] }] },
        ]
        expect = [{ at = "out", events = [{ n = 3 }] }, { at = "out", count = 1 }]
        """
    )


def test_what_operators_hold_comes_out_at_the_end(passes: Passes) -> None:
    passes('input = [{ at = "bulk", events = [1, 2] }]\n' + expect("bulks", "events = [[1, 2]]"))


def test_the_clock_begins_when_the_case_says(passes: Passes) -> None:
    query = DEPLOYMENT.replace(
        'operators = [{ type = "batch", count = 3, timeout = "10s" }]',
        'query = "use tremor::system; select { \\"at\\": system::ingest_ns() } from in into out;"',
    )
    passes(
        'now = 2030-01-01T00:00:00Z\ninput = [{ at = "bulk", events = [{ n = 1 }] }]\n'
        + expect("bulks", "events = [{ at = 1893456000000000000 }]"),
        query,
    )


def test_an_offramp_that_fails_twice_takes_the_batch_in_the_end(passes: Passes) -> None:
    passes(
        """
        failures.out = [{ times = 2 }]
        steps = [
            { input = [{ at = "out", events = [{ n = 1 }] }], expect = [{ at = "out", count = 0 }] },
            { advance = "250ms", expect = [{ at = "out", count = 0 }] },
            { advance = "100ms", expect = [{ at = "out", count = 1 }] },
        ]
        expect = [{ at = "out/err", count = 0 }]
        """
    )


def test_a_batch_is_given_up_after_so_many_tries(passes: Passes) -> None:
    passes(
        'failures.bulks = [{ times = "always", error = "503" }]\n'
        'input = [{ at = "bulks", events = [{ n = 1 }] }]\n'
        + expect("errors", 'events = [{ kind = "given up", attempts = 3, error = { contains = "503" } }]')
        + expect("bulks", "count = 0")
    )


def test_an_offramp_refuses_some_events_of_a_batch(passes: Passes) -> None:
    passes(
        'failures.bulks = [{ reject = "event.n > 1", error = "too large" }]\n'
        'input = [{ at = "bulks", events = [{ n = 1 }, { n = 2 }, { n = 3 }] }]\n'
        + expect("bulks", "events = [{ n = 1 }]")
        + expect("errors", "where = 'event.error == \"too large\"'\ncount = 2")
    )


def test_an_offramp_that_crashes_is_restarted_and_gets_the_batch_again(passes: Passes) -> None:
    passes(
        'failures.out = [{ crash = "event.n == 2" }]\n'
        'input = [{ at = "out", events = [{ n = 1 }, { n = 2 }] }]\n'
        + expect("out", "events = [{ n = 1 }, { n = 2 }]")
    )


def test_a_batch_that_crashes_it_every_time_becomes_dead_letters(passes: Passes, fails: Fails) -> None:
    case = 'failures.out = [{ crash = "event.n == 2", times = 3 }]\ninput = [{ at = "out", events = [{ n = 2 }] }]\n'
    passes(case + "dead_letters = 1\n" + expect("out", "count = 0"))
    said = fails(case + expect("out", "count = 0"))
    assert "expected 0 dead letters, got 1" in said
    assert "1 dead letter of offramp:main/out: it crashed the actor 3 times" in said


def test_a_connector_can_begin_to_fail_in_a_step(passes: Passes) -> None:
    passes(
        """
        steps = [
            { input = [{ at = "out", events = [1] }], expect = [{ at = "out", events = [1] }] },
            { failures.out = [{}], input = [{ at = "out", events = [2] }], expect = [{ at = "out", count = 0 }] },
            { advance = "1s", expect = [{ at = "out", events = [2] }] },
        ]
        """
    )


def test_an_onramp_loses_its_connection_and_what_is_half_read_is_an_error(passes: Passes) -> None:
    passes(
        """
        input = [{ at = "in", text = '{"n": 1}\n{"n": ' }]
        steps = [
            { failures.in = [{ error = "reset by peer" }], input = [{ at = "in", lines = ['{"n": 3}'] }] },
            { advance = "1s", expect = [{ at = "out", events = [{ n = 2 }, { n = 6 }] }] },
        ]
        expect = [{ at = "errors", events = [{ error = { contains = "reset by peer" } }] }]
        """.replace('\'{"n": 1}\n{"n": \'', '"{\\"n\\": 1}\\n{\\"n\\": "')
    )


def test_a_connector_that_cannot_be_opened_is_tried_again(passes: Passes) -> None:
    passes(
        'failures.in = [{ on = "open", times = 2 }]\nfailures.out = [{ on = "open", times = 4 }]\n'
        'input = [{ at = "in", events = [{ n = 1 }] }]\n' + expect("out", "count = 1")
    )


def test_more_input_than_mailboxes_hold_waits_until_the_clock_moves(passes: Passes) -> None:
    events = ", ".join(f"{{ n = {number} }}" for number in range(4000))
    small = DEPLOYMENT.replace('path = "out.jsonl"', 'path = "out.jsonl"\nmailbox_events = 10')
    passes(
        f"""
        failures.out = [{{ times = 1 }}]
        input = [{{ at = "in", events = [{events}] }}, {{ at = "out", events = [1, 2, 3] }}]
        expect = [{{ at = "out", count = 4003 }}]
        """,
        small,
    )


def test_nothing_outside_is_touched(passes: Passes, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_arguments: object) -> None:
        raise AssertionError("a case opened a connection")

    before = set(os.listdir(directory))
    monkeypatch.setattr(gevent.socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "bind", refuse)
    deployment = f'[supervisor]\ndead_letters = "letters.db"\napi = "127.0.0.1:0"\n{DEPLOYMENT}'
    passes('input = [{ at = "in", events = [{ n = 1 }] }]\n' + expect("out", "count = 1"), deployment)
    assert set(os.listdir(directory)) - before - {"some.test.toml", "__pycache__"} == set()


def test_a_case_ends_when_its_time_is_up(fails: Fails, directory: Path) -> None:
    (directory / "slow.py").write_text(HANGS)
    said = fails(
        'timeout = "200ms"\ninput = [{ at = "double", events = [{ n = 1 }] }]\n' + expect("out", "count = 1"),
        DEPLOYMENT.replace("work:double", "slow:double").replace('"double/big -> bulk",', ""),
    )
    assert "had not come to rest after 0.2 s" in said


def test_a_function_that_waits_for_something_real_is_waited_for(passes: Passes, directory: Path) -> None:
    (directory / "slow.py").write_text(WAITS)
    passes(
        'steps = [{ input = [{ at = "double", events = [1] }], expect = [{ at = "out", events = [1] }] }]\n',
        DEPLOYMENT.replace("work:double", "slow:double").replace('"double/big -> bulk",', ""),
    )


def test_a_deployment_that_gives_up_fails_the_case(fails: Fails) -> None:
    step = '{ input = [{ at = "out", events = [1] }], advance = "1m" }'
    said = fails(
        f'failures.out = [{{ crash = "true", times = "always" }}]\nsteps = [{step}, {step}, {step}]\n'
        "dead_letters = 3\n" + expect("out", "count = 0"),
        DEPLOYMENT + "restart = { max_restarts = 0 }\n",
    )
    assert "the deployment gave up: offramp:main/out: RuntimeError: connection lost" in said


def test_cases_know_nothing_of_each_other(play: Callable[..., list[object]], directory: Path) -> None:
    (directory / "work.py").write_text(
        "class Count:\n    def __init__(self): self.n = 0\n"
        "    def __call__(self, event):\n        self.n += 1\n        return self.n\n"
    )
    deployment = DEPLOYMENT.replace("work:double", "work:Count").replace('"double/big -> bulk",', "")
    case = 'input = [{ at = "double", events = [1, 1] }]\n' + expect("out", "events = [1, 2]")
    results = play("".join(f'[[cases]]\nname = "{name}"\n{case}' for name in "abc"), deployment)
    assert [result.passed for result in results] == [True] * 3  # type: ignore[attr-defined]


def test_a_copy_of_a_flow_has_a_place_of_its_own(passes: Passes) -> None:
    deployment = DEPLOYMENT + 'instances = 2\nshared = ["out", "bulks", "errors"]\n'
    passes(
        'input = [{ at = "main#2/in", events = [{ n = 1 }] }, { at = "in", events = [{ n = 2 }, { n = 3 }] }]\n'
        + expect("main#1/double", "count = 2")
        + expect("main#2/double", "count = 1")
        + expect("out", "count = 3"),
        deployment,
    )


def test_no_greenlet_outlives_a_case(passes: Passes, fails: Fails) -> None:
    import gc

    def alive() -> int:
        gc.collect()
        return sum(isinstance(item, gevent.Greenlet) and not item.dead for item in gc.get_objects())

    before = alive()
    passes('input = [{ at = "in", events = [{ n = 1 }] }]\n' + expect("out", "count = 1"))
    fails(
        'failures.out = [{ times = "always" }]\ninput = [{ at = "out", events = [1] }]\n'
        + expect("out", "count = 1")
    )
    assert alive() == before
