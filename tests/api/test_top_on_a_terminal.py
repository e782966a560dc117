"""``supervisor top`` on a terminal: live, at any width, and the terminal as it was afterwards."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from supervisor.cli.rates_table import rates_table
from supervisor.observation.rates import ComponentRates
from supervisor.observation.snapshot import Snapshot
from tests.cli.terminal import Terminal

pytestmark = pytest.mark.slow

DEPLOYMENT = """
[supervisor]
api = "127.0.0.1:0"
[onramps.in]
type = "metronome"
interval = "10ms"
[offramps.out]
type = "blackhole"
[flows.main]
links = ["in -> out"]
"""


@pytest.fixture
def api(supervisor: Callable[..., Any], write: Callable[[str, str], Path]) -> tuple[Any, str]:
    write("c.toml", DEPLOYMENT)
    run = supervisor("run", "c.toml")
    return run, str(run.wait_for_error(r"The API listens on (http://[0-9.]+:[0-9]+)")[1])


@pytest.fixture
def top(api: tuple[Any, str], tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    with ExitStack() as stack:

        def start(**options: Any) -> Terminal:
            terminal = Terminal("top", "--interval", "0.2", "--api", api[1], directory=tmp_path, **options)
            stack.callback(terminal.close)
            terminal.wait_for(lambda: "offramp:main/out" in terminal.text)
            return terminal

        yield start


def rate_of(terminal: Terminal, name: str) -> str:
    found = re.search(rf"{name}\s+running\s+(\d+)", terminal.text)
    return found[1] if found else ""


def test_it_goes_on_and_on_in_place(top: Callable[..., Terminal]) -> None:
    terminal = top()
    seen = set()
    terminal.wait_for(lambda: bool(seen.add(rate_of(terminal, "offramp:main/out"))) or len(seen) >= 3)
    assert terminal.text.count("offramp:main/out") == 1


@pytest.mark.parametrize("columns", [80, 60, 200])
def test_at_any_width_no_line_breaks_and_the_most_useful_columns_are_there(
    top: Callable[..., Terminal], columns: int
) -> None:
    terminal = top(columns=columns)
    (heading,) = (line for line in terminal.text.splitlines() if "component" in line)
    (row,) = (line for line in terminal.text.splitlines() if "offramp:main/out" in line)
    assert {"component", "state", "in/s", "out/s", "fill"} <= set(heading.split())
    assert "running" in row
    assert ("waits for" in heading) == ("restarts" in heading) == (columns == 200)


@pytest.mark.parametrize("columns", [80, 120])
def test_q_ends_it_and_the_terminal_is_as_it_was(top: Callable[..., Terminal], columns: int) -> None:
    terminal = top(columns=columns)
    terminal.type(b"x")
    terminal.type(b"q")
    assert terminal.wait() == 0
    assert terminal.is_as_before


@pytest.mark.parametrize(("keys", "code"), [(b"\x03", 130), (None, 143)])
def test_an_interrupt_ends_it_and_the_terminal_is_as_it_was(
    top: Callable[..., Terminal], keys: bytes | None, code: int
) -> None:
    terminal = top()
    if keys is None:
        terminal.process.send_signal(signal.SIGTERM)
    else:
        terminal.type(keys)
    assert terminal.wait() == code
    assert terminal.is_as_before
    assert b"Traceback" not in terminal.raw


def test_when_the_engine_ends_it_says_so_on_the_terminal_as_it_was(
    top: Callable[..., Terminal], api: tuple[Any, str]
) -> None:
    terminal = top()
    api[0].send(signal.SIGTERM)
    assert terminal.wait() == 10
    assert terminal.is_as_before
    assert "no engine answers" in terminal.text


# --- the table alone -------------------------------------------------------------------------------------------------

SNAPSHOT = Snapshot(at_ns=0, file="c.toml", state="running", guarantees={}, components=(), processes=())


def row(name: str, **more: Any) -> ComponentRates:
    values: dict[str, Any] = {
        "name": name, "kind": "pipeline", "executor": 0, "state": "running", "events_in": 123_456.0,
        "events_out": 123_456.0, "bytes": 1e8, "dropped": 10.0, "errors": 0.0, "p50_seconds": 0.001,
        "p99_seconds": 0.123, "fill": 0.5, "utilisation": 0.3, "restarts": 2, "blocked_on": "offramp:main/out",
    }  # fmt: skip
    return ComponentRates(**{**values, **more})


def shown(rows: list[ComponentRates], width: int, height: int | None = None) -> list[str]:
    console = Console(width=width)
    with console.capture() as captured:
        console.print(rates_table(SNAPSHOT, rows, width, height))
    return captured.get().splitlines()


def headings(width: int) -> list[str]:
    (line,) = (line for line in shown([row("pipeline:main/parse")], width) if " component " in line)
    return re.split(r" {2,}", line.strip())


def test_the_least_useful_columns_are_left_out_first() -> None:
    everything = headings(200)
    assert len(everything) == 13
    left_out: list[str] = []
    for width in range(200, 24, -1):
        left_out += [name for name in everything if name not in [*headings(width), *left_out]]
    assert left_out == [
        "bytes/s", "p50", "restarts", "cpu", "waits for", "err/s", "p99", "drop/s", "fill", "out/s", "in/s", "state",
    ]  # fmt: skip


@pytest.mark.parametrize("width", [40, 80, 132])
def test_rows_that_do_not_fit_are_counted(width: int) -> None:
    lines = shown([row(f"pipeline:main/{n}") for n in range(500)], width, 24)
    assert len(lines) == 24
    assert all(len(line) <= width for line in lines)
    assert sum("pipeline:main/" in line for line in lines) == 18
    assert "q ends; 482 more rows" in lines[-1]


def test_names_from_outside_do_not_steer_the_terminal() -> None:
    assert any("a\N{REPLACEMENT CHARACTER}[2Jb" in line for line in shown([row("a\x1b[2Jb")], 120))
