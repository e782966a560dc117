"""Two deployments, one sends to the other over TCP, and either is killed again and again: every row arrives."""

from __future__ import annotations

import json
import os
import random
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ROWS = 6_000
KILLS = 2
LOOK_SECONDS = 0.02

SENDER = """
[supervisor]
dead_letters = "sender-dead-letters.db"
[onramps.in]
type = "sqlite"
path = "in.db"
table = "events"
poll_interval = "10ms"
batch = 200
[offramps.out]
type = "tcp"
address = "127.0.0.1:{port}"
acknowledge = true
retry = {{ initial = "10ms", maximum = "50ms" }}
[flows.main]
guarantee = "at-least-once"
links = ["in -> out"]
"""

RECEIVER = """
[supervisor]
dead_letters = "receiver-dead-letters.db"
[onramps.in]
type = "tcp"
address = "127.0.0.1:{port}"
acknowledge = true
[offramps.out]
type = "file"
path = "out.jsonl"
[flows.main]
guarantee = "at-least-once"
links = ["in -> out"]
"""


def wait_until(condition: Callable[[], bool], seconds: float = 40.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(LOOK_SECONDS)


@contextmanager
def running(directory: Path, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """A deployment in a process of its own, killed at the end."""
    with (directory / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "supervisor", "run", f"{name}.toml"],
            cwd=directory,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def lines(directory: Path) -> int:
    path = directory / "out.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def arrived(directory: Path) -> list[int]:
    path = directory / "out.jsonl"
    numbers = []
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            numbers.append(json.loads(line)["number"])
        except ValueError:
            # Half of a line, from a kill in the middle of a write; it was never confirmed.
            continue
    return numbers


@pytest.mark.timeout(120)
@pytest.mark.parametrize("victim", ["sender", "receiver"])
def test_every_row_arrives_though_one_side_is_killed(tmp_path: Path, victim: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "sender.toml").write_text(SENDER.format(port=port))
    (tmp_path / "receiver.toml").write_text(RECEIVER.format(port=port))
    with closing(sqlite3.connect(tmp_path / "in.db")) as database, database:
        database.execute("CREATE TABLE events (number INTEGER PRIMARY KEY, text)")
        database.executemany("INSERT INTO events VALUES (?, ?)", ((n, "x" * (n % 50)) for n in range(ROWS)))
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    other = "sender" if victim == "receiver" else "receiver"

    with ExitStack() as stack:
        stack.enter_context(running(tmp_path, other))
        for _ in range(KILLS):
            with running(tmp_path, victim):
                count = min(ROWS, lines(tmp_path) + chance.randint(1, ROWS // KILLS))
                wait_until(lambda count=count: lines(tmp_path) >= count)
        stack.enter_context(running(tmp_path, victim))
        wait_until(lambda: lines(tmp_path) >= ROWS and len(set(arrived(tmp_path))) == ROWS)

    assert set(arrived(tmp_path)) == set(range(ROWS))
