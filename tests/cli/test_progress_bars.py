"""Bars for finite inputs of ``supervisor run``, on terminals only."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ramps.onramps.file import FileOnramp
from ramps.onramps.stdin import StdinOnramp
from tests.cli.terminal import Terminal

pytestmark = pytest.mark.slow

SLOW = """
import logging, pathlib, time

PAUSE_SECONDS = 0.01

def work(event, meta):
    if event == "line 1000":
        logging.getLogger("supervisor").warning("a line of the log that is long %s", 200 * "=")
        while not pathlib.Path("go").exists():
            time.sleep(PAUSE_SECONDS)
    return event
"""

DEPLOYMENT = """
{more}
[onramps.in]
type = "{onramp}"
{options}

[pipelines.slow]
python = "slow:work"

[offramps.out]
type = "{offramp}"

[flows.main]
links = ["in -> slow -> out"]
"""

FILE = """
path = "in.log"
codec = "string"
"""

BAR = r"^onramp:main/in +[━╸╺ ]+ +[\d.]+/1\.\d MiB"


@pytest.fixture
def go(tmp_path: Path) -> Callable[[], None]:
    return (tmp_path / "go").touch


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "in.log").write_text("".join(f"line {n}\n" for n in range(100_000)))

    with ExitStack() as stack:

        def start(
            *arguments: str,
            onramp: str = "file",
            options: str = FILE,
            offramp: str = "blackhole",
            more: str = "",
            **terminal: Any,
        ) -> Terminal:
            (tmp_path / "c.toml").write_text(
                DEPLOYMENT.format(onramp=onramp, options=options, offramp=offramp, more=more)
            )
            opened = Terminal("run", "c.toml", *arguments, directory=tmp_path, **terminal)
            stack.callback(opened.close)
            return opened

        yield start


def has_bar(terminal: Terminal) -> bool:
    return any(re.search(BAR, line) for line in terminal.text.splitlines())


@pytest.mark.parametrize("columns", [80, 120])
def test_a_file_has_a_bar_below_the_log_and_none_at_the_end(
    run: Callable[..., Terminal], go: Callable[[], None], columns: int
) -> None:
    terminal = run(columns=columns)
    terminal.wait_for(lambda: has_bar(terminal) and "a line of the log" in terminal.text)

    lines = [line for line in terminal.text.splitlines() if line]
    assert re.search(BAR, lines[-1])
    assert sum(bool(re.search(BAR, line)) for line in lines) == 1
    whole = "".join(lines[:-1])
    assert f"a line of the log that is long {200 * '='}" in whole

    go()
    assert terminal.wait() == 0
    assert not has_bar(terminal)
    assert "account: 100,000 in = 100,000 written" in terminal.text
    assert terminal.is_as_before


def test_standard_input_that_is_a_file_has_one_too(
    run: Callable[..., Terminal], go: Callable[[], None], tmp_path: Path
) -> None:
    with (tmp_path / "in.log").open("rb") as file:
        terminal = run(onramp="stdin", options="", on=(1, 2), stdin=file)
        terminal.wait_for(lambda: has_bar(terminal))
        go()
        assert terminal.wait() == 0


def test_what_executors_read_has_a_bar(run: Callable[..., Terminal], go: Callable[[], None]) -> None:
    terminal = run(more="[supervisor]\nexecutors = 2")
    terminal.wait_for(lambda: has_bar(terminal))
    go()
    assert terminal.wait() == 0


def test_ctrl_c_stops_in_order_below_the_bars(run: Callable[..., Terminal]) -> None:
    terminal = run("--drain-timeout", "100ms")
    terminal.wait_for(lambda: has_bar(terminal))
    terminal.type(b"\x03")
    terminal.wait_for(lambda: "Stopping: SIGINT" in terminal.text)
    terminal.wait()
    assert not has_bar(terminal), terminal.text
    assert "account: " in terminal.text
    assert terminal.is_as_before


def test_whatever_ends_it_the_cursor_is_there(run: Callable[..., Terminal]) -> None:
    terminal = run()
    terminal.wait_for(lambda: has_bar(terminal))
    terminal.process.send_signal(signal.SIGKILL)
    terminal.wait()
    assert terminal.is_as_before


@pytest.mark.parametrize(
    ("arguments", "more"),
    [
        (("--log-format", "json"), {}),
        ((), {"more": '[supervisor]\nlogs = { format = "json" }'}),
        ((), {"offramp": "stdout"}),
        ((), {"offramp": "stderr"}),
        ((), {"TERM": "dumb"}),
        ((), {"onramp": "metronome", "options": 'interval = "10ms"'}),
        ((), {"onramp": "file", "options": f"{FILE}follow = true"}),
    ],
)
def test_where_nobody_looks_or_nothing_ends_or_events_are_shown_there_is_none(
    run: Callable[..., Terminal], arguments: tuple[str, ...], more: dict[str, Any]
) -> None:
    # Long enough for two looks.
    terminal = run(*arguments, "--for", "2500ms", "--drain-timeout", "100ms", **more)
    assert terminal.wait() in (0, 6)
    assert "━".encode() not in terminal.raw


def test_a_pipe_as_the_standard_error_gets_lines_only(
    supervisor: Callable[..., Any], write: Callable[[str, str], Path]
) -> None:
    write("in.log", "".join(f"line {n}\n" for n in range(100_000)))
    write("slow.py", SLOW)
    write("c.toml", DEPLOYMENT.format(onramp="file", options=FILE, offramp="blackhole", more=""))
    done = supervisor("run", "c.toml", "--for", "2500ms", "--drain-timeout", "100ms")
    assert done.wait() == 6
    assert "━" not in done.errors
    assert "\x1b" not in done.errors


# --- what connectors tell --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["in.log", "in.log.gz"])
def test_a_file_tells_how_far_it_is_read_also_when_it_is_closed(tmp_path: Path, name: str) -> None:
    path = tmp_path / "in.log"
    path.write_bytes(b"x" * 300_000)
    if name.endswith("gz"):
        subprocess.run(["gzip", str(path)], check=True)
    onramp = FileOnramp(FileOnramp.Options(path=tmp_path / name))
    size = (tmp_path / name).stat().st_size
    assert onramp.progress() is None
    onramp.open()
    assert onramp.progress() == (0, size)
    assert onramp._file is not None
    while onramp._file.read():
        pass
    onramp.close()
    assert onramp.progress() == (size, size)


def test_standard_input_tells_it_only_of_files(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"0123456789")
    onramp = StdinOnramp()
    with (tmp_path / "in").open("rb", buffering=0) as file:
        onramp.file_descriptor = file.fileno()
        onramp.open()
        file.read(4)
        assert onramp.progress() == (4, 10)
    onramp.close()
    assert onramp.progress() is None
