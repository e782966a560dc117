"""A deployment inside somebody else's program: it starts, works, stops, and leaves nothing behind."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import pytest

from actors.testing import VirtualClock, settle
from ramps.testing.leaks import nothing_outlives
from supervisor import Deployment, InvalidDeployment, StartRefused

Flow = Callable[..., dict[str, Any]]
Write = Callable[[str, str], Path]


def test_events_are_iterables_on_both_sides(flow: Flow) -> None:
    tables = flow("in -> tag -> out", pipelines={"tag": {"operators": [{"type": "set", "fields": {"x": 1}}]}})
    with Deployment.load(tables) as deployment:
        deployment.onramp("in").put_all({"n": n} for n in range(5))
        deployment.onramp("in").close_input()
        deployment.wait(5.0)
    assert list(deployment.offramp("out")) == [{"n": n, "x": 1} for n in range(5)]


def test_a_file_and_the_same_tables_as_a_dict_do_the_same(flow: Flow, write: Write) -> None:
    path = write(
        "flow.toml",
        """
        [onramps.in]
        type = "memory"
        [offramps.out]
        type = "memory"
        [flows.main]
        links = ["in -> out"]
        """,
    )
    for source in (path, str(path), flow("in -> out")):
        with Deployment.load(source) as deployment:
            deployment.onramp("in").put({"n": 1})
            assert deployment.offramp("out").wait_for(1) == [{"n": 1}]


def test_all_that_was_put_arrives_although_nobody_waits_for_it(flow: Flow) -> None:
    with Deployment.load(flow("in -> out")) as deployment:
        deployment.onramp("in").put_all(range(1000))
    assert list(deployment.offramp("out")) == list(range(1000))


def test_two_deployments_run_at_once_without_knowing_of_each_other(flow: Flow) -> None:
    with Deployment.load(flow("in -> out")) as first, Deployment.load(flow("in -> out")) as second:
        first.onramp("in").put("first")
        second.onramp("in").put("second")
        assert first.offramp("out").wait_for(1) == ["first"]
        assert second.offramp("out").wait_for(1) == ["second"]
        first.stop()
        second.onramp("in").put("again")
        assert second.offramp("out").wait_for(2) == ["second", "again"]


def test_an_exception_in_the_block_stops_everything_at_once_and_passes_through(flow: Flow) -> None:
    deployment = Deployment.load(flow("in -> out"))
    with nothing_outlives(), pytest.raises(KeyError, match="mine"), deployment:
        deployment.onramp("in").put(1)
        raise KeyError("mine")
    assert deployment.actors() == {}


def test_nothing_of_the_host_program_is_changed(flow: Flow) -> None:
    root = logging.getLogger()
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGVTALRM)

    def host() -> tuple[object, ...]:
        handlers = [signal.getsignal(number) for number in numbers]
        return (
            *handlers,
            list(root.handlers),
            root.level,
            signal.getitimer(signal.ITIMER_VIRTUAL),
            list(sys.path),
        )

    before = host()
    with nothing_outlives(), Deployment.load(flow("in -> out")) as deployment:
        deployment.onramp("in").put(1)
        deployment.offramp("out").wait_for(1)
        assert host() == before
    assert host() == before
    assert not gevent.monkey.is_module_patched("socket")


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str], flow: Flow) -> None:
    with Deployment.load(flow("in -> out")) as deployment:
        deployment.onramp("in").put(1)
        deployment.offramp("out").wait_for(1)
    assert capfd.readouterr() == ("", "")


def test_all_problems_of_a_bad_deployment_are_listed(flow: Flow) -> None:
    tables = flow("in -> nowhere", "in -> out", onramps={"in": {"type": "memori"}})
    tables["offramps"]["out"]["colour"] = "red"
    with pytest.raises(InvalidDeployment) as caught:
        Deployment.load(tables)
    codes = {problem.code for problem in caught.value.problems}
    assert {"unknown-key", "unknown-component"} <= codes
    assert len(caught.value.problems) >= 3
    assert "nowhere" in str(caught.value)


def test_a_component_that_cannot_start_is_named_and_nothing_runs(flow: Flow) -> None:
    tables = flow("in -> out", onramps={"in": {"type": "file", "path": "missing.log"}})
    deployment = Deployment.load(tables)
    with nothing_outlives(), pytest.raises(StartRefused, match="onramp:main/in: onramp cannot read"):
        deployment.start()
    assert deployment.actors() == {}


def test_asking_for_a_ramp_that_is_not_there_names_those_that_are(flow: Flow) -> None:
    names = r"no ramp called 'inn'.*\['in', 'out'\]"
    with Deployment.load(flow("in -> out")) as deployment, pytest.raises(KeyError, match=names):
        deployment.onramp("inn")


def test_a_virtual_clock_moves_timers_without_waiting(flow: Flow) -> None:
    clock = VirtualClock()
    tables = flow("tick -> out", onramps={"tick": {"type": "metronome", "interval": "1h"}})
    del tables["onramps"]["in"]
    with Deployment.load(tables, clock=clock) as deployment:
        for _ in range(3):
            settle()
            clock.advance(3600.0)
        assert deployment.offramp("out").received == 3


def test_stopping_twice_gives_the_same_account(flow: Flow) -> None:
    with Deployment.load(flow("in -> out")) as deployment:
        deployment.onramp("in").put(1)
        account = deployment.stop()
        assert deployment.stop() is account
    assert account.equation() == "1 in = 1 written"


def test_a_stop_that_was_asked_for_before_the_start_ends_the_wait_at_once(flow: Flow) -> None:
    deployment = Deployment.load(flow("in -> out"))
    deployment.request_stop("changed my mind")
    with deployment:
        outcome = deployment.wait(5.0)
    assert outcome is not None
    assert outcome.why == "changed my mind"


def test_the_ten_lines_of_a_program_that_embeds_a_deployment(directory: Path) -> None:
    program = """
from supervisor import Deployment
tables = {
    "onramps": {"in": {"type": "memory"}},
    "offramps": {"out": {"type": "memory"}},
    "flows": {"main": {"links": ["in -> out"]}},
}
with Deployment.load(tables) as deployment:
    deployment.onramp("in").put_all(range(3))
print(list(deployment.offramp("out")))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("[0, 1, 2]\n", "")
