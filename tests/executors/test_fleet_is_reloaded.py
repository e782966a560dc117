"""A reload in several executors: all check, then all change, or none does."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent import socket

from actors.testing import wait_until
from supervisor import Fleet
from supervisor.deployment.reload import ReloadFailed, ReloadRefused
from supervisor.deployment.running import plan_source

pytestmark = pytest.mark.slow

DEADLINE_SECONDS = 20.0

Tables = dict[str, Any]
Start = Callable[[Tables], Fleet]


def tables(**more: Any) -> Tables:
    whole: Tables = {
        "supervisor": {"executors": 2},
        "onramps": {"tick": {"type": "metronome", "interval": "5ms"}},
        "pipelines": {"tag": {"operators": [{"type": "set", "fields": {"x": 1}}]}},
        "offramps": {"out": {"type": "file", "path": "out.jsonl", "fsync": "never"}},
        "flows": {"main": {"links": ["tick -> tag -> out"], "instances": 2, "shared": ["out"]}},
    }
    for section, named in more.items():
        whole[section] = {**whole[section], **named}
    return whole


def incarnations(fleet: Fleet) -> dict[str, int]:
    return {component.name: component.restarts for component in fleet.snapshot().components}


def test_a_pipeline_changes_in_all_executors_and_what_is_shared_runs_on(
    fleet: Start, directory: Path
) -> None:
    running = fleet(tables())
    pids = [status.pid for status in running.executors()]
    running.reload(
        plan_source(tables(pipelines={"tag": {"operators": [{"type": "set", "fields": {"x": 2}}]}}))
    )
    before = (directory / "out.jsonl").read_text().count('"x":2')
    wait_until(lambda: (directory / "out.jsonl").read_text().count('"x":2') > before + 20, DEADLINE_SECONDS)
    assert [status.pid for status in running.executors()] == pids
    found = incarnations(running)
    assert {name for name, restarts in found.items() if restarts} == {
        "pipeline:main#1/tag",
        "pipeline:main#2/tag",
    }
    account = running.stop()
    assert (account.lost, account.difference) == (0, 0)


def test_flows_are_added_behind_the_others_and_taken_away_again(fleet: Start) -> None:
    running = fleet(tables())
    more = tables(
        offramps={"hole": {"type": "blackhole"}},
        flows={"side": {"links": ["tick -> hole"], "instances": 2}},
    )
    running.reload(plan_source(more))
    wait_until(
        lambda: sum(c.written for c in running.account().components if c.flow == "side") > 20,
        DEADLINE_SECONDS,
    )
    running.reload(plan_source(tables()))
    assert {component.flow for component in running.snapshot().components} == {"main"}
    account = running.stop()
    assert (account.lost, account.difference) == (0, 0)


def test_what_cannot_start_in_one_executor_is_put_back_in_all(fleet: Start) -> None:
    running = fleet(tables())
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        address = "{}:{}".format(*taken.getsockname())
        busy = tables(
            pipelines={"tag": {"operators": [{"type": "set", "fields": {"x": 3}}]}},
            onramps={"net": {"type": "tcp", "address": address}},
            offramps={"hole": {"type": "blackhole"}},
            flows={"side": {"links": ["net -> hole"]}},
        )
        with pytest.raises(
            ReloadFailed, match=r"executor:1: everything is as it was: onramp:side/net did not start"
        ):
            running.reload(plan_source(busy))
    assert {component.flow for component in running.snapshot().components} == {"main"}
    account = running.stop()
    assert (account.lost, account.difference) == (0, 0)


def test_an_executor_that_dies_after_a_reload_begins_with_what_it_was_told(
    fleet: Start, executors: Callable[[], dict[str, int]], directory: Path
) -> None:
    running = fleet(tables())
    running.reload(
        plan_source(tables(pipelines={"tag": {"operators": [{"type": "set", "fields": {"x": 7}}]}}))
    )
    part = running._executors[1]
    assert part.process is not None
    part.process.kill()
    wait_until(lambda: part.incarnation == 2 and part.running, DEADLINE_SECONDS)
    size = len((directory / "out.jsonl").read_text().splitlines())
    wait_until(lambda: len((directory / "out.jsonl").read_text().splitlines()) > size + 40, DEADLINE_SECONDS)
    assert all('"x":7' in line for line in (directory / "out.jsonl").read_text().splitlines()[size + 10 :])


def test_an_executor_that_dies_after_it_has_changed_and_before_the_others_have_takes_all_back(
    fleet: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = fleet(tables())
    first, second = running._executors
    ask_all = running._ask_all

    def ask(what: str, *arguments: Any, **more: Any) -> Any:
        if what != "reload" or first.incarnation == 2:
            return ask_all(what, *arguments, **more)
        assert first.process is not None
        assert second.process is not None
        os.kill(second.process.pid, signal.SIGSTOP)
        asking = gevent.spawn(ask_all, what, *arguments, **more)
        wait_until(lambda: bool(second._asked) and not first._asked, DEADLINE_SECONDS)
        first.process.kill()
        wait_until(lambda: first.incarnation == 2 and first.running, DEADLINE_SECONDS)
        os.kill(second.process.pid, signal.SIGCONT)
        return asking.get(timeout=DEADLINE_SECONDS)

    monkeypatch.setattr(running, "_ask_all", ask)
    with pytest.raises(ReloadFailed, match="executor:1 was started anew meanwhile"):
        running.reload(
            plan_source(tables(pipelines={"tag": {"operators": [{"type": "set", "fields": {"x": 2}}]}}))
        )
    assert running.outcome is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            {"offramps": {"out": {"type": "file", "path": "other.jsonl"}}},
            "offramp:main/out is shared by several",
        ),
        ({"supervisor": {"executors": 3}}, "`executors` of"),
    ],
)
def test_what_is_a_matter_of_several_processes_is_refused(fleet: Start, change: Tables, why: str) -> None:
    running = fleet(tables())
    with pytest.raises(ReloadRefused, match=why):
        running.reload(plan_source(tables(**change)))


def test_what_stays_does_not_move_to_another_executor(fleet: Start) -> None:
    running = fleet(tables())
    first = tables(offramps={"hole": {"type": "blackhole"}})
    first["flows"] = {"before": {"links": ["tick -> hole"]}, **first["flows"]}
    with pytest.raises(ReloadRefused, match="would move to another executor"):
        running.reload(plan_source(first))


HOLDING = """
from pathlib import Path
from gevent.event import Event
def hold(event):
    Path("begun").touch()
    while not Path("go on").exists():
        Event().wait(0.01)
    return event
"""


def test_a_stop_does_not_wait_for_what_a_reload_waits_for(fleet: Start, directory: Path) -> None:
    (directory / "holding.py").write_text(HOLDING)
    slow = tables(
        pipelines={"hold": {"python": "holding.py:hold", "shutdown_timeout": "10ms"}},
        offramps={"hole": {"type": "blackhole"}},
        flows={"side": {"links": ["tick -> hold -> hole"]}},
    )
    running = fleet(slow)
    wait_until((directory / "begun").exists, DEADLINE_SECONDS)
    reloading = gevent.spawn(running.reload, plan_source(tables()))
    wait_until(lambda: running._reloads, DEADLINE_SECONDS)
    with gevent.Timeout(10.0):
        running.stop(0.5)
    reloading.join(1.0)
