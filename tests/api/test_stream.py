"""The stream of looks: one a second, made once for all who watch."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gevent

from actors.testing import wait_until
from supervisor.api.feed import SnapshotFeed
from supervisor.api.service import Service

Serve = Callable[..., Any]


@contextmanager
def watching(client: Any, events: int) -> Iterator[Any]:
    """Reads so many events of the stream in a native thread."""

    def read() -> list[tuple[str, Any]]:
        connection = http.client.HTTPConnection(*client.address, timeout=10.0)
        try:
            connection.request("GET", "/api/v1/stream")
            answer = connection.getresponse()
            assert answer.getheader("Content-Type") == "text/event-stream"
            found = []
            name = ""
            while len(found) < events:
                line = answer.readline().decode().rstrip("\n")
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    found.append((name, json.loads(line.removeprefix("data: "))))
            return found
        finally:
            connection.close()

    yield gevent.get_hub().threadpool.spawn(read)


def test_two_watchers_see_what_happens(serve: Serve) -> None:
    client = serve()
    with watching(client, 3) as first, watching(client, 3) as second:
        client.deployment.onramp("in").put({"n": 1})
        for seen in (first.get(timeout=10.0), second.get(timeout=10.0)):
            assert {name for name, _ in seen} == {"snapshot"}
            assert [data["state"] for _, data in seen] == ["running"] * 3
            (counter,) = [each for each in seen[-1][1]["components"] if each["kind"] == "pipeline"]
            assert counter["received"] == 1


def test_all_watchers_share_one_look_and_nobody_looks_when_none_is_left(serve: Serve) -> None:
    service = Service(serve().deployment)
    feed = SnapshotFeed(service, every_seconds=0.01)
    first, second = feed.watch(), feed.watch()
    next(first), next(second)
    shared = [gevent.spawn(next, watcher) for watcher in (first, second)]
    gevent.joinall(shared, timeout=5.0)
    assert shared[0].value is shared[1].value
    first.close()
    second.close()
    wait_until(lambda: not feed._looking)


def test_a_look_that_fails_ends_the_stream_with_its_reason(serve: Serve) -> None:
    service = Service(serve().deployment)
    watcher = SnapshotFeed(service, every_seconds=0.01).watch()
    next(watcher)
    service.running = None  # type: ignore[assignment]
    failing = gevent.spawn(lambda: [*watcher])
    failing.join(timeout=5.0)
    assert isinstance(failing.exception, AttributeError)
