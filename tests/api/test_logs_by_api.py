"""The latest log records, by the API."""

from __future__ import annotations

import http.client
import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gevent
import pytest

from actors.log import get_logger
from actors.testing import wait_until
from supervisor.log_ring import LogRing, Wanted
from supervisor.logs import component_of

Serve = Callable[..., Any]


def messages(entries: Any) -> list[str]:
    return [entry["message"] if isinstance(entry, dict) else entry.message for entry in entries]


@pytest.fixture
def ring() -> Iterator[LogRing]:
    """One that keeps what the logger ``supervisor`` gets."""
    ring = LogRing(most=5)
    stop = ring.keep(["supervisor"])
    yield ring
    stop()
    stop()
    assert not logging.getLogger("supervisor").handlers


def test_a_record_is_told_with_its_component_and_fields(serve: Serve) -> None:
    client = serve()
    get_logger("ramps", component="onramp:main/in").warning("It is gone.", error="refused", in_seconds=0.5)

    entry = client.get("/api/v1/logs?component=onramp:main/in").document[-1]

    assert (entry["component"], entry["level"], entry["message"], entry["executor"]) == (
        "onramp:main/in", "warning", "It is gone.", 0,
    )  # fmt: skip
    assert entry["fields"] == {"logger": "ramps", "error": "refused", "in_seconds": 0.5}


def test_only_what_is_asked_for_is_told(serve: Serve) -> None:
    client = serve()
    for place, level in (("in", "error"), ("out", "warning"), ("out", "error")):
        getattr(get_logger("ramps", component=f"x:main/{place}"), level)("not of this deployment")
    for place in ("onramp:main/in", "offramp:main/out"):
        for level in ("warning", "error"):
            getattr(get_logger("ramps", component=place), level)(f"{place} {level}")
    get_logger("supervisor", child="flow:main").error("flow")

    def told(query: str) -> list[str]:
        return messages(client.get(f"/api/v1/logs?{query}").document)

    assert told("component=main/out") == ["offramp:main/out warning", "offramp:main/out error"]
    assert told("component=flow:main&level=error") == [
        "onramp:main/in error", "offramp:main/out error", "flow",
    ]  # fmt: skip
    assert told("component=flow:main&limit=1") == ["flow"]
    assert told("component=flow:other") == []


def test_one_can_go_on_from_an_id(serve: Serve) -> None:
    client = serve()
    log = get_logger("supervisor")
    for number in range(5):
        log.warning(f"number {number}")
    first = client.get("/api/v1/logs?limit=5").document
    assert messages(first) == [f"number {number}" for number in range(5)]

    rest = client.get(f"/api/v1/logs?after={first[1]['id']}&limit=2").document

    assert messages(rest) == ["number 2", "number 3"]
    assert messages(client.get("/api/v1/logs?after=100000&limit=1").document) == ["number 0"]


@pytest.mark.parametrize("query", ["limit=0", "limit=5000", "level=loud", "after=-1", "after=x", "nix=1"])
def test_a_query_that_makes_no_sense_is_refused(serve: Serve, query: str) -> None:
    assert serve().get(f"/api/v1/logs?{query}").status == 422


def test_the_stream_sends_what_is_logged_as_it_comes(serve: Serve) -> None:
    client = serve()
    service_ready = threading.Event()

    def read() -> list[Any]:
        connection = http.client.HTTPConnection(*client.address, timeout=10.0)
        try:
            connection.request("GET", "/api/v1/logs/stream?component=main/in&level=error&after=0")
            answer = connection.getresponse()
            assert answer.getheader("Content-Type") == "text/event-stream"
            service_ready.set()
            found: list[Any] = []
            while len(found) < 2:
                line = answer.readline().decode()
                if line.startswith("data: "):
                    found.append(json.loads(line.removeprefix("data: ")))
            return found
        finally:
            connection.close()

    log = get_logger("ramps", component="onramp:main/in")
    log.error("before")
    reading = gevent.get_hub().threadpool.spawn(read)
    wait_until(service_ready.is_set)
    log.warning("too small a matter")
    get_logger("ramps", component="offramp:main/out").error("another")
    log.error("after")
    assert messages(reading.get(timeout=10.0)) == ["before", "after"]


def test_nothing_is_kept_any_more_once_the_api_has_stopped(serve: Serve) -> None:
    before = {name: logging.getLogger(name).handlers[:] for name in ("actors", "ramps", "supervisor")}
    client = serve()
    assert all(len(logging.getLogger(name).handlers) == len(old) + 1 for name, old in before.items())
    client.server.stop()
    assert {name: logging.getLogger(name).handlers for name in before} == before


def test_the_ring_is_bounded_in_number_and_length(ring: LogRing) -> None:
    for number in range(8):
        get_logger("supervisor").warning(f"{number} {'x' * 100_000}", field="y" * 100_000, **{
            f"field{index}": index for index in range(100)
        })  # fmt: skip
    entries = ring.find(Wanted(), 100)
    assert [entry.id for entry in entries] == [4, 5, 6, 7, 8]
    assert len(entries[-1].message) < 10_000
    assert sum(len(str(value)) for value in entries[-1].fields.values()) < 10_000


def test_what_no_json_can_hold_becomes_text(ring: LogRing, serve: Serve) -> None:
    client = serve()
    logger = logging.getLogger("supervisor")
    fields = {"number": float("nan"), "thing": {1: b"\xff"}}
    record = logger.makeRecord("supervisor", logging.WARNING, "", 0, "half \ud800", (), None, extra=fields)
    # Not by way of the logger: pytest would keep the message for its report, which cannot hold half a character.
    for handler in logger.handlers:
        handler.handle(record)
    entry = client.get("/api/v1/logs").document[-1]
    assert entry["message"] == "half \\ud800"
    assert (entry["fields"]["number"], entry["fields"]["thing"]) == ("nan", "{1: b'\\xff'}")


def test_what_repeats_is_only_counted(ring: LogRing) -> None:
    for _ in range(50):
        get_logger("supervisor").warning("again")
    assert messages(ring.find(Wanted(), 100)) == ["again"]


def test_a_record_with_wrong_arguments_harms_nobody(ring: LogRing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    logging.getLogger("supervisor").warning("%d", "x")
    logging.getLogger("supervisor").warning("good")
    assert messages(ring.find(Wanted(), 100)) == ["good"]


@contextmanager
def following(ring: LogRing, **options: Any) -> Iterator[list[Any]]:
    """All that a follower gets."""
    got: list[Any] = []
    greenlet = gevent.spawn(lambda: [got.append(news) for news in ring.follow(Wanted(), **options)])
    wait_until(lambda: ring._followers == 1)
    yield got
    greenlet.kill()
    assert ring._followers == 0


def test_records_of_native_threads_wake_those_who_follow(ring: LogRing) -> None:
    with following(ring) as got:
        gevent.get_hub().threadpool.apply(get_logger("supervisor").warning, ("from afar",))
        wait_until(lambda: messages(got) == ["from afar"])


def test_a_follower_that_was_too_slow_is_told_how_much_it_missed(ring: LogRing) -> None:
    for number in range(8):
        get_logger("supervisor").warning(str(number))
    with following(ring, after=1) as got:
        wait_until(lambda: len(got) == 6)
    assert [got[0], *messages(got[1:])] == [2, "3", "4", "5", "6", "7"]


def test_a_follower_hears_of_silence(ring: LogRing) -> None:
    with following(ring, idle_seconds=0.01) as got:
        wait_until(lambda: None in got)


@pytest.mark.parametrize(
    ("fields", "component"),
    [
        ({"component": "pipeline:main#2/a"}, "pipeline:main#2/a"),
        ({"child": "flow:main"}, "flow:main"),
        ({"component": "nobody"}, ""),
        ({}, ""),
    ],
)
def test_whom_a_record_is_about_is_known_by_its_fields(fields: dict[str, str], component: str) -> None:
    assert component_of(fields) == component
