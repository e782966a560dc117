from __future__ import annotations

import os
import pty
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import gevent
import pytest
from gevent import os as gevent_os

from ramps.errors import StopDeployment
from ramps.offramps.stderr import StderrOfframp
from ramps.offramps.stdout import StdoutOfframp
from ramps.testing.offramp_battery import outgoing_of


@pytest.fixture
def pipe() -> Iterator[list[int]]:
    """The reading and the writing end of a pipe; set one to -1 after closing it."""
    ends = list(os.pipe())
    yield ends
    for end in ends:
        if end >= 0:
            os.close(end)


def on(target: int, **options: Any) -> StdoutOfframp:
    class Stream(StdoutOfframp):
        descriptor: ClassVar[int] = target

    return Stream(Stream.Options.model_validate(options))


def test_the_prefix_stands_in_front_of_each_event(pipe: list[int]) -> None:
    offramp = on(pipe[1], prefix="> ")
    offramp.open()
    offramp.write(outgoing_of(b"1", b"2", terminator=b"\n"))
    offramp.close()
    assert os.read(pipe[0], 100) == b"> 1\n> 2\n"


def test_a_reader_that_closed_the_pipe_ends_the_deployment_cleanly(pipe: list[int]) -> None:
    offramp = on(pipe[1])
    offramp.open()
    os.close(pipe[0])
    pipe[0] = -1
    with pytest.raises(StopDeployment, match="wants nothing more") as caught:
        offramp.write(outgoing_of(b"1", terminator=b"\n"))
    assert caught.value.exit_code == 141
    offramp.close()


def test_a_pipe_that_nobody_reads_any_more_cannot_be_opened(pipe: list[int]) -> None:
    os.close(pipe[0])
    pipe[0] = -1
    offramp = on(pipe[1])
    with pytest.raises(StopDeployment):
        offramp.open()
        offramp.write(outgoing_of(b"1", terminator=b"\n"))
    offramp.close()


def test_the_shared_descriptor_stays_blocking(pipe: list[int]) -> None:
    offramp = on(pipe[1])
    offramp.open()
    assert os.get_blocking(pipe[1])
    offramp.close()
    assert os.get_blocking(pipe[1])


def test_closing_leaves_the_programs_own_descriptor_open(pipe: list[int]) -> None:
    offramp = on(pipe[1])
    offramp.open()
    offramp.close()
    assert os.write(pipe[1], b"still open") == 10


def test_a_terminal_is_written_to_like_a_pipe() -> None:
    controller, terminal = pty.openpty()
    gevent_os.make_nonblocking(controller)
    try:
        offramp = on(terminal)
        offramp.open()
        offramp.write(outgoing_of(b"1", terminator=b"\n"))
        offramp.close()
        received = b""
        with gevent.Timeout(5.0):
            while not received.endswith(b"\n"):
                received += gevent_os.nb_read(controller, 100)
        assert received == b"1\r\n"
        assert os.get_blocking(terminal)
    finally:
        os.close(controller)
        os.close(terminal)


def test_a_stopped_terminal_holds_back_the_writer_and_nobody_else() -> None:
    controller, terminal = pty.openpty()
    offramp = on(terminal)
    offramp.open()
    writer = gevent.spawn(offramp.write, outgoing_of(b"x" * 1_000_000, terminator=b"\n"))
    try:
        gevent_os.make_nonblocking(controller)
        received = 0
        gevent.idle()
        assert not writer.ready()
        with gevent.Timeout(10.0):
            while received < 1_000_002:
                received += len(gevent_os.nb_read(controller, 65536))
        writer.get(timeout=5.0)
    finally:
        writer.kill()
        offramp.close()
        os.close(controller)
        os.close(terminal)


def test_output_into_a_file_is_written_directly(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as target:
        offramp = on(target.fileno())
        offramp.open()
        offramp.write(outgoing_of(b"1", b"2", terminator=b"\n"))
        offramp.close()
    assert (tmp_path / "out").read_bytes() == b"1\n2\n"


def test_output_into_a_socket_goes_through_the_thread_pool() -> None:
    import socket

    one, two = socket.socketpair()
    with one, two:
        offramp = on(one.fileno())
        offramp.open()
        offramp.write(outgoing_of(b"1", terminator=b"\n"))
        assert two.recv(100) == b"1\n"
        two.close()
        with pytest.raises(StopDeployment):
            offramp.write(outgoing_of(b"2", terminator=b"\n"))
        offramp.close()


def test_stderr_writes_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    offramp = StderrOfframp()
    offramp.open()
    offramp.write(outgoing_of(b"1", terminator=b"\n"))
    offramp.close()
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "1\n")


def test_a_program_whose_output_goes_to_head_ends_without_a_traceback() -> None:
    program = textwrap.dedent("""
        from ramps.errors import StopDeployment
        from ramps.offramps.stdout import StdoutOfframp
        from ramps.testing.offramp_battery import outgoing_of
        print("printed before")
        offramp = StdoutOfframp()
        offramp.open()
        try:
            while True:
                offramp.write(outgoing_of(b"a line" * 1000, terminator=b"\\n"))
        except StopDeployment:
            offramp.close()
    """)
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"printed before\n"
        assert process.stdout.readline().startswith(b"a line")
        process.stdout.close()
        assert process.wait(timeout=20) == 0
        assert process.stderr.read() == b""
