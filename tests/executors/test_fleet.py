"""A deployment in several processes starts, works, comes to its end, and accounts for every event."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gevent import socket

from actors.testing import wait_until
from supervisor import Deployment, Fleet, InvalidDeployment, StartRefused, open_deployment
from supervisor.deployment.cores import usable_cores

pytestmark = pytest.mark.slow

DEADLINE_SECONDS = 20.0

Tables = dict[str, Any]
Start = Callable[[Tables], Fleet]


def finite(directory: Path, **flow: Any) -> Tables:
    (directory / "in.jsonl").write_text("".join(f'{{"n": {n}}}\n' for n in range(100)))
    return {
        "supervisor": {"executors": 2},
        "onramps": {"in": {"type": "blaster", "path": "in.jsonl", "count": 5000}},
        "pipelines": {"keep": {"operators": [{"type": "filter", "expression": "event.n >= 25"}]}},
        "offramps": {"hole": {"type": "blackhole"}},
        "flows": {"main": {"links": ["in -> keep -> hole"], **flow}},
    }


def received(fleet: Fleet, name: str) -> int:
    return sum(component.received for component in fleet.account().components if component.name == name)


def test_finite_inputs_in_two_executors_end_the_fleet_and_balance_exactly(
    fleet: Start, directory: Path
) -> None:
    running = fleet(finite(directory, instances=4, shared=["hole"]))
    outcome = running.wait(DEADLINE_SECONDS)
    assert outcome is not None
    assert outcome.why == "every onramp has come to its end"
    account = running.stop()
    assert account.equation() == "20,000 in = 15,000 written + 5,000 filtered"
    assert account.undelivered() == []
    shared = [component for component in account.components if component.name == "offramp:main/hole"]
    assert [component.written for component in shared] == [15_000], "one line for what is in both"
    assert {f"onramp:main#{n}/in" for n in range(1, 5)} <= {part.name for part in account.components}


def test_an_executor_without_any_flow_runs_idle_and_does_not_keep_the_others_waiting(
    fleet: Start, directory: Path
) -> None:
    tables = finite(directory)
    tables["flows"]["main"]["instances"] = 1
    running = fleet(tables)
    assert [status.components for status in running.executors()] == [3, 0]
    assert running.wait(DEADLINE_SECONDS) is not None
    assert running.stop().equation() == "5,000 in = 3,750 written + 1,250 filtered"


def test_a_stop_lets_what_is_under_way_arrive_in_all_executors(
    fleet: Start, ticking: Callable[..., Tables]
) -> None:
    running = fleet(ticking())
    for instance in (1, 2):
        wait_until(lambda n=instance: received(running, f"onramp:main#{n}/tick") > 10, DEADLINE_SECONDS)
    account = running.stop()
    assert account.came_in == account.written > 20
    assert (account.lost, account.difference, account.broken_off) == (0, 0, ())
    assert running.stop() is account


def test_each_executor_tells_how_it_is_and_has_a_core_if_it_is_pinned(
    fleet: Start, ticking: Callable[..., Tables]
) -> None:
    cores = usable_cores()
    running = fleet(ticking(executors="auto" if len(cores) > 1 else 2, pin=True))
    wait_until(lambda: all(s.heartbeat_age_seconds is not None for s in running.executors()))
    for number, status in enumerate(running.executors(), start=1):
        assert (status.number, status.state, status.restarts, status.last_error) == (number, "running", 0, "")
        assert status.pid not in (None, os.getpid())
        assert status.cores == (cores[(number - 1) % len(cores)],)
        assert status.components == 2
        assert status.cpu_seconds is not None
        assert status.rss_bytes is not None
        assert status.cpu_seconds > 0.05
        assert status.rss_bytes > 10 * 1024 * 1024
    # A pinned executor may use one core only, and yet `instances = "auto"` means to it what it meant to its parent.
    wait_until(lambda: received(running, "onramp:main#2/tick") > 0, DEADLINE_SECONDS, "both copies run")
    running.stop()
    assert [status.state for status in running.executors()] == ["stopped", "stopped"]


def test_copies_that_listen_on_one_port_share_it_and_connections_reach_all_executors(
    fleet: Start,
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    running = fleet(
        {
            "supervisor": {"executors": 2},
            "onramps": {"in": {"type": "tcp", "address": address}},
            "offramps": {"hole": {"type": "blackhole"}},
            "flows": {"main": {"links": ["in -> hole"], "instances": "auto"}},
        }
    )
    assert set(running.addresses().values()) == {address}
    assert len(running.addresses()) == 2
    for n in range(64):
        with socket.create_connection(running_address(address), timeout=5) as connection:
            connection.sendall(b'{"n": %d}\n' % n)
    wait_until(lambda: running.account().written == 64, DEADLINE_SECONDS, "all events arrive")
    for instance in (1, 2):
        # With 64 connections, each to one of two by chance, none gets nothing.
        assert received(running, f"onramp:main#{instance}/in") > 5


def running_address(address: str) -> tuple[str, int]:
    host, port = address.rsplit(":", 1)
    return host, int(port)


def test_what_an_executor_logs_is_logged_here_with_its_number(
    fleet: Start, directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (directory / "talk.py").write_text(
        "import logging, os\n"
        "def talk(event):\n"
        "    logging.getLogger('talk').warning('I am %s', event, extra={'mood': 'fine'})\n"
        "    try:\n"
        "        raise ValueError('nothing')\n"
        "    except ValueError:\n"
        "        logging.getLogger('talk').exception('Well.')\n"
        "    return event\n"
    )
    (directory / "in.jsonl").write_text("1\n")
    with caplog.at_level(logging.WARNING):
        running = fleet(
            {
                "supervisor": {"executors": 2},
                "onramps": {"in": {"type": "file", "path": "in.jsonl"}},
                "pipelines": {"talk": {"python": "talk:talk"}},
                "offramps": {"hole": {"type": "blackhole"}},
                "flows": {"idle": {"links": ["in -> hole"]}, "main": {"links": ["in -> talk -> hole"]}},
            }
        )
        assert running.wait(DEADLINE_SECONDS) is not None
        running.stop()
    first, second = [record for record in caplog.records if record.name == "talk"]
    assert first.getMessage() == "I am 1"
    assert (first.levelno, first.executor, first.mood) == (logging.WARNING, 2, "fine")  # type: ignore[attr-defined]
    assert "ValueError: nothing" in second.exception  # type: ignore[attr-defined]


def test_an_executor_that_logs_madly_is_cut_short_and_goes_on(
    fleet: Start, directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (directory / "mad.py").write_text(
        "import logging\n"
        "def mad(event):\n"
        "    for n in range(3000):\n"
        "        logging.getLogger('mad').warning('%s %s', event, n)\n"
        "    return event\n"
    )
    (directory / "in.jsonl").write_text("".join(f"{n}\n" for n in range(20)))
    with caplog.at_level(logging.WARNING):
        running = fleet(
            {
                "supervisor": {"executors": 2},
                "onramps": {"in": {"type": "file", "path": "in.jsonl"}},
                "pipelines": {"mad": {"python": "mad:mad"}},
                "offramps": {"hole": {"type": "blackhole"}},
                "flows": {"main": {"links": ["in -> mad -> hole"]}},
            }
        )
        assert running.wait(DEADLINE_SECONDS) is not None
        assert running.stop().equation() == "20 in = 20 written"
    shown = sum(record.name == "mad" for record in caplog.records)
    dropped = [
        int(str(record.args[0]))  # type: ignore[index]
        for record in caplog.records
        if "came too fast" in record.msg
    ]
    assert 0 < shown < 30_000
    assert shown + sum(dropped) == 60_000, "what is not shown is counted"


def test_a_port_in_use_refuses_the_start_and_nothing_is_left(fleet: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(StartRefused, match=r"onramp:b/in.*the port is in use") as refused:
            fleet(
                {
                    "supervisor": {"executors": 2},
                    "onramps": {
                        "tick": {"type": "metronome", "interval": "1s"},
                        "in": {"type": "tcp", "address": address},
                    },
                    "offramps": {"hole": {"type": "blackhole"}},
                    "flows": {"a": {"links": ["tick -> hole"]}, "b": {"links": ["in -> hole"]}},
                }
            )
    assert refused.value.component == "onramp:b/in"


def test_a_port_that_copies_are_to_share_among_themselves_is_not_shared_with_strangers(
    fleet: Start,
) -> None:
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        address = f"127.0.0.1:{stranger.getsockname()[1]}"
        tables = {
            "supervisor": {"executors": 2},
            "onramps": {"in": {"type": "tcp", "address": address}},
            "offramps": {"hole": {"type": "blackhole"}},
            "flows": {"main": {"links": ["in -> hole"], "instances": 2}},
        }
        with pytest.raises(StartRefused, match=r"onramp:main#1/in.*the port is in use"):
            fleet(tables)
        tables["onramps"]["in"]["reuse_port"] = True
        tables["supervisor"]["executors"] = 1
        with Deployment.load(tables) as deployment:
            assert set(deployment.addresses().values()) == {address}, "on purpose"


def test_a_stop_that_was_asked_for_before_the_start_ends_the_wait_at_once(
    ticking: Callable[..., Tables],
) -> None:
    running = Fleet.load(ticking())
    running.request_stop("changed my mind")
    with running:
        outcome = running.wait(DEADLINE_SECONDS)
    assert outcome is not None
    assert outcome.why == "changed my mind"


def test_a_program_that_embeds_chooses_by_the_number_of_executors(ticking: Callable[..., Tables]) -> None:
    assert isinstance(open_deployment(ticking()), Fleet)
    assert isinstance(open_deployment(ticking(executors=1)), Deployment)
    with pytest.raises(InvalidDeployment, match=r"wants 2 executors.*open_deployment"):
        Deployment.load(ticking())


def test_nothing_is_read_before_all_executors_have_started(fleet: Any, directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        (directory / "in.txt").write_text("1\n" * 1000)
        port = taken.getsockname()[1]
        tables = {
            "supervisor": {"executors": 2},
            "onramps": {
                "file": {"type": "file", "path": "in.txt"},
                "web": {"type": "udp", "address": f"127.0.0.1:{port}", "reuse_port": False},
                "late": {"type": "unix", "path": str(directory / "no" / "such" / "directory.sock")},
            },
            "offramps": {"out": {"type": "file", "path": "out.txt"}, "hole": {"type": "blackhole"}},
            "flows": {"a": {"links": ["file -> out"]}, "b": {"links": ["late -> hole"]}},
        }
        del tables["onramps"]["web"]
        with pytest.raises(StartRefused):
            fleet(tables)
    written = directory / "out.txt"
    assert not written.exists() or written.read_text() == ""
