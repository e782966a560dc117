"""``supervisor run`` with several executors: signals, exit codes, and what people see."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from gevent import socket

from actors.testing import wait_until
from supervisor.deployment.account import Account

pytestmark = pytest.mark.slow

Supervisor = Callable[..., Any]
Write = Callable[[str, str], Path]
Executors = Callable[[], dict[str, int]]

TICKING = """
[supervisor]
executors = 2
restart = { max_restarts = 0, backoff = { initial = "1ms", maximum = "2ms" } }
[onramps.tick]
type = "metronome"
interval = "1ms"
[offramps.hole]
type = "blackhole"
[flows.main]
links = ["tick -> hole"]
instances = "auto"
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_all_processes_stops_the_fleet_in_order(
    supervisor: Supervisor, write: Write, executors: Executors, number: signal.Signals
) -> None:
    write("config.toml", TICKING)
    run = supervisor("run")
    run.wait_for_error(r"onramp:main/tick: Started, metronome > json x2 in executors 1-2\.")
    # As Ctrl-C in a terminal, and systemd, do.
    for pid in executors().values():
        os.kill(pid, number)
    run.send(number)
    assert run.wait() == 0, run.errors
    assert f"Stopping: {number.name}." in run.errors
    found = re.search(r"account: ([\d,]+) in = ([\d,]+) written$", run.account)
    assert found, run.account
    assert found[1] == found[2]
    assert "crashed" not in run.errors


def test_a_killed_executor_is_named_in_the_account_and_by_the_exit_code(
    supervisor: Supervisor, write: Write, executors: Executors
) -> None:
    write("config.toml", TICKING)
    run = supervisor("run", "--log-format", "json")
    run.wait_for_error("Started, metronome")
    victim = executors()["executor:1"]
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: executors().get("executor:1", victim) != victim, 20, "it is spawned again")
    run.send(signal.SIGTERM)
    assert run.wait() == 6, run.errors
    assert "executor 1 was killed by SIGKILL: what it had in hand is lost" in run.errors


def test_a_killed_executor_costs_an_at_least_once_flow_nothing(
    supervisor: Supervisor, write: Write, executors: Executors, directory: Path
) -> None:
    """Killed while it has events in hand, and not back before the stop: they are read again by the next command."""
    write("in.jsonl", "".join(f'{{"n": {n}}}\n' for n in range(100)))
    write(
        "config.toml",
        """
        [supervisor]
        executors = 2
        dead_letters = "letters.db"
        drain_timeout = "20s"
        [onramps.in]
        type = "file"
        path = "in.jsonl"
        follow = true
        [pipelines.join]
        operators = [{ type = "batch", count = 1000 }]
        [offramps.out]
        type = "file"
        path = "out.jsonl"
        [flows.main]
        guarantee = "at-least-once"
        links = ["in -> join -> out"]
        instances = 2
        shared = ["in", "out"]
        """,
    )
    run = supervisor("run", "--account-file", "account.json")
    run.wait_for_error("onramp:main/in: Started")
    victim = executors()["executor:2"]
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: executors().get("executor:2", victim) != victim, 20, "it is spawned again")
    run.wait_for_error("executor:2 runs again")
    run.send(signal.SIGTERM)
    assert run.wait() == 0, run.errors
    assert "flow:main: executor 2 was killed by SIGKILL: " in run.errors
    assert "lost:" not in run.errors
    account = Account.from_json(json.loads((directory / "account.json").read_text()))
    assert (account.lost, account.broken_off, account.unaccounted) == (0, (), 0)
    seen = [
        event["n"]
        for line in (directory / "out.jsonl").read_text().splitlines()
        for event in json.loads(line)
    ]
    (onramp,) = [part for part in account.components if part.name == "onramp:main/in"]
    assert set(range(100 - onramp.unconfirmed)) <= set(seen)


def test_a_start_that_is_refused_is_shown_with_its_line(supervisor: Supervisor, write: Write) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        write(
            "config.toml",
            f"""\
            [supervisor]
            executors = 2
            [onramps.tick]
            type = "metronome"
            interval = "1s"
            [onramps.in]
            type = "udp"
            address = "127.0.0.1:0"
            [onramps.web]
            type = "http"
            address = "127.0.0.1:{taken.getsockname()[1]}"
            [offramps.hole]
            type = "blackhole"
            [flows.a]
            links = ["tick -> hole"]
            [flows.b]
            links = ["in -> hole", "web -> hole"]
            """,
        )
        run = supervisor("run")
        assert run.wait() == 4, run.errors
    assert re.search(
        r"^config\.toml:9:10: error\[cannot-start\]: onramp:b/web: .*the port is in use", run.errors
    )
    assert "restart" not in run.errors
    assert "Traceback" not in run.errors


def test_a_stop_that_is_asked_for_during_the_start_is_heard(
    supervisor: Supervisor, write: Write, directory: Path
) -> None:
    write(
        "config.toml",
        TICKING + '[pipelines.p]\npython = "slow:slow"\n[flows.s]\nlinks = ["tick -> p -> hole"]\n',
    )
    # The parent imports it first, to check; the executors tell that they are at it, and wait for somebody to write.
    os.mkfifo(directory / "go")
    write(
        "slow.py",
        "import sys, pathlib\n"
        "if sys.argv[-1].startswith('executor:'):\n"
        "    pathlib.Path('importing').touch()\n"
        "    open('go').close()\n"
        "def slow(event): return event\n",
    )
    run = supervisor("run")
    wait_until((directory / "importing").exists, 20, "an executor is at it")
    run.send(signal.SIGTERM)
    with (directory / "go").open("w"):
        assert run.wait() == 0, run.errors
    assert "Stopping: SIGTERM." in run.errors


def test_a_component_that_fails_for_good_ends_the_fleet_with_the_reason(
    supervisor: Supervisor, write: Write
) -> None:
    write("broken.py", "def broken(event):\n    raise BaseException('no use')\n")
    extra = '[pipelines.p]\npython = "broken:broken"\n[flows.s]\nlinks = ["tick -> p -> hole"]\n'
    write("config.toml", TICKING + extra)
    run = supervisor("run")
    assert run.wait() == 5, run.errors
    assert re.search(r"error: gave up: .*pipeline:s/p: BaseException: no use", run.errors), run.errors
    assert "had in hand" not in run.errors, "it had the time to account for everything"
    assert (
        "executor:1 crashed: ExecutorGaveUp: pipeline:s/p: BaseException: no use; restart 5 of 5"
        in run.errors
    )
    assert "Traceback" not in run.errors


def test_an_offramp_that_asks_for_a_stop_stops_all_executors_with_its_exit_code(
    supervisor: Supervisor, write: Write
) -> None:
    write("in.jsonl", '{"exit": 7}\n')
    extra = (
        '[onramps.last]\ntype = "file"\npath = "in.jsonl"\nfollow = true\n'
        '[offramps.exit]\ntype = "exit"\n[flows.end]\nlinks = ["last -> exit"]\n'
    )
    write("config.toml", TICKING + extra)
    run = supervisor("run")
    assert run.wait() == 7, run.errors
    assert "Stopping: offramp:end/exit: an event asked for exit code 7." in run.errors


def test_what_does_not_arrive_within_the_drain_timeout_is_named_and_counted(
    supervisor: Supervisor, write: Write
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: whoever connects is refused
        extra = (
            '[onramps.some]\ntype = "file"\npath = "in.jsonl"\n'
            f'[offramps.dead]\ntype = "tcp"\naddress = "127.0.0.1:{taken.getsockname()[1]}"\n'
            '[flows.end]\nlinks = ["some -> dead"]\n'
        )
        write("in.jsonl", "1\n2\n3\n")
        write("config.toml", TICKING + extra)
        run = supervisor("run", "--drain-timeout", "300ms", "--log-level", "debug")
        run.wait_for_error("onramp:end/some ended")
        run.send(signal.SIGTERM)
        assert run.wait() == 6, run.errors
    assert re.search(r"^  dead letters, offramp:end/dead: .*: 3 events$", run.errors, re.M), run.errors
    assert "Traceback" not in run.errors


def test_logs_of_executors_are_rendered_by_the_parent_until_for_is_over(
    supervisor: Supervisor, write: Write
) -> None:
    write(
        "talk.py",
        "import logging\ndef talk(event):\n    logging.getLogger('x').warning('same')\n    return event\n",
    )
    extra = '[pipelines.p]\npython = "talk:talk"\n[flows.s]\nlinks = ["tick -> p -> hole"]\n'
    write("config.toml", TICKING + extra)
    run = supervisor("run", "--log-format", "json", "--for", "300ms")
    assert run.wait() == 0, run.errors
    said = list(map(json.loads, run.err[: run.err.index("flow main")]))
    assert "Stopping: the time given with --for is over." in [line["message"] for line in said]
    same = [line for line in said if line["logger"] == "x"]
    assert (same[0]["executor"], same[0]["level"]) == (1, "warning")
    assert len(same) == 2, "repeats are counted, not shown"
    assert "same … repeated" in same[1]["message"]


def test_a_parent_that_was_stopped_for_a_while_blames_nobody(
    supervisor: Supervisor, write: Write, executors: Executors
) -> None:
    write("config.toml", TICKING.replace("executors = 2", 'executors = 2\nheartbeat_timeout = "200ms"'))
    run = supervisor("run")
    run.wait_for_error("Started, metronome")
    before = executors()
    run.send(signal.SIGSTOP)
    over = monotonic() + 0.6
    wait_until(lambda: monotonic() > over)
    run.send(signal.SIGCONT)
    run.send(signal.SIGTERM)
    assert run.wait() == 0, run.errors
    assert "crashed" not in run.errors
    assert len(before) == 2
