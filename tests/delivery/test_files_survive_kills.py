"""From file to file with at-least-once, in a process that is killed again and again: every line arrives."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

LOOK_SECONDS = 0.01

ROOT = Path(__file__).parents[2]
LINES = 30_000

DEPLOYMENT = """
[supervisor]
drain_timeout = "20s"

[onramps.in]
type = "file"
path = "in.jsonl"
follow = {follow}
poll_interval = "10ms"
codec = "json"

[pipelines.work]
operators = [
    {{ type = "set", fields = {{ seen = true }} }},
    {{ type = "filter", expression = "event.n >= 0" }},
]

[offramps.out]
type = "file"
path = "out.jsonl"
fsync = "{fsync}"
fsync_interval = "20ms"

[offramps.rejected]
type = "file"
path = "rejected.jsonl"

[flows.main]
guarantee = "at-least-once"
links = [
    "in -> work -> out", "in/err -> rejected", "work/err -> rejected", "out/err -> rejected",
]
"""


def write_lines(path: Path, numbers: range) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps({"n": number, "text": "x" * (number % 50)}) + "\n" for number in numbers)


def start(directory: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "supervisor", "run", "config.toml"],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def delivered(directory: Path) -> Counter[int]:
    path = directory / "out.jsonl"
    found: Counter[int] = Counter()
    for line in path.read_bytes().splitlines() if path.exists() else ():
        try:
            found[json.loads(line)["n"]] += 1
        except ValueError:
            # Half of a line, from a kill in the middle of a write; it was never confirmed.
            continue
    return found


def wait_until(condition: Callable[[], bool], seconds: float = 40.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(LOOK_SECONDS)


def kill_after(directory: Path, count: int) -> None:
    """Start it, and kill it when it has written so many lines more, or has ended."""
    before = sum(delivered(directory).values())
    process = start(directory)
    try:
        wait_until(lambda: process.poll() is not None or sum(delivered(directory).values()) >= before + count)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize("fsync", ["never", "interval"])
def test_every_line_of_a_whole_file_arrives_though_the_process_is_killed(tmp_path: Path, fsync: str) -> None:
    (tmp_path / "config.toml").write_text(DEPLOYMENT.format(follow="false", fsync=fsync))
    write_lines(tmp_path / "in.jsonl", range(LINES))
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(4):
        kill_after(tmp_path, chance.randint(1, 8000))
    process = start(tmp_path)
    _, errors = process.communicate(timeout=40)
    assert process.returncode == 0, errors.decode()
    assert set(delivered(tmp_path)) == set(range(LINES))


def test_every_line_of_a_file_that_is_rotated_meanwhile_arrives(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(DEPLOYMENT.format(follow="true", fsync="never"))
    numbers = iter(range(0, 10**9, 1000))
    last = 0

    def append() -> None:
        nonlocal last
        first = next(numbers)
        write_lines(tmp_path / "in.jsonl", range(first, first + 1000))
        last = first + 1000

    def rotate(number: int) -> None:
        (tmp_path / "in.jsonl").rename(tmp_path / f"in.jsonl.{number}")

    append()
    for number in range(3):
        process = start(tmp_path)
        append()
        if number == 1:
            # While it runs, and reads the rest of the old file under its new name.
            rotate(number)
            append()
        try:
            wait_until(lambda: len(delivered(tmp_path)) > last - 1500)
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        append()
        if number != 1:
            # While it is down: the old file is found by its inode.
            rotate(number)
            append()
    process = start(tmp_path)
    try:
        wait_until(lambda: len(delivered(tmp_path)) == last)
    finally:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=40)
    assert process.returncode == 0, errors.decode()


def test_a_file_that_was_delivered_is_not_read_again(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(DEPLOYMENT.format(follow="false", fsync="never"))
    write_lines(tmp_path / "in.jsonl", range(10))
    for _ in range(2):
        assert start(tmp_path).communicate(timeout=40)[0] is None
    write_lines(tmp_path / "in.jsonl", range(10, 15))
    start(tmp_path).communicate(timeout=40)
    assert delivered(tmp_path) == Counter(range(15))


@pytest.mark.parametrize("text", ["", "{", '{"place": 1}', '{"place": {"device": 1}}', "\x00" * 100])
def test_a_checkpoint_that_is_torn_means_reading_from_the_beginning(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.toml").write_text(DEPLOYMENT.format(follow="false", fsync="never"))
    (tmp_path / "in.jsonl.checkpoint").write_text(text)
    write_lines(tmp_path / "in.jsonl", range(10))
    process = start(tmp_path)
    _, errors = process.communicate(timeout=40)
    assert process.returncode == 0
    assert b"The checkpoint cannot be used" in errors
    assert delivered(tmp_path) == Counter(range(10))
