"""Bytes that are no events cost an error event with reason and origin, and disturb nobody else."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from gevent import socket

pytestmark = pytest.mark.slow

MEBIBYTE = 2**20

CONFIG = """
[onramps.in]
{onramp}
[offramps.out]
type = "stdout"
[offramps.errors]
type = "file"
path = "errors.jsonl"
[flows.main]
links = ["in -> out", "in/err -> errors"]
"""

FILE = 'type = "file"\npath = "{name}"'
TCP = 'type = "tcp"\naddress = "127.0.0.1:0"'

# A line of a megabyte is too long by default; the rest of a line that is too long is skipped, not kept.
LONG_LINE_MEBIBYTES = 100

MEASURE = """
import atexit, resource
def most(): print("most", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)
atexit.register(most)
def keep(event): return event
"""


def errors() -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path("errors.jsonl").read_text().splitlines()]


def peak_kibibytes(run: Any) -> int:
    with open(f"/proc/{run.process.pid}/status") as status:
        (line,) = [line for line in status if line.startswith("VmHWM")]
    return int(line.split()[1])


@pytest.fixture
def listening(supervisor: Callable[..., Any], write: Callable[[str, str], Path]) -> tuple[Any, Any]:
    """A run with a tcp onramp, and what connects to it."""
    write("config.toml", CONFIG.format(onramp=TCP))
    run = supervisor("run")
    port = int(run.wait_for_error(r"onramp:main/in: Listening on 127.0.0.1:(\d+)").group(1))

    def dial() -> Any:
        return socket.create_connection(("127.0.0.1", port), timeout=10)

    return run, dial


def stop(run: Any) -> None:
    run.process.terminate()
    assert run.wait() == 0, run.errors
    assert "Traceback" not in run.errors


def test_a_line_of_a_hundred_megabytes_through_tcp_takes_no_memory(listening: tuple[Any, Any]) -> None:
    run, dial = listening
    with closing(dial()) as other, closing(dial()) as hostile:
        other.sendall(b'"before"\n')
        run.wait_for_output("before")
        before = peak_kibibytes(run)
        piece = b"x" * MEBIBYTE
        for _ in range(LONG_LINE_MEBIBYTES):
            hostile.sendall(piece)
        hostile.sendall(b'\n"after"\n')
        run.wait_for_output("after")
        assert peak_kibibytes(run) - before < 40 * 1024
        other.sendall(b'"undisturbed"\n')
        run.wait_for_output("undisturbed")
    stop(run)
    (error,) = errors()
    assert error["kind"] == "frame"
    assert error["origin"].startswith("tcp://127.0.0.1:")
    assert error["component"] == "onramp:main/in"


def test_a_line_of_a_hundred_megabytes_in_a_file_takes_no_memory(
    supervisor: Callable[..., Any], write: Callable[[str, str], Path], directory: Path
) -> None:
    with gzip.open(directory / "in.jsonl.gz", "wb", compresslevel=1) as file:
        file.write(b'"before"\n')
        for _ in range(LONG_LINE_MEBIBYTES):
            file.write(b"x" * MEBIBYTE)
        file.write(b'\n"after"\n')
    peaks = []
    write("small.jsonl", '"before"\n"after"\n')
    for name in ("small.jsonl", "in.jsonl.gz"):
        write(
            "config.toml",
            CONFIG.format(onramp=FILE.format(name=name)).replace("in ->", "in -> measure ->")
            + '[pipelines.measure]\npython = "measure:keep"\n',
        )
        write("measure.py", MEASURE)
        run = supervisor("run")
        assert run.wait() == 0, run.errors
        assert run.out[:2] == ['"before"', '"after"']
        peaks.append(int(run.out[2].split()[1]))
    assert peaks[1] - peaks[0] < 40 * 1024
    (error,) = errors()
    assert error["kind"] == "frame"
    assert error["origin"] == "in.jsonl.gz"


def test_invalid_utf8_is_one_error_event_among_good_ones(
    supervisor: Callable[..., Any], write: Callable[[str, str], Path], directory: Path
) -> None:
    (directory / "in.jsonl").write_bytes(b'1\n"\xff\xfe"\n2\n')
    write("config.toml", CONFIG.format(onramp=FILE.format(name="in.jsonl")))
    run = supervisor("run")
    assert run.wait() == 0, run.errors
    assert run.out == ["1", "2"]
    (error,) = errors()
    assert (error["kind"], error["frame"], error["origin"]) == ("decode", 2, "in.jsonl")
    assert "UTF-8" in error["error"]
    assert "Traceback" not in run.errors


def test_a_truncated_gzip_file_gives_what_is_good_and_one_error(
    supervisor: Callable[..., Any], write: Callable[[str, str], Path], directory: Path
) -> None:
    whole = gzip.compress(b"".join(b"%d\n" % n for n in range(100_000)))
    (directory / "in.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    write("config.toml", CONFIG.format(onramp=FILE.format(name="in.jsonl.gz")))
    run = supervisor("run")
    assert run.wait() == 0, run.errors
    assert run.out == [str(n) for n in range(len(run.out))]
    assert len(run.out) > 10_000
    (error,) = errors()
    assert "gzip" in error["error"]
    assert error["origin"] == "in.jsonl.gz"
    assert "Traceback" not in run.errors


def test_a_peer_that_resets_in_the_middle_of_a_frame_costs_that_frame(listening: tuple[Any, Any]) -> None:
    run, dial = listening
    other = dial()
    hostile = dial()
    hostile.sendall(b'"good"\n"half')
    run.wait_for_output("good")
    # Linger of zero: closing resets the connection instead of ending it in order.
    hostile.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    hostile.close()
    other.sendall(b'"other"\n')
    run.wait_for_output("other")
    with closing(dial()) as later:
        later.sendall(b'"later"\n')
        run.wait_for_output("later")
    other.close()
    stop(run)
    (error,) = errors()
    assert error["kind"] == "stream"
    assert error["data"] == '"half'
    assert "broke off" in error["error"]


def test_random_bytes_from_many_peers_disturb_nobody(listening: tuple[Any, Any]) -> None:
    run, dial = listening
    steady = dial()
    for seed in range(20):
        with closing(dial()) as hostile:
            hostile.sendall(bytes((seed * 7 + n * n) % 256 for n in range(500)) + b"\n")
        steady.sendall(b"%d\n" % seed)
        run.wait_for_output(f"^{seed}$")
    steady.close()
    stop(run)
    assert subprocess.list2cmdline(run.out) == subprocess.list2cmdline([str(n) for n in range(20)])
    assert all(event["error"] and event["origin"] for event in errors())
