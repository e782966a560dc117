"""The commands ``status``, ``top``, ``pause``, ``resume`` and ``restart`` against an engine that runs."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from supervisor.observation.snapshot import ComponentSnapshot, Snapshot

pytestmark = pytest.mark.slow

DEPLOYMENT = """
[supervisor]
api = {{ address = "127.0.0.1:0"{more} }}
[onramps.in]
type = "metronome"
interval = "10ms"
[offramps.out]
type = "blackhole"
[flows.main]
links = ["in -> out"]
"""

Supervisor = Callable[..., Any]
Write = Callable[[str, str], Path]


def start(supervisor: Supervisor, write: Write, more: str = "", **options: Any) -> str:
    write("c.toml", DEPLOYMENT.format(more=more))
    run = supervisor("run", "c.toml", **options)
    return str(run.wait_for_error(r"The API listens on (http://[0-9.]+:[0-9]+)")[1])


def ask(supervisor: Supervisor, *arguments: str, **options: Any) -> tuple[int, str, str]:
    run = supervisor(*arguments, **options)
    return run.wait(), "\n".join(run.out), run.errors


def test_status_is_good_while_all_runs(supervisor: Supervisor, write: Write) -> None:
    api = start(supervisor, write)
    code, output, _ = ask(supervisor, "status", "--api", api)
    assert code == 0
    assert "offramp:main/out" in output
    assert "All is well." in output


def test_what_is_paused_is_told_and_makes_the_exit_code(supervisor: Supervisor, write: Write) -> None:
    api = start(supervisor, write)
    assert ask(supervisor, "pause", "onramp:main/in", "--api", api)[:2] == (0, "Paused onramp:main/in")

    code, output, _ = ask(supervisor, "status", "--json", "--api", api)

    assert code == 9
    document = json.loads(output)
    assert document["reasons"] == ["onramp:main/in is paused"]
    assert {part["name"]: part["state"] for part in document["deployment"]["components"]} == {
        "offramp:main/out": "running",
        "onramp:main/in": "paused",
    }
    code, output, _ = ask(supervisor, "resume", "flow:main", "--json", "--api", api)
    assert (code, sorted(json.loads(output)["components"])) == (0, ["offramp:main/out", "onramp:main/in"])
    assert ask(supervisor, "status", "--api", api)[0] == 0


def test_a_component_is_restarted_by_the_environments_address(
    supervisor: Supervisor, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFTERSHOCK_API", start(supervisor, write))
    assert ask(supervisor, "restart", "main/out")[:2] == (0, "Restarted offramp:main/out")


def test_top_shows_rates(supervisor: Supervisor, write: Write) -> None:
    api = start(supervisor, write)
    code, output, _ = ask(supervisor, "top", "--once", "--interval", "0.3", "--api", api)
    assert code == 0
    assert "offramp:main/out" in output

    code, output, _ = ask(
        supervisor,
        "top",
        "--once",
        "--json",
        "--interval",
        "0.3",
        "--sort",
        "out",
        "--filter",
        "out",
        "--api",
        api,
    )

    (row,) = json.loads(output)["components"]
    assert (code, row["name"]) == (0, "offramp:main/out")
    assert row["events_out"] > 10
    assert row["p99_seconds"] < 1


def test_an_unknown_target_is_told(supervisor: Supervisor, write: Write) -> None:
    code, output, errors = ask(supervisor, "pause", "main/nix", "--api", start(supervisor, write))
    assert (code, output) == (11, "")
    assert "nix" in errors
    assert "Traceback" not in errors


def test_a_token_is_asked_for_and_taken_from_where_it_is(
    supervisor: Supervisor, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "a-long-token-of-more-than-16"
    monkeypatch.setenv("ENGINE_TOKEN", token)
    api = start(supervisor, write, ', token = { env = "ENGINE_TOKEN" }')

    code, _, errors = ask(supervisor, "status", "--api", api)
    assert code == 11
    assert "--token-env or --token-file" in errors
    assert ask(supervisor, "status", "--api", api, "--token-env", "ENGINE_TOKEN")[0] == 0
    (tmp_path / "token").write_text(token + "\n")
    assert ask(supervisor, "status", "--api", api, "--token-file", "token")[0] == 0
    assert ask(supervisor, "status", "--api", api, "--token-env", "NO_SUCH_TOKEN")[0] == 2


def test_where_nobody_listens_it_says_how_an_engine_is_found(supervisor: Supervisor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code, _, errors = ask(supervisor, "status", "--api", f"http://127.0.0.1:{port}")
    assert code == 10
    assert "no engine answers" in errors
    assert "[supervisor] api" in errors


@contextmanager
def answering(body: bytes, content_type: str = "application/json") -> Iterator[str]:
    """Something else that listens: it answers one request, whatever it is, with this."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                head = (
                    f"HTTP/1.0 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
                )
                connection.sendall(head.encode() + body)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join(20)


@pytest.mark.parametrize("command", [("status",), ("pause", "main")])
@pytest.mark.parametrize("body", [b"<html/>", b"[]", b"{}", b"1"])
def test_what_is_no_engine_is_told(supervisor: Supervisor, body: bytes, command: tuple[str, ...]) -> None:
    with answering(body) as stranger:
        code, _, errors = ask(supervisor, *command, "--api", stranger)
    assert code == 10
    assert "is no engine" in errors or "something else than this version" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("body", [b"<html/>", b"{}", b"[1]", b'[{"id": 1, "time": "soon"}]'])
def test_a_log_that_is_none_is_told(supervisor: Supervisor, body: bytes) -> None:
    with answering(body) as stranger:
        code, _, errors = ask(supervisor, "logs", "--api", stranger)
    assert code == 10
    assert "is no engine" in errors or "something else than this version" in errors


@pytest.mark.parametrize("data", [b"1", b"{}", b'{"at_ns": -1}', b"}"])
def test_a_stream_of_something_else_is_told(supervisor: Supervisor, data: bytes) -> None:
    with answering(b"event: event\ndata: " + data + b"\n\n", "text/event-stream") as stranger:
        code, _, errors = ask(supervisor, "tap", "main/in", "--api", stranger)
    assert code == 10
    assert "something else than this version" in errors


def test_a_token_that_no_header_can_hold_is_told(supervisor: Supervisor, write: Write) -> None:
    write("token", "first\nsecond")
    code, _, errors = ask(supervisor, "status", "--api", "127.0.0.1:1", "--token-file", "token")
    assert code == 10
    assert "Traceback" not in errors


def test_a_reason_with_brackets_is_shown_as_it_is(supervisor: Supervisor) -> None:
    """They are no markup: the error of a peer may have any."""
    component = ComponentSnapshot(
        name="offramp:main/out", kind="offramp", flow="main", instance=0, id="out", type="", executor=0,
        state="connecting", reason="[/b] refused [red]",
    )  # fmt: skip
    snapshot = Snapshot(
        at_ns=0, file="[/c].toml", state="running", guarantees={}, components=(component,), processes=()
    )
    with answering(json.dumps(snapshot.to_json()).encode()) as engine:
        code, output, _ = ask(supervisor, "status", "--api", engine)
    assert code == 9
    assert "[/c].toml: running" in output
    assert "offramp:main/out is connecting: [/b] refused [red]" in output


@pytest.mark.parametrize("address", ["https://localhost:1", "http://", "http://localhost:x", "http://[::1"])
def test_an_address_that_is_none_is_a_mistake_of_the_command_line(
    supervisor: Supervisor, address: str
) -> None:
    code, _, errors = ask(supervisor, "status", "--api", address)
    assert code == 2
    assert "is no address of an API" in errors


def test_a_flow_is_drained(supervisor: Supervisor, write: Write) -> None:
    api = start(supervisor, write)
    code, output, _ = ask(supervisor, "drain", "main", "--timeout", "20", "--api", api)
    assert (code, output) == (0, "Drained offramp:main/out\nDrained onramp:main/in")
    assert ask(supervisor, "drain", "main", "--timeout", "0", "--api", api)[0] == 2
