"""Stopping a flow that promises at-least-once: what could not be delivered stays with its source, and is named."""

from __future__ import annotations

import http.client
import json
import signal
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ramps.testing.accounting import assert_balanced
from supervisor import Deployment
from supervisor.deployment.account import Account

pytestmark = pytest.mark.slow

Supervisor = Callable[..., Any]
Write = Callable[[str, str], Path]
Deploy = Callable[..., Deployment]

DEADLINE_SECONDS = 30.0


class Sink(ThreadingHTTPServer):
    """Takes events as JSON lines; answers none of its requests while ``hangs`` is set."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.goes_on = threading.Event()
        self.asked = threading.Event()
        self.events: list[Any] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever is killed leaves connections behind."""


class _Handler(BaseHTTPRequestHandler):
    server: Sink

    def do_POST(self) -> None:
        lines = self.rfile.read(int(self.headers["Content-Length"])).splitlines()
        self.server.asked.set()
        assert self.server.goes_on.wait(DEADLINE_SECONDS)
        self.server.events += map(json.loads, lines)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def sink() -> Iterator[Sink]:
    server = Sink()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.goes_on.set()
    server.shutdown()
    thread.join()
    server.server_close()


def deployment(sink: Sink, executors: int) -> str:
    return f"""
    [supervisor]
    executors = {executors}
    dead_letters = "letters.db"
    drain_timeout = "300ms"
    [onramps.in]
    type = "file"
    path = "in.jsonl"
    [onramps.web]
    type = "http"
    address = "127.0.0.1:0"
    [offramps.out]
    type = "http"
    url = "{sink.url}"
    batch = "lines"
    [flows.main]
    guarantee = "at-least-once"
    links = ["LINKS"]
    """


def the_account(file: Path) -> Account:
    return Account.from_json(json.loads(file.read_text()))


class Finished:
    """An account that a run has left, for `assert_balanced`."""

    def __init__(self, file: Path) -> None:
        self._account = the_account(file)

    def account(self) -> Account:
        return self._account


@pytest.mark.parametrize("executors", [1, 2])
def test_what_a_hanging_sink_did_not_take_stays_in_the_file_and_arrives_after_the_next_start(
    supervisor: Supervisor, write: Write, directory: Path, sink: Sink, executors: int
) -> None:
    write("in.jsonl", "".join(f"{n}\n" for n in range(300)))
    text = deployment(sink, executors).replace("LINKS", "in -> out")
    write("config.toml", text.replace("[flows.main]", "[flows.main]\ninstances = 1"))
    run = supervisor("run", "--account-file", "account.json")
    assert sink.asked.wait(DEADLINE_SECONDS)
    run.send(signal.SIGTERM)
    assert run.wait() == 0, run.errors
    assert (
        "onramp:main/in: 300 events unconfirmed; in.jsonl is read again from its beginning at the next start"
        in run.errors
    )
    assert "lost:" not in run.errors
    account = the_account(directory / "account.json")
    assert (account.came_in, account.written, account.lost) == (300, 0, 0)
    assert_balanced(Finished(directory / "account.json"))
    sink.goes_on.set()
    run = supervisor("run", "--account-file", "account.json")
    assert run.wait() == 0, run.errors
    assert set(sink.events) == set(range(300))
    assert the_account(directory / "account.json").equation() == "300 in = 300 written"


@pytest.mark.parametrize("executors", [1, 2])
def test_who_waits_for_a_hanging_sink_is_answered_503_and_the_request_is_named(
    supervisor: Supervisor, write: Write, directory: Path, sink: Sink, executors: int
) -> None:
    write("config.toml", deployment(sink, executors).replace("LINKS", "web -> out"))
    run = supervisor("run", "--account-file", "account.json")
    client = posted(run, 7)
    assert sink.asked.wait(DEADLINE_SECONDS)
    run.send(signal.SIGTERM)
    assert status(client) == 503
    assert run.wait() == 0, run.errors
    assert (
        "onramp:main/web: 1 event unconfirmed; 1 request got no 202, and the client is to send again"
        in run.errors
    )
    assert_balanced(Finished(directory / "account.json"))


def test_a_request_that_waits_when_the_stop_comes_is_answered_when_its_event_is_delivered(
    supervisor: Supervisor, write: Write, directory: Path, sink: Sink
) -> None:
    text = deployment(sink, 1).replace("LINKS", "web -> out").replace("300ms", "30s")
    write("config.toml", text)
    run = supervisor("run")
    client = posted(run, 7)
    assert sink.asked.wait(DEADLINE_SECONDS)
    run.send(signal.SIGTERM)
    run.wait_for_error("Stopping: SIGTERM")
    sink.goes_on.set()
    assert status(client) == 202
    assert run.wait() == 0, run.errors
    assert run.account == "account: 1 in = 1 written"
    assert "unconfirmed" not in run.errors
    assert sink.events == [7]


def posted(run: Any, value: Any) -> http.client.HTTPConnection:
    address = run.wait_for_error(r"Listening on (\S+)\.").group(1)
    client = http.client.HTTPConnection(address, timeout=DEADLINE_SECONDS)
    client.request("POST", "/", json.dumps(value), {"Content-Type": "application/json"})
    return client


def status(client: http.client.HTTPConnection) -> int:
    answer = client.getresponse()
    answer.read()
    client.close()
    return answer.status


HOLDING = """
[supervisor]
dead_letters = "letters.db"
drain_timeout = "30s"
[onramps.in]
type = "file"
path = "in.jsonl"
[pipelines.join]
operators = [{ type = "batch", count = 1000 }]
[offramps.out]
type = "file"
path = "out.jsonl"
[flows.main]
guarantee = "at-least-once"
links = ["in -> join -> out"]
"""


@pytest.mark.parametrize("follow", [False, True])
def test_what_operators_held_until_the_stop_is_confirmed_and_not_read_again(
    write: Write, deploy: Deploy, directory: Path, follow: bool
) -> None:
    """A file that is read to its end even ends by itself, though its last events are not delivered before the stop."""
    write("in.jsonl", "".join(f"{n}\n" for n in range(5)))
    path = write("config.toml", HOLDING.replace("[pip", "follow = true\n[pip" if follow else "[pip"))
    first = deploy(path)
    if follow:
        first_has_read(first, 5)
    else:
        assert first.wait(DEADLINE_SECONDS) is not None
    account = first.stop()
    assert account.equation() == "5 in = 1 written + 4 merged"
    assert account.with_sources() == []
    second = deploy(path)
    if not follow:
        assert second.wait(DEADLINE_SECONDS) is not None
    assert second.stop().came_in == 0
    assert json.loads((directory / "out.jsonl").read_text()) == list(range(5))


def first_has_read(running: Deployment, count: int) -> None:
    from actors.testing import wait_until

    wait_until(lambda: running.account().came_in == count, DEADLINE_SECONDS)


def test_an_input_that_was_put_ends_though_an_operator_holds_what_came_of_it(deploy: Deploy) -> None:
    running = deploy(
        {
            "supervisor": {"dead_letters": "letters.db"},
            "onramps": {"in": {"type": "memory"}},
            "pipelines": {"join": {"operators": [{"type": "batch", "count": 1000}]}},
            "offramps": {"out": {"type": "memory"}},
            "flows": {"main": {"guarantee": "at-least-once", "links": ["in -> join -> out"]}},
        }
    )
    told: list[int] = []
    onramp = running.onramp("in")
    for n in range(5):
        onramp.put(n, on_delivered=lambda n=n: told.append(n))
    onramp.close_input()
    assert running.wait(DEADLINE_SECONDS) is not None
    assert told == []
    account = running.stop(drain_timeout=DEADLINE_SECONDS)
    assert told == list(range(5))
    (onramp_account,) = [part for part in account.components if part.name == "onramp:main/in"]
    assert (onramp_account.confirmed, onramp_account.unconfirmed) == (5, 0)


def test_what_is_left_at_the_stop_is_lost_in_one_flow_and_with_its_source_in_the_other(
    deploy: Deploy, directory: Path
) -> None:
    memory: dict[str, Any] = {"type": "memory", "max_events": 1}
    running = deploy(
        {
            "supervisor": {"dead_letters": "letters.db"},
            "onramps": {"safe": {"type": "memory"}, "fast": {"type": "memory"}},
            "offramps": {"kept": memory, "gone": memory},
            "flows": {
                "careful": {"guarantee": "at-least-once", "links": ["safe -> kept"]},
                "careless": {"links": ["fast -> gone"]},
            },
        }
    )
    for name in ("safe", "fast"):
        running.onramp(name).put_all(range(300))
    account = running.stop(drain_timeout=0.2)
    parts = account.per_flow()
    assert (parts["careful"].lost, parts["careful"].dead_letters) == (0, 0)
    assert parts["careful"].went_back + parts["careful"].left + parts["careful"].written == 300
    (line, *_) = account.with_sources()
    assert line.startswith("onramp:careful/safe: ")
    assert line.endswith(
        "events unconfirmed; the program that put them was not told, and has to put them again"
    )
    assert account.kept == parts["careless"].dead_letters > 0, "what no source has goes to the store"
    assert all("careful/" not in line for line in account.losses())


def test_the_account_can_be_written_to_a_file(supervisor: Supervisor, write: Write, directory: Path) -> None:
    write("in.jsonl", "1\n2\n")
    write(
        "config.toml",
        """
        [onramps.in]
        type = "file"
        path = "in.jsonl"
        [offramps.out]
        type = "stdout"
        [flows.main]
        links = ["in -> out"]
        """,
    )
    write("account.json", "an older one")
    assert supervisor("run", "--account-file", "account.json").wait() == 0
    plain = json.loads((directory / "account.json").read_text())
    assert (plain["in"], plain["written"], plain["lost"]) == (2, 2, 0)
    assert {file.name for file in directory.iterdir()} == {"in.jsonl", "config.toml", "account.json"}
    run = supervisor("run", "--account-file", "nowhere/account.json")
    assert run.wait() == 0, "what it says of the events matters more"
    assert (
        "error: the account cannot be written to nowhere/account.json: No such file or directory"
        in run.errors
    )
