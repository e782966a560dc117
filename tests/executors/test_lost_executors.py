"""An executor that dies is started anew, the others never notice, and the account names what went with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actors.testing import wait_until
from supervisor import Fleet

pytestmark = pytest.mark.slow

DEADLINE_SECONDS = 20.0

Tables = dict[str, Any]
Start = Callable[[Tables], Fleet]
Ticking = Callable[..., Tables]
Executors = Callable[[], dict[str, int]]


def received(fleet: Fleet, instance: int) -> int:
    name = f"onramp:main#{instance}/tick"
    return sum(component.received for component in fleet.account().components if component.name == name)


def wait_for_ticks(fleet: Fleet, instance: int, more: int = 50) -> None:
    enough = received(fleet, instance) + more
    wait_until(lambda: received(fleet, instance) >= enough, DEADLINE_SECONDS, f"copy {instance} ticks")


def wait_for_restart(fleet: Fleet, number: int) -> None:
    def restarted() -> bool:
        status = fleet.executors()[number - 1]
        return status.restarts == 1 and status.state == "running"

    wait_until(restarted, DEADLINE_SECONDS, f"executor {number} runs again")


def test_a_killed_executor_is_restarted_and_the_other_one_never_notices(
    fleet: Start, ticking: Ticking, caplog: pytest.LogCaptureFixture
) -> None:
    running = fleet(ticking())
    wait_for_ticks(running, 2)
    first, second = running.executors()
    assert second.pid is not None
    os.kill(second.pid, signal.SIGKILL)
    wait_for_ticks(running, 1)
    wait_for_restart(running, 2)
    wait_for_ticks(running, 2)
    assert running.executors()[0].pid == first.pid
    assert running.executors()[1].pid != second.pid
    assert running.executors()[1].last_error == "the process was killed by SIGKILL"
    account = running.stop()
    assert account.broken_off == ("executor 2 was killed by SIGKILL: what it had in hand is lost",)
    assert account.difference == 0, "what is not lost balances"
    ticks = {part.name: part for part in account.components if "tick" in part.name}
    # The metronome of the other went on all the time: as many ticks as milliseconds, give or take.
    assert ticks["onramp:main#1/tick"].received > ticks["onramp:main#2/tick"].received
    assert "executor:2 crashed: ExecutorEnded: the process was killed by SIGKILL; restart 1 of" in caplog.text


def test_an_executor_that_stands_still_is_killed_when_its_heartbeat_is_overdue(
    fleet: Start, ticking: Ticking
) -> None:
    running = fleet(ticking(heartbeat_timeout="500ms"))
    wait_for_ticks(running, 1)
    pid = running.executors()[0].pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    wait_for_restart(running, 1)
    assert running.executors()[0].last_error.endswith("was killed, because it was not heard of for 0.5 s")
    account = running.stop()
    assert account.broken_off == (
        "executor 1 was killed, because it was not heard of for 0.5 s: what it had in hand is lost",
    )


def test_an_executor_that_gets_sigterm_empties_itself_and_is_restarted(
    fleet: Start, ticking: Ticking
) -> None:
    running = fleet(ticking())
    wait_for_ticks(running, 2)
    pid = running.executors()[1].pid
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    wait_for_restart(running, 2)
    assert running.executors()[1].last_error == "the process was killed by SIGTERM"
    assert running.outcome is None, "it stops for itself only"
    wait_for_ticks(running, 2)
    account = running.stop()
    assert (account.lost, account.difference, account.broken_off) == (0, 0, ())
    assert account.came_in == account.written


def test_an_input_that_was_at_its_end_is_not_read_again_by_the_next_incarnation(
    fleet: Start, ticking: Ticking, directory: Path
) -> None:
    (directory / "in.jsonl").write_text("1\n2\n3\n")
    tables = ticking()
    tables["onramps"]["file"] = {"type": "file", "path": "in.jsonl"}
    tables["flows"] = {"main": {"links": ["tick -> hole", "file -> hole"]}}
    running = fleet(tables)

    def lines() -> list[int]:
        return [part.received for part in running.account().components if part.name == "onramp:main/file"]

    wait_until(lambda: lines() == [3], DEADLINE_SECONDS, "the file is read")
    pid = running.executors()[0].pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_for_restart(running, 1)
    wait_until(lambda: running.executors()[0].heartbeat_age_seconds is not None, DEADLINE_SECONDS)
    running.stop()
    assert lines() == [3]


def test_no_executor_outlives_a_parent_that_is_killed_not_even_one_that_is_stopped(
    directory: Path, executors: Executors
) -> None:
    (directory / "deployment.toml").write_text(
        "[supervisor]\nexecutors = 2\n"
        "[onramps.in]\ntype = 'metronome'\ninterval = '1ms'\n"
        "[offramps.hole]\ntype = 'blackhole'\n"
        "[flows.main]\nlinks = ['in -> hole']\ninstances = 2\n"
    )
    command = [str(Path(sys.executable).with_name("supervisor")), "run", "deployment.toml"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as parent:
        assert parent.stderr is not None
        assert any("Started" in line for line in parent.stderr)
        os.kill(executors()["executor:2"], signal.SIGSTOP)
        parent.kill()
        wait_until(lambda: not executors(), DEADLINE_SECONDS, "the executors are gone")
    (left,) = (directory / "tmp").iterdir()
    left.rmdir()  # A parent that is killed cannot tidy up.


def test_a_hangup_of_the_terminal_is_no_matter_of_an_executor(
    fleet: Start, executors: Executors, ticking: Ticking
) -> None:
    running = fleet(ticking())
    before = executors()
    for pid in before.values():
        os.kill(pid, signal.SIGHUP)
    assert all(executor["children"] for executor in running.tree()["children"])
    assert executors() == before
