from __future__ import annotations

import fcntl
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ramps.errors import CannotOpen
from ramps.onramps.stdin import StdinOnramp


@pytest.fixture
def pipe() -> Iterator[list[int]]:
    ends = list(os.pipe())
    yield ends
    for end in ends:
        os.close(end)


@pytest.fixture
def terminal() -> Iterator[list[int]]:
    ends = list(pty.openpty())
    yield ends
    for end in ends:
        os.close(end)


def stdin(descriptor: int) -> StdinOnramp:
    onramp = StdinOnramp()
    onramp.file_descriptor = descriptor
    return onramp


def test_a_pipe_is_read_until_its_writer_closes(pipe: list[int], run: Any, intake: Any) -> None:
    runner = run(stdin(pipe[0]))
    os.write(pipe[1], b"one\ntw")
    intake.wait_until(lambda: intake.data == b"one\ntw")
    os.write(pipe[1], b"o")
    os.close(pipe.pop())
    runner.wait_for_end()
    assert intake.streams[0].data == b"one\ntwo"
    assert intake.streams[0].ended


def test_a_redirected_file_is_read_to_its_end(tmp_path: Path, run: Any, intake: Any) -> None:
    path = tmp_path / "input"
    path.write_bytes(b"line\n" * 100_000)
    with path.open("rb") as file:
        run(stdin(file.fileno())).wait_for_end()
    assert intake.data == b"line\n" * 100_000


def test_a_terminal_is_read_line_by_line_until_control_d(terminal: list[int], run: Any, intake: Any) -> None:
    keyboard, descriptor = terminal
    runner = run(stdin(descriptor))
    os.write(keyboard, b"one\n")
    intake.wait_until(lambda: intake.data == b"one\n")
    os.write(keyboard, b"\x04")
    runner.wait_for_end()


def test_a_terminal_that_is_gone_is_the_end(terminal: list[int], run: Any, intake: Any) -> None:
    runner = run(stdin(terminal[1]))
    os.close(terminal.pop(0))
    runner.wait_for_end()


def test_an_input_error_of_a_terminal_is_the_end(terminal: list[int], run: Any, intake: Any) -> None:
    # Which Linux reports at this side of it, and to background processes that nobody controls any more.
    runner = run(stdin(terminal[0]))
    os.close(terminal.pop(1))
    runner.wait_for_end()


_PATCHED = """
from gevent import monkey; monkey.patch_all()
from ramps.onramps.stdin import StdinOnramp
from ramps.testing.onramp_runner import OnrampRunner
from ramps.testing.recording_intake import RecordingIntake
intake = RecordingIntake()
with OnrampRunner(StdinOnramp(), intake) as runner:
    runner.wait_for_end()
print(intake.data)
"""


def test_it_works_in_a_process_that_gevent_has_patched() -> None:
    command = [sys.executable, "-c", _PATCHED]
    result = subprocess.run(command, input=b"one\n", capture_output=True, timeout=30, check=False)
    assert (result.stdout, result.stderr) == (b"b'one\\n'\n", b"")


def test_the_null_device_is_empty(run: Any, intake: Any) -> None:
    with open(os.devnull, "rb") as null:
        run(stdin(null.fileno())).wait_for_end()
    assert intake.data == b""


def test_the_descriptor_stays_blocking_and_open(pipe: list[int], run: Any, intake: Any) -> None:
    runner = run(stdin(pipe[0]))
    os.write(pipe[1], b"one\n")
    intake.wait_until(lambda: intake.data)
    assert not fcntl.fcntl(pipe[0], fcntl.F_GETFL) & os.O_NONBLOCK
    runner.close()
    os.write(pipe[1], b"for the shell")
    assert os.read(pipe[0], 100) == b"for the shell"


def test_reopened_it_reads_on_in_the_middle_of_a_line(pipe: list[int], run: Any, intake: Any) -> None:
    runner = run(stdin(pipe[0]))
    os.write(pipe[1], b"hal")
    intake.wait_until(lambda: intake.data)
    runner.close()
    runner.open()
    os.write(pipe[1], b"f\n")
    intake.wait_until(lambda: intake.data == b"half\n")
    assert len(intake.streams) == 1


def test_half_a_line_at_the_stop_of_the_deployment_is_aborted(pipe: list[int], run: Any, intake: Any) -> None:
    runner = run(stdin(pipe[0]))
    os.write(pipe[1], b"hal")
    intake.wait_until(lambda: intake.data)
    assert runner.onramp.end_input()
    runner.wait_for_end()
    assert intake.streams[0].aborted == "the deployment was stopped"


def test_a_closed_standard_input_cannot_be_opened(pipe: list[int]) -> None:
    os.close(gone := os.dup(pipe[0]))
    with pytest.raises(CannotOpen, match="it is closed; redirect"):
        stdin(gone).open()


def test_a_directory_cannot_be_opened(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    try:
        with pytest.raises(CannotOpen, match="directory"):
            stdin(descriptor).open()
    finally:
        os.close(descriptor)
