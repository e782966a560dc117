"""Metrics that are pushed to a collector by OpenTelemetry's protocol, which here is a small one that decodes them."""

from __future__ import annotations

import gzip
import queue
import re
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import gevent
import pytest
from pydantic import ValidationError

pytest.importorskip("opentelemetry.sdk", reason="OpenTelemetry is not installed (the extra `otlp`)")

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)

from actors.testing import wait_until
from supervisor.deployment.deployment import Deployment
from supervisor.deployment.outcome import StartRefused
from supervisor.deployment.problem import InvalidDeployment
from supervisor.deployment.schema import SupervisorTable
from supervisor.observation.metrics import METRICS
from supervisor.observation.otlp import metrics_data
from supervisor.observation.push import open_push

pytestmark = pytest.mark.slow

Supervisor = Callable[..., Any]
Write = Callable[[str, str], Path]
Points = dict[tuple[str, str], Any]


class Collector:
    """Takes pushes, and answers with the status that it was given."""

    def __init__(self, port: int = 0) -> None:
        self.pushes: queue.Queue[tuple[dict[str, str], Points]] = queue.Queue()
        self.status = 200
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                assert self.path == "/v1/metrics"
                headers = {name.lower(): value for name, value in self.headers.items()}
                collector.pushes.put((headers, points_of(ExportMetricsServiceRequest.FromString(body))))
                answer = ExportMetricsServiceResponse().SerializeToString()
                self.send_response(collector.status)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def latest(self) -> tuple[dict[str, str], Points]:
        """The last of the pushes that have come, of which there is one at least."""
        self.wait_for(1)
        while not self.pushes.empty():
            found = self.pushes.get()
        return found

    def wait_for(self, pushes: int) -> None:
        """Until so many wait here. The hub turns meanwhile."""
        wait_until(lambda: self.pushes.qsize() >= pushes, 20.0)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def points_of(request: ExportMetricsServiceRequest) -> Points:
    """By metric and component."""
    (resource,) = request.resource_metrics
    (scope,) = resource.scope_metrics
    assert scope.scope.name == "aftershock"
    points: Points = {}
    for metric in scope.metrics:
        data = getattr(metric, metric.WhichOneof("data"))
        for point in data.data_points:
            labels = {pair.key: pair.value.string_value for pair in point.attributes}
            points[metric.name, labels.get("component", "")] = point
    return points


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


DEPLOYMENT = """
[supervisor]
otlp = {{ endpoint = "{endpoint}", every = "{every}", headers = {{ x-tenant = "a", x-key = {{ env = "KEY" }} }} }}
[onramps.in]
type = "file"
path = "in.txt"
codec = "string"
[offramps.out]
type = "blackhole"
[flows.main]
links = ["in -> out"]
"""


def test_what_is_pushed_last_is_what_the_account_says(
    supervisor: Supervisor, write: Write, collector: Collector
) -> None:
    write("in.txt", "line\n" * 250)
    write("c.toml", DEPLOYMENT.format(endpoint=collector.endpoint, every="1h"))

    run = supervisor("run", "c.toml", env={"KEY": "secret"})

    assert run.wait() == 0
    assert "250 in = 250 written" in run.account
    headers, points = collector.latest()
    assert (headers["x-tenant"], headers["x-key"]) == ("a", "secret")
    assert points["aftershock_events_received", "onramp:main/in"].as_int == 250
    written = points["aftershock_events_written", "offramp:main/out"]
    assert written.as_int == 250
    assert 0 < written.start_time_unix_nano < written.time_unix_nano
    latency = points["aftershock_latency_seconds", "offramp:main/out"]
    assert (latency.count, sum(latency.bucket_counts)) == (250, 250)
    assert len(latency.bucket_counts) == len(latency.explicit_bounds) + 1
    assert not latency.HasField("min")


def test_executors_are_in_what_is_pushed_and_a_stop_pushes_what_was_told_last(
    supervisor: Supervisor, write: Write, collector: Collector
) -> None:
    text = DEPLOYMENT.format(endpoint=collector.endpoint, every="200ms")
    text = text.replace("[supervisor]", "[supervisor]\nexecutors = 2")
    text = text.replace('type = "file"\npath = "in.txt"\ncodec = "string"', TICKS)
    write("c.toml", text + 'instances = "auto"\n')
    run = supervisor("run", "c.toml", env={"KEY": "secret"})
    collector.wait_for(2)
    _, points = collector.latest()
    assert {component for _, component in points} >= {"offramp:main#1/out", "offramp:main#2/out"}
    run.send(signal.SIGTERM)
    assert run.wait() == 0


def test_a_collector_that_never_answers_holds_nobody_up(supervisor: Supervisor, write: Write) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        text = DEPLOYMENT.format(endpoint=endpoint, every="100ms").replace(
            "{ end", '{ timeout = "500ms", end', 1
        )
        write("c.toml", text.replace('type = "file"\npath = "in.txt"\ncodec = "string"', TICKS))
        run = supervisor("run", "c.toml", "--for", "3s", env={"KEY": "secret"})
        assert run.wait() == 0
    assert len([line for line in run.err if "cannot be pushed" in line]) == 1
    written = re.search(r"([0-9]+) in = \1 written", run.account)
    assert written is not None
    assert int(written[1]) > 200


TABLES: dict[str, Any] = {
    "onramps": {"in": {"type": "memory"}},
    "offramps": {"out": {"type": "memory"}},
    "flows": {"main": {"links": ["in -> out"]}},
}
TICKS = 'type = "metronome"\ninterval = "10ms"'


@pytest.fixture
def pushing() -> Iterator[Callable[..., Deployment]]:
    """Starts a deployment in this process that pushes ten times a second."""
    started: list[tuple[Deployment, Any]] = []

    def start(endpoint: str, **more: Any) -> Deployment:
        deployment = Deployment.load(
            TABLES
            | {"supervisor": {"otlp": {"endpoint": endpoint, "every": "100ms", "timeout": "500ms", **more}}}
        )
        push = open_push(deployment)
        assert push is not None
        deployment.start()
        push.start()
        push.start()
        started.append((deployment, push))
        return deployment

    yield start
    for deployment, push in started:
        deployment.stop(1.0)
        push.stop()
        push.stop()


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name != "opentelemetry"]


def test_all_are_pushed_again_and_again(pushing: Callable[..., Deployment], collector: Collector) -> None:
    deployment = pushing(collector.endpoint)
    collector.wait_for(2)
    deployment.onramp("in").put({"n": 1})
    wait_until(
        lambda: collector.latest()[1]["aftershock_events_written", "offramp:main/out"].as_int == 1, 20.0
    )


def test_a_collector_that_is_away_costs_one_line_until_it_is_back(
    pushing: Callable[..., Deployment], collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    collector.status = 403
    deployment = pushing(collector.endpoint)
    collector.wait_for(3)
    deployment.onramp("in").put({"n": 1})
    wait_until(lambda: len(deployment.offramp("out").events) == 1)
    collector.status = 200
    wait_until(lambda: "Metrics can be pushed again." in messages(caplog), 20.0)
    assert messages(caplog) == [
        "Metrics cannot be pushed; it is tried again and again.",
        "Metrics can be pushed again.",
    ]
    (warning, _) = caplog.records
    assert "403" in warning.error  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("head", "piece"), [(b"\r\n\r\n", b"x"), (b"\r\n", b"A: b\r\n")], ids=["body", "headers"]
)
def test_an_answer_without_end_does_not_keep_anybody_from_stopping(head: bytes, piece: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        began, enough = threading.Event(), threading.Event()

        def serve() -> None:
            with suppress(OSError):
                while not enough.is_set():
                    answers.submit(answer, listening.accept()[0])

        def answer(client: socket.socket) -> None:
            with client, suppress(OSError):
                client.recv(65536)
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999999" + head)
                while not enough.wait(0.05):
                    client.sendall(piece)
                    began.set()

        answers = ThreadPoolExecutor()
        answers.submit(serve)
        endpoint = f"http://127.0.0.1:{listening.getsockname()[1]}"
        tables = TABLES | {
            "supervisor": {"otlp": {"endpoint": endpoint, "every": "100ms", "timeout": "200ms"}}
        }
        with Deployment.load(tables) as deployment:
            push = open_push(deployment)
            assert push is not None
            push.start()
            wait_until(began.is_set, 20.0)
            with gevent.Timeout(10.0):
                push.stop()
        enough.set()
        listening.shutdown(socket.SHUT_RDWR)
        answers.shutdown()


def test_where_nobody_listens_the_deployment_runs_and_stops_all_the_same(
    pushing: Callable[..., Deployment], caplog: pytest.LogCaptureFixture
) -> None:
    gone = Collector()
    gone.close()
    deployment = pushing(gone.endpoint)
    wait_until(lambda: len(messages(caplog)) == 1, 20.0)
    deployment.onramp("in").put({"n": 1})
    wait_until(lambda: len(deployment.offramp("out").events) == 1)


def test_one_look_becomes_every_metric_that_it_has_values_for(pushing: Callable[..., Deployment]) -> None:
    gone = Collector()
    gone.close()
    snapshot = pushing(gone.endpoint).snapshot()
    (scope,) = metrics_data(snapshot, 1).resource_metrics[0].scope_metrics
    assert {metric.name: len(metric.data.data_points) for metric in scope.metrics} == {
        metric.name: count for metric in METRICS if (count := len(list(metric.samples(snapshot))))
    }
    units = {metric.name: metric.unit for metric in scope.metrics}
    assert (units["aftershock_latency_seconds"], units["aftershock_read_bytes"], units["aftershock_errors"]) == (
        "s", "By", "1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://localhost:4318", "http://localhost:4318/v1/metrics"),
        ("https://otlp.example.org/", "https://otlp.example.org/v1/metrics"),
        ("https://example.org/api/otlp", "https://example.org/api/otlp"),
    ],
)
def test_an_endpoint_alone_will_do(endpoint: str, url: str) -> None:
    table = SupervisorTable.model_validate({"otlp": endpoint})
    assert table.otlp is not None
    assert table.otlp.url == url


@pytest.mark.parametrize(
    "otlp",
    ["", "localhost:4318", "ftp://x", "http://", "http://x:99999", "http://u:p@x", "http://a b", "http://\x00",
     {}, {"endpoint": "http://x", "every": "0s"}, {"endpoint": "http://x", "nix": 1}, 5],
    ids=str,
)  # fmt: skip
def test_what_is_no_collector_is_refused(otlp: object) -> None:
    with pytest.raises(ValidationError):
        SupervisorTable.model_validate({"otlp": otlp})


def test_a_secret_that_is_not_there_refuses_the_start(pushing: Callable[..., Deployment]) -> None:
    with pytest.raises(StartRefused, match="NO_SUCH_KEY is not set"):
        pushing("http://127.0.0.1:1", headers={"x-key": {"env": "NO_SUCH_KEY"}})


def test_without_the_extra_the_check_says_what_to_install(
    pushing: Callable[..., Deployment], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("supervisor.deployment.check.is_installed", lambda: False)
    with pytest.raises(InvalidDeployment, match="OpenTelemetry, which pushes metrics, is not installed"):
        pushing("http://127.0.0.1:1")
