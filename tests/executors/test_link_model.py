"""A link under faults against a list: nothing lost, in order, and nothing twice while both ends live."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any

import gevent
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.testing import settle, wait_until
from ramps.errors import ConnectionLost
from ramps.links.link_intake import LinkIntake
from ramps.links.link_offramp import LinkOfframp
from ramps.offramp import Outgoing
from ramps.testing.offramp_battery import outgoing_of

from .conftest import DEADLINE_SECONDS, Serving, WritingIntake


class Fault(Enum):
    """What happens while one batch is handed over."""

    NONE = "none"
    LOST_BEFORE = "the connection is lost before the batch is sent"
    LOST_WRITTEN_FIRST = (
        "the connection is lost before the answer; the batch is written before it comes again"
    )
    LOST_WRITTEN_LATER = "the connection is lost before the answer; the batch is written after it came again"
    LOST_TWICE = "the connection is lost twice before the answer"
    SERVER_RESTARTED = "the server's actor is restarted while the batch is in its mailbox"
    CLIENT_RESTARTED = "the client's actor is restarted while it waits"
    SERVER_DIED = "the server's process dies before it has written"
    SERVER_DIED_LATE = "the server's process dies after it has written and before it has answered"
    CLIENT_DIED = "the client's process dies while it waits"


class World:
    def __init__(self, directory: Path) -> None:
        self.intake = WritingIntake()
        self.serving = Serving(LinkIntake, directory / "1", self.intake)
        self.serving.start()
        self.client = LinkOfframp(self.serving.options)
        self.sent: list[bytes] = []
        self.may_be_missing: set[bytes] = set()
        self.may_be_twice: set[bytes] = set()
        self.senders = 0

    def end(self) -> None:
        self.client.close()
        self.serving.stop()

    def deliver(self, outgoing: Outgoing) -> None:
        """What an `OfframpActor` does."""
        while True:
            try:
                if not self.client._client.connected:
                    self.client.open()
                self.client.write(outgoing)
            except ConnectionLost:
                self.client.close()
                settle(1)
            else:
                return

    def send(self, fault: Fault) -> None:
        payload = b"%d" % len(self.sent)
        self.sent.append(payload)
        outgoing = outgoing_of(payload)
        if fault in (Fault.NONE, Fault.LOST_BEFORE):
            if fault is Fault.LOST_BEFORE:
                self.client.close()
            self._join(gevent.spawn(self.deliver, outgoing))
            return
        self.intake.answers = False
        sending = gevent.spawn(self.deliver, outgoing)
        wait_until(lambda: self.intake.stuck)
        sending = self._strike(fault, payload, outgoing, sending)
        self.intake.answers = True
        self.intake.write()
        self._join(sending)

    def _strike(self, fault: Fault, payload: bytes, outgoing: Outgoing, sending: Any) -> Any:
        match fault:
            case Fault.LOST_WRITTEN_FIRST:
                self.client.close()
                self.intake.write()
            case Fault.LOST_WRITTEN_LATER:
                self.client.close()
                settle()
            case Fault.LOST_TWICE:
                self.client.close()
                settle()
                self.client.close()
                settle()
            case Fault.SERVER_RESTARTED:
                self.serving.stop()
                settle()
                self.serving.start()
            case Fault.CLIENT_RESTARTED:
                sending.kill()
                self.client.close()
                return gevent.spawn(self.deliver, outgoing)
            case Fault.SERVER_DIED:
                self.serving.stop()
                self.intake.stuck.clear()
                self.serving.forget()
                self.serving.start()
            case Fault.SERVER_DIED_LATE:
                self.may_be_twice.add(payload)
                self.serving.stop()
                self.intake.write()
                self.serving.forget()
                self.serving.start()
            case Fault.CLIENT_DIED:
                self.may_be_missing.add(payload)
                sending.kill()
                self.client.close()
                self.client = LinkOfframp(self.serving.options)
                return gevent.spawn(lambda: None)
        return sending

    @staticmethod
    def _join(sending: Any) -> None:
        sending.join(DEADLINE_SECONDS)
        assert sending.successful(), f"it was not handed over: {sending!r}"

    def check(self) -> None:
        counts = Counter(self.intake.written)
        for payload in self.sent:
            fewest = 0 if payload in self.may_be_missing else 1
            most = 2 if payload in self.may_be_twice else 1
            assert fewest <= counts[payload] <= most, (payload, self.intake.written)
        firsts = list(dict.fromkeys(self.intake.written))
        assert firsts == [payload for payload in self.sent if payload in counts]


@pytest.fixture(autouse=True)
def _closes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ramps.network.connections._CLOSE_GRACE_SECONDS", 0.001)


@given(st.lists(st.sampled_from(Fault), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_nothing_is_lost_and_nothing_comes_twice_while_both_ends_live(faults: list[Fault]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        world = World(Path(directory))
        try:
            for fault in faults:
                world.send(fault)
            world.send(Fault.NONE)
            world.check()
        finally:
            world.end()


@pytest.mark.parametrize("fault", Fault)
def test_each_fault_alone(fault: Fault, tmp_path: Path) -> None:
    world = World(tmp_path)
    try:
        for each in (Fault.NONE, fault, Fault.NONE):
            world.send(each)
        world.check()
        assert len(world.intake.written) >= 2
    finally:
        world.end()


def test_a_sender_that_is_held_back_sends_no_more_than_one_batch(
    writing: Serving, client: LinkOfframp, in_background: Callable[..., Any], blocked: Callable[[Any], None]
) -> None:
    intake: Any = writing.intake
    intake.answers = False
    client.open()

    def write_many() -> None:
        for number in range(1000):
            client.write(outgoing_of(b"%d" % number))

    writer = in_background(write_many)
    wait_until(lambda: intake.stuck)
    blocked(writer)
    assert intake.handed_on == 1
    intake.answers = True
    intake.write()
    wait_until(lambda: len(intake.written) == 1000)
    assert intake.written == [b"%d" % number for number in range(1000)]
