"""Events that pass at an edge, by the API."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import gevent
import pytest

from actors.testing import wait_until
from supervisor.deployment.amend import with_flows, without_flow
from supervisor.deployment.plan import Plan
from supervisor.taps.feed import MAX_TAPS
from supervisor.taps.taps import TapSpec

Serve = Callable[..., Any]


@contextmanager
def tapping(client: Any, wanted: str, **query: Any) -> Iterator[Any]:
    """Reads in a native thread until an event of that name has come, or to the end if ``wanted`` is empty."""

    def read() -> list[tuple[str, Any]]:
        connection = http.client.HTTPConnection(*client.address, timeout=10.0)
        try:
            connection.request("GET", f"/api/v1/tap?{urlencode(query)}")
            answer = connection.getresponse()
            assert answer.getheader("Content-Type") == "text/event-stream", answer.read()
            found: list[tuple[str, Any]] = []
            name = ""
            while not found or found[-1][0] != wanted:
                line = answer.readline().decode()
                if not line:
                    break
                if line.startswith("event: "):
                    name = line.removeprefix("event: ").strip()
                elif line.startswith("data: "):
                    found.append((name, json.loads(line.removeprefix("data: "))))
            return found
        finally:
            connection.close()

    yield gevent.get_hub().threadpool.spawn(read)


def wait_until_tapped(client: Any) -> None:
    wait_until(lambda: bool(client.deployment._taps._open), 5.0)


def test_it_shows_events_without_secrets_and_ends_after_the_count(serve: Serve) -> None:
    client = serve()
    with tapping(client, "", edge="onramp:main/in", count=2) as read:
        wait_until_tapped(client)
        for n in range(3):
            client.deployment.onramp("in").put({"n": n, "user": {"Password": "hunter2"}})

        seen = read.get(timeout=10.0)

    assert [(name, data["value"]) for name, data in seen] == [
        ("event", {"n": 0, "user": {"Password": "[hidden]"}}),
        ("event", {"n": 1, "user": {"Password": "[hidden]"}}),
    ]
    wait_until(lambda: not client.deployment._taps._open, 5.0)


def test_it_tells_what_it_waits_for(serve: Serve) -> None:
    with tapping(serve(), "waiting", edge="main/nix") as read:
        ((_, data),) = read.get(timeout=10.0)
    assert "there is no component called 'main/nix' now" in data["why"]


def test_it_goes_on_over_reloads_and_tells_when_what_it_looks_at_is_gone(serve: Serve) -> None:
    client = serve()
    deployment = client.deployment

    def with_side() -> Plan:
        return with_flows(deployment.plan, '[flows.side]\nlinks = ["in -> count -> out"]', "more.toml")[0]

    with tapping(client, "", edge="side/count", count=2) as read:
        wait_until_tapped(client)
        for n in range(2):
            deployment.reload(with_side())
            deployment._parts()["onramp:side/in"].connector.put({"n": n})
            deployment.reload(without_flow(deployment.plan, "side"))

        seen = read.get(timeout=10.0)

    assert [data["value"]["event"] for name, data in seen if name == "event"] == [{"n": 0}, {"n": 1}]
    assert "there is no component called 'side/count' now" in seen[0][1]["why"]


def test_it_tells_how_many_events_it_does_not_show(serve: Serve) -> None:
    client = serve()
    with tapping(client, "missed", edge="onramp:main/in", per_second=1) as read:
        wait_until_tapped(client)
        for n in range(10):
            client.deployment.onramp("in").put(n)
        seen = read.get(timeout=10.0)
    assert seen[0][1]["value"] == 0
    assert 0 < seen[-1][1]["count"] < 10


def test_only_what_the_filter_wants_is_shown(serve: Serve) -> None:
    client = serve()
    with tapping(client, "event", edge="> main/count", filter="event.n == 7") as read:
        wait_until_tapped(client)
        for n in range(10):
            client.deployment.onramp("in").put({"n": n})
        assert read.get(timeout=10.0)[-1][1]["value"] == {"n": 7}


def test_who_goes_away_is_not_looked_for_any_more(serve: Serve) -> None:
    client = serve()
    with tapping(client, "waiting", edge="main/nix") as read:
        read.get(timeout=10.0)
    wait_until(lambda: not client.deployment._taps._open, 5.0)


def test_which_keys_are_hidden_stands_in_the_file(serve: Serve) -> None:
    client = serve(hidden_keys=["iban"])
    with tapping(client, "event", edge="onramp:main/in") as read:
        wait_until_tapped(client)
        client.deployment.onramp("in").put({"IBAN": "DE00", "password": "x"})
        assert read.get(timeout=10.0)[0][1]["value"] == {"IBAN": "[hidden]", "password": "x"}


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("", "edge"),
        ("edge=nonsense", "is no edge"),
        ("edge=main/in&filter=event.x+%3D%3D", "is not an expression"),
        ("edge=main/in&filter=event.token", "which is hidden"),
        ("edge=main/in&count=0", "count"),
        ("edge=main/in&per_second=0", "per_second"),
        ("edge=main/in&per_second=nan", "per_second"),
        ("edge=main/in&per_second=5000", "per_second"),
        ("edge=" + "x" * 501, "edge"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(serve: Serve, query: str, why: str) -> None:
    answer = serve().get(f"/api/v1/tap?{query}")
    assert answer.status == 422
    assert why in answer.document["detail"]


def test_it_needs_the_token_and_no_right_to_write(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_TOKEN", "a-long-token-of-more-than-16")
    client = serve(token={"env": "ENGINE_TOKEN"}, read_only=True)
    assert client.get("/api/v1/tap?edge=main/in").status == 401
    answer = client.get("/api/v1/tap?edge=nonsense", Authorization="Bearer a-long-token-of-more-than-16")
    assert answer.status == 422


def test_more_than_may_look_at_a_time_are_refused(serve: Serve) -> None:
    client = serve()
    for _ in range(MAX_TAPS):
        client.deployment.tap(TapSpec("main/in"))
    answer = client.get("/api/v1/tap?edge=main/in")
    assert (answer.status, answer.document["type"]) == (429, "urn:aftershock:problem:too-many-taps")


def test_it_ends_in_order_with_the_engine(serve: Serve) -> None:
    client = serve()
    with tapping(client, "", edge="onramp:main/in") as read:
        wait_until_tapped(client)
        client.deployment.stop(1.0)
        assert read.get(timeout=10.0) == []
