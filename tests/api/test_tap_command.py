"""``supervisor tap`` against an engine that runs, and targets that the shell completes."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

DEPLOYMENT = """
[supervisor]
api = "127.0.0.1:0"
{more}
[onramps.in]
type = "metronome"
interval = "5ms"
[pipelines.count]
operators = [{{ type = "counter" }}]
[offramps.out]
type = "blackhole"
[flows.main]
instances = 2
links = ["in -> count -> out"]
"""

Supervisor = Callable[..., Any]
Write = Callable[[str, str], Path]


def start(supervisor: Supervisor, write: Write, more: str = "") -> tuple[Any, str]:
    write("c.toml", DEPLOYMENT.format(more=more))
    run = supervisor("run", "c.toml")
    return run, str(run.wait_for_error(r"The API listens on (http://[0-9.]+:[0-9]+)")[1])


def test_it_prints_events_until_there_are_enough(supervisor: Supervisor, write: Write) -> None:
    _, api = start(supervisor, write)
    tap = supervisor(
        "tap", "main#2/count", "--filter", "event.count > 3", "--count", "3", "--json", "--api", api
    )

    assert tap.wait() == 0

    assert [event["edge"] for event in tap.events] == ["pipeline:main#2/count/out"] * 3
    assert all(event["value"]["count"] > 3 for event in tap.events)


def test_no_character_that_a_terminal_obeys_is_in_the_json(supervisor: Supervisor, write: Write) -> None:
    write("c.toml", DEPLOYMENT.format(more="").replace(
        '{ type = "counter" }', '{ type = "set", fields = { x = "\\u009b31m" } }'
    ))  # fmt: skip
    run = supervisor("run", "c.toml")
    api = run.wait_for_error(r"The API listens on (http://[0-9.]+:[0-9]+)")[1]
    tap = supervisor("tap", "main/count", "--count", "1", "--json", "--api", api)

    assert tap.wait() == 0

    assert tap.events[0]["value"]["x"] == "\u009b31m"
    assert tap.out[0].isascii()


def test_people_see_a_line_an_event_and_how_many_they_do_not_see(
    supervisor: Supervisor, write: Write
) -> None:
    _, api = start(supervisor, write)
    tap = supervisor("tap", "> main/count", "--per-second", "1", "--api", api)
    tap.wait_for_output(r'^\d\d:\d\d:\d\d\.\d{3} > pipeline:main#[12]/count/in \{"onramp": "metronome", ')
    tap.wait_for_error(r"^… \d+ more$")


def test_with_executors_it_shows_what_passes_in_each(supervisor: Supervisor, write: Write) -> None:
    _, api = start(supervisor, write, "executors = 2")
    tap = supervisor("tap", "main/out", "--api", api)
    for number in (1, 2):
        tap.wait_for_output(rf"> offramp:main#{number}/out/in @{number} ")


def test_ctrl_c_ends_it_without_a_word(supervisor: Supervisor, write: Write) -> None:
    _, api = start(supervisor, write)
    tap = supervisor("tap", "main/count", "--per-second", "1000", "--api", api)
    tap.wait_for_output("count")
    tap.send(signal.SIGINT)
    assert (tap.wait(), tap.errors) == (130, "")


def test_it_ends_when_the_engine_does(supervisor: Supervisor, write: Write) -> None:
    run, api = start(supervisor, write)
    tap = supervisor("tap", "main/nix", "--api", api)
    tap.wait_for_error("^Waiting: there is no component called 'main/nix' now")
    run.send(signal.SIGTERM)
    assert (run.wait(), tap.wait()) == (0, 0)
    assert tap.err[-1] == "The engine has ended."


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("nonsense",), "is no edge; write"),
        (("main/count", "--filter", "event.n ="), "write == to compare"),
        (("main/count", "--filter", "event.password"), "which is hidden"),
    ],
)
def test_what_cannot_be_tapped_is_told(
    supervisor: Supervisor, write: Write, arguments: tuple[str, ...], why: str
) -> None:
    _, api = start(supervisor, write)
    tap = supervisor("tap", *arguments, "--api", api)
    assert tap.wait() == 11
    assert why in tap.errors
    assert "Traceback" not in tap.errors


@pytest.mark.parametrize("data", [b"{nonsense", b"\xff", b'"' + b"x" * 100])
def test_what_is_no_engine_is_told(supervisor: Supervisor, data: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        stranger.settimeout(20)
        tap = supervisor("tap", "main/in", "--api", f"127.0.0.1:{stranger.getsockname()[1]}")
        connection, _ = stranger.accept()
        with connection:
            connection.recv(65536)
            head = b"HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
            connection.sendall(head + b"event: event\ndata: " + data + b"\n\n")
        assert tap.wait() == 10
    assert "something else than this version" in tap.errors
    assert "Traceback" not in tap.errors


# --- what the shell completes ----------------------------------------------------------------------------------------


def completed(supervisor: Supervisor, *words: str) -> list[str]:
    quoted = " ".join(word if word and " " not in word else f"'{word}'" for word in ("supervisor", *words))
    run = supervisor(
        env={
            "COMP_WORDS": quoted.removesuffix("''"),
            "COMP_CWORD": str(len(words)),
            "_SUPERVISOR_COMPLETE": "bash_complete",
        }
    )
    assert (run.wait(), run.errors) == (0, "")
    return [line.removeprefix("plain,") for line in run.out if line]


def test_targets_are_completed_by_the_engine(supervisor: Supervisor, write: Write) -> None:
    _, api = start(supervisor, write)

    assert completed(supervisor, "pause", "--api", api, "") == [
        "main", "main#1", "main#1/count", "main#1/in", "main#1/out", "main#2", "main#2/count", "main#2/in",
        "main#2/out",
    ]  # fmt: skip
    assert completed(supervisor, "restart", "--api", api, "pipe") == [
        "pipeline:main#1/count",
        "pipeline:main#2/count",
    ]
    assert completed(supervisor, "resume", "--api", api, "flow:") == [
        "flow:main",
        "flow:main#1",
        "flow:main#2",
    ]
    assert completed(supervisor, "tap", "--api", api, "main#1/c") == ["main#1/count"]
    assert completed(supervisor, "tap", "--api", api, "> main#1/c") == ["> main#1/count"]


def test_where_no_engine_answers_nothing_is_completed_at_once(supervisor: Supervisor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert completed(supervisor, "pause", "--api", f"127.0.0.1:{port}", "m") == []
    assert completed(supervisor, "tap", "--api", f"127.0.0.1:{port}", "m") == []
    assert completed(supervisor, "tap", "--api", "http://[::", "m") == []


def test_a_bad_token_option_is_no_reason_to_say_anything(supervisor: Supervisor) -> None:
    assert completed(supervisor, "pause", "--token-env", "NO_SUCH", "--api", "127.0.0.1:1", "m") == []


def test_json_is_a_line_an_event_and_nothing_else(supervisor: Supervisor, write: Write) -> None:
    _, api = start(supervisor, write)
    tap = supervisor("tap", "main/in", "--json", "--per-second", "2", "--count", "4", "--api", api)
    assert tap.wait() == 0
    assert {tuple(sorted(json.loads(line))) for line in tap.out} == {
        ("at_ns", "edge", "executor", "ingest_ns", "meta", "origin", "value")
    }
