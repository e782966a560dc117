"""The metrics are the account, also as Prometheus itself reads them."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from actors.testing import wait_until
from supervisor.observation.metrics import METRICS

pytestmark = pytest.mark.slow

Serve = Callable[..., Any]

PROMETHEUS = shutil.which("prometheus")
DEADLINE_SECONDS = 40.0

COUNTED = {
    "received": "aftershock_events_received_total",
    "sent": "aftershock_events_sent_total",
    "written": "aftershock_events_written_total",
    "filtered": "aftershock_events_dropped_total",
    "written_bytes": "aftershock_written_bytes_total",
}
"""By the account's name for it."""


def samples(text: str) -> dict[tuple[str, str], float]:
    """By name of the sample and component."""
    return {
        (sample.name, sample.labels.get("component", "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def put(client: Any, count: int) -> None:
    for number in range(count):
        client.deployment.onramp("in").put({"n": number})
    wait_until(lambda: len(client.deployment.offramp("out").events) == count)


def test_the_metrics_say_what_the_components_counted(serve: Serve) -> None:
    client = serve()
    put(client, 3)

    answer = client.get("/metrics")

    assert answer.headers["Content-Type"].startswith("text/plain")
    found = samples(answer.body.decode())
    assert found["aftershock_events_received_total", "pipeline:main/count"] == 3
    assert found["aftershock_events_sent_total", "onramp:main/in"] == 3
    assert found["aftershock_events_written_total", "offramp:main/out"] == 3
    assert found["aftershock_latency_seconds_count", "offramp:main/out"] == 3
    assert found["aftershock_process_memory_bytes", ""] > 2**20


def test_openmetrics_is_answered_to_who_asks_for_it(serve: Serve) -> None:
    answer = serve().get("/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.body.endswith(b"# EOF\n")


def test_the_buckets_of_a_histogram_add_up(serve: Serve) -> None:
    client = serve()
    put(client, 5)
    families = {
        family.name: family for family in text_string_to_metric_families(client.get("/metrics").body.decode())
    }
    buckets = [
        sample.value
        for sample in families["aftershock_latency_seconds"].samples
        if sample.name.endswith("_bucket")
    ]
    assert buckets == sorted(buckets)
    assert buckets[-1] == 5


def test_metrics_need_the_token_where_there_is_one(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_TOKEN", "a-long-token-of-more-than-16")
    client = serve(token={"env": "METRICS_TOKEN"})
    assert client.get("/metrics").status == 401
    assert client.get("/metrics", Authorization="Bearer a-long-token-of-more-than-16").status == 200


def test_names_of_metrics_are_unique_and_have_base_units() -> None:
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names)
    assert not [name for name in names if name.endswith(("_total", "_ms", "_milliseconds", "_mib"))]


@contextmanager
def prometheus(target: str, directory: Path) -> Iterator[str]:
    """Prometheus itself, which scrapes the target once a second."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    scrape = {"job_name": "aftershock", "static_configs": [{"targets": [target]}]}
    config = directory / "prometheus.yml"
    # JSON is YAML.
    config.write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": [scrape]}))
    assert PROMETHEUS is not None
    with (directory / "prometheus.log").open("wb") as log:
        server = subprocess.Popen(
            [
                PROMETHEUS,
                f"--config.file={config}",
                f"--storage.tsdb.path={directory / 'data'}",
                f"--web.listen-address={address}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        yield f"http://{address}"
    finally:
        server.terminate()
        server.wait(20)


def query(server: str, expression: str) -> dict[str, float]:
    """The value for each component."""
    url = f"{server}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            result = json.load(answer)["data"]["result"]
    except OSError:
        return {}
    return {entry["metric"].get("component", ""): float(entry["value"][1]) for entry in result}


@pytest.mark.skipif(PROMETHEUS is None, reason="Prometheus is not installed (Debian's package `prometheus`)")
@pytest.mark.parametrize("executors", [1, 2])
def test_what_prometheus_scrapes_equals_the_account(
    supervisor: Callable[..., Any], write: Callable[[str, str], Path], tmp_path: Path, executors: int
) -> None:
    lines = "".join(json.dumps({"n": number}) + "\n" for number in range(1000))
    source = write("in.jsonl", lines)
    write(
        "c.toml",
        f"""
[supervisor]
api = "127.0.0.1:0"
executors = {executors}
[onramps.in]
type = "file"
path = "{source}"
follow = true
[pipelines.work]
operators = [{{ type = "filter", expression = "event.n >= 400" }}]
[offramps.out]
type = "blackhole"
[flows.main]
links = ["in -> work -> out"]
instances = {executors}
""",
    )
    run = supervisor("run", "c.toml", "--account-file", "account.json")
    address = run.wait_for_error(r"The API listens on http://([0-9.]+:[0-9]+)")[1]
    with prometheus(address, tmp_path) as server:
        worked_on = "sum(aftershock_events_received_total{kind='pipeline'})"
        wait_until(
            lambda: query(server, worked_on).get("") == 1000 * executors, DEADLINE_SECONDS, "all are scraped"
        )
        wait_until(
            lambda: query(server, "sum(aftershock_events_in_hand)").get("") == 0,
            DEADLINE_SECONDS,
            "nothing is left",
        )
        scraped = {name: query(server, f"sum by (component) ({metric})") for name, metric in COUNTED.items()}
    run.send(signal.SIGTERM)
    assert run.wait() == 0
    account = json.loads((tmp_path / "account.json").read_text())
    for name, by_component in scraped.items():
        expected: Counter[str] = Counter()
        for component in account["components"]:
            counted = component.get(name, 0)
            expected[component["component"]] += (
                sum(counted.values()) if isinstance(counted, dict) else counted
            )
        assert +Counter(by_component) == +expected, name
    assert sum(scraped["filtered"].values()) == account["filtered"] == 400 * executors
