"""What a call into C that does not return looks like from outside."""

from __future__ import annotations

import logging
import threading
from typing import Any

import gevent
import pytest

from actors import Actor, ActorSystem, BlockedHub, HubMonitor, Misuse


class BlocksNatively(Actor[Any]):
    """Waits in C, as a driver without gevent does, until the test has seen a report."""

    def on_message(self, released: threading.Event) -> bool:
        return released.wait(10)


def test_a_native_call_is_reported_with_the_actor_and_its_stack(
    system: ActorSystem, caplog: pytest.LogCaptureFixture
) -> None:
    reported = threading.Event()
    reports: list[BlockedHub] = []

    def on_report(report: BlockedHub) -> None:
        reports.append(report)
        reported.set()

    culprit = system.spawn(BlocksNatively, name="culprit")
    with caplog.at_level(logging.WARNING, logger="actors"), HubMonitor(0.1, on_report) as monitor:
        assert culprit.ask(reported, timeout=20)
    assert monitor.reports == 1
    assert reports[0].actor == "culprit"
    assert reports[0].seconds >= 0.1
    assert "released.wait(10)" in reports[0].stack
    assert caplog.records[0].actor == "culprit"  # type: ignore[attr-defined]


def test_an_idle_hub_is_not_reported(system: ActorSystem) -> None:
    with HubMonitor(0.05) as monitor:
        gevent.sleep(0.3)  # the thing under test
    assert monitor.reports == 0


def test_reports_are_rate_limited() -> None:
    looked = threading.Event()
    with HubMonitor(0.05, lambda _: None, pause_seconds=3600) as monitor:
        looked.wait(0.4)
    assert monitor.reports == 1


def test_a_callback_that_fails_does_not_end_the_watch() -> None:
    twice = threading.Event()
    seen: list[BlockedHub] = []

    def fails(report: BlockedHub) -> None:
        seen.append(report)
        if len(seen) == 2:
            twice.set()
        raise OSError("full disk")

    with HubMonitor(0.05, fails, pause_seconds=0.0):
        assert twice.wait(10)


def test_it_leaves_no_thread_behind_and_can_be_started_again() -> None:
    before = threading.active_count()
    monitor = HubMonitor(0.05)
    for _ in range(2):
        monitor.start()
        with pytest.raises(Misuse, match="already"):
            monitor.start()
        monitor.stop()
        monitor.stop()
    assert threading.active_count() == before


def test_a_threshold_must_be_positive() -> None:
    with pytest.raises(ValueError, match="more than zero"):
        HubMonitor(0)
