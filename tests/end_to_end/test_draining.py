"""Stopping in order: the onramps first, everything under way arrives, and what cannot is named."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent import socket

from supervisor import Deployment

pytestmark = pytest.mark.slow

Supervisor = Callable[..., Any]
Write = Callable[[str, str], Path]

LOAD = """
[supervisor]
drain_timeout = "10s"
[onramps.load]
type = "blaster"
path = "events.jsonl"
[pipelines.slow]
python = "slow:slow"
[pipelines.join]
operators = [{ type = "batch", count = 1000 }]
[offramps.out]
type = "file"
path = "out.jsonl"
mode = "truncate"
[flows.main]
links = ["load -> slow -> join -> out"]
instances = 3
shared = ["join", "out"]
"""

HOG = """
def hog(event):
    print("hogging", flush=True)
    while True:
        pass
"""


@pytest.fixture
def under_load(supervisor: Supervisor, write: Write) -> Callable[..., Any]:
    """The command at full speed, when the first event is in the file."""

    def start(*arguments: str) -> Any:
        write("config.toml", LOAD)
        write("events.jsonl", "".join(f'{{"n":{n}}}\n' for n in range(100)))
        write(
            "slow.py",
            "seen = False\n"
            "def slow(event):\n"
            "    global seen\n"
            "    if not seen:\n"
            "        seen = True\n"
            "        print('first', flush=True)\n"
            "    return event\n",
        )
        run = supervisor("run", *arguments)
        run.wait_for_output("first")
        return run

    return start


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_under_load_stops_the_onramps_and_lets_everything_arrive(
    under_load: Callable[..., Any], directory: Path, number: signal.Signals
) -> None:
    run = under_load()
    run.send(number)
    assert run.wait() == 0, run.errors
    assert f"Stopping: {number.name}." in run.errors
    found = re.search(r"account: ([\d,]+) in = ([\d,]+) written \+ ([\d,]+) merged$", run.account)
    assert found, run.account
    came_in, written, merged = (int(figure.replace(",", "")) for figure in found.groups())
    assert came_in == written + merged
    lines = (directory / "out.jsonl").read_bytes().splitlines()
    assert len(lines) == written
    # Half a batch was held when the signal came, and was flushed.
    assert sum(line.count(b'"n"') for line in lines) == came_in
    assert "lost" not in run.errors
    assert len(run.err) < 20, run.errors


def test_the_time_given_with_for_ends_the_run_in_order(under_load: Callable[..., Any]) -> None:
    run = under_load("--for", "100ms")
    assert run.wait() == 0, run.errors
    assert "Stopping: the time given with --for is over." in run.errors


def test_what_a_dead_peer_leaves_is_named_and_counted_after_the_drain_timeout(
    supervisor: Supervisor, write: Write
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: whoever connects is refused
        port = taken.getsockname()[1]
        write("in.jsonl", "1\n2\n3\n")
        write(
            "config.toml",
            f"""
            [onramps.in]
            type = "file"
            path = "in.jsonl"
            [offramps.dead]
            type = "tcp"
            address = "127.0.0.1:{port}"
            [offramps.alive]
            type = "stdout"
            [flows.main]
            links = ["in -> dead", "in -> alive"]
            """,
        )
        started = time.monotonic()
        run = supervisor("run", "--for", "100ms", "--drain-timeout", "300ms")
        assert run.wait() == 6
    assert time.monotonic() - started < 5.0
    assert run.out == ["1", "2", "3"]
    assert run.account.startswith("account: 3 in + 3 copied or created = 3 written + 3 dead letters")
    assert "lost: 3 events" in run.errors
    assert re.search(r"^  dead letters, offramp:main/dead: .*: 3 events$", run.errors, re.M)
    assert "Connection refused" in run.errors
    assert "Traceback" not in run.errors


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_second_signal_ends_at_once_even_while_a_handler_computes_without_end(
    supervisor: Supervisor, write: Write, number: signal.Signals, code: int
) -> None:
    write("hog.py", HOG)
    write("in.jsonl", "1\n")
    write(
        "config.toml",
        """
        [onramps.in]
        type = "file"
        path = "in.jsonl"
        follow = true
        [pipelines.hog]
        python = "hog:hog"
        [offramps.out]
        type = "stdout"
        [flows.main]
        links = ["in -> hog -> out"]
        """,
    )
    run = supervisor("run", "--drain-timeout", "60s")
    run.wait_for_output("hogging")
    run.send(number)
    run.wait_for_error(f"Stopping: {number.name}")
    run.send(number)
    assert run.wait() == code
    assert "forced to end; what was under way is lost where nothing more is promised" in run.errors
    assert "Traceback" not in run.errors


def test_a_reader_that_goes_away_ends_the_run_without_a_traceback(
    supervisor: Supervisor, write: Write
) -> None:
    write("events.jsonl", "1\n")
    write(
        "config.toml",
        """
        [onramps.in]
        type = "blaster"
        path = "events.jsonl"
        [offramps.out]
        type = "stdout"
        [flows.main]
        links = ["in -> out"]
        """,
    )
    with subprocess.Popen(["head", "-1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as head:
        run = supervisor("run", stdout=head.stdin)
        assert head.stdin is not None
        head.stdin.close()
        assert head.stdout is not None
        assert head.stdout.read() == b"1\n"
        code = run.wait()
    assert "Stopping: offramp:main/out: the reader of stdout has closed it" in run.errors
    assert code == 141, "128 + SIGPIPE, as the shell's own tools end"
    assert "Traceback" not in run.errors
    assert len(run.err) < 20, run.errors


def test_a_deployment_that_only_waits_for_its_program_runs_until_a_signal(
    supervisor: Supervisor, write: Write
) -> None:
    write(
        "config.toml",
        """
        [onramps.in]
        type = "memory"
        [offramps.out]
        type = "memory"
        [flows.main]
        links = ["in -> out"]
        """,
    )
    run = supervisor("run")
    run.wait_for_error("onramp:main/in: Started")
    run.send(signal.SIGTERM)
    assert run.wait() == 0, run.errors
    assert run.account == "account: 0 in = 0 written"


def test_draining_waits_longer_for_a_slow_offramp_than_its_shutdown_timeout(
    deploy: Callable[..., Deployment], flow: Callable[..., dict[str, Any]]
) -> None:
    tables = flow("in -> out")
    tables["offramps"]["out"] = {"type": "memory", "max_events": 1, "shutdown_timeout": "0s"}
    deployment = deploy(tables)
    deployment.onramp("in").put_all(range(300))
    taken: list[int] = []
    sink = deployment.offramp("out")
    taking = gevent.spawn(lambda: taken.extend(sink))
    account = deployment.stop(drain_timeout=5.0)
    taking.get(timeout=5.0)
    assert taken == list(range(300))
    assert account.lost == 0


def test_a_finite_input_waits_for_an_offramp_that_comes_late_however_short_the_drain_timeout(
    supervisor: Supervisor, write: Write
) -> None:
    write("in.jsonl", "1\n2\n3\n")
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))  # bound and not listening yet: whoever connects is refused
        server.settimeout(20)
        write(
            "config.toml",
            f"""
            [onramps.in]
            type = "file"
            path = "in.jsonl"
            [offramps.late]
            type = "tcp"
            address = "127.0.0.1:{server.getsockname()[1]}"
            retry = {{ maximum = "100ms" }}
            [flows.main]
            links = ["in -> late"]
            """,
        )
        run = supervisor("run", "--drain-timeout", "1ms")
        run.wait_for_error("Waiting for what is under way: offramp:main/late")
        server.listen()
        connection, _peer = server.accept()
        with connection, connection.makefile("rb") as stream:
            assert [stream.readline() for _ in range(3)] == [b"1\n", b"2\n", b"3\n"]
            assert run.wait() == 0, run.errors
