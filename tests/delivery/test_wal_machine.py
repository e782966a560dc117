"""The operator `wal` against a naive twin: a set of ids that it owes. Whatever is killed and when, nothing is lost."""

from __future__ import annotations

import itertools
import tempfile
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from actors.testing import VirtualClock
from pipelines import Batch
from pipelines.ticket import Outcome, Ticket
from tests.delivery.wal_stages import Fuse, Stage

MOST_EVENTS = 12
MOST_IN_A_BATCH = 4
BACKOFF = {"initial": "1s", "maximum": "4s", "jitter": 0.0}
REFUSED = 7
"""An event in so many is none that can be stored."""


class WalMachine(RuleBasedStateMachine):
    """The source keeps each batch until it is told that it may forget it; the sink answers as it likes."""

    @initialize(when_full=st.sampled_from(["wait", "overflow"]))
    def begin(self, when_full: str) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.path = Path(self.directory.name) / "events.wal"
        self.when_full = when_full
        self.clock = VirtualClock()
        self.fuse = Fuse()
        self.patch = patch("pipelines.actor.call_in_thread", self.fuse.run_blocking)
        self.patch.start()
        self.next_id = 0
        self.numbers = itertools.count()
        self.sent: dict[int, list[int]] = {}
        """By number, what the source still keeps."""
        self.owed: set[int] = set()
        """What the source has forgotten, and nobody has got."""
        self.arrived: set[int] = set()
        self.past: list[Stage] = []
        self.start_process()

    def start_process(self) -> None:
        self.stage = Stage(
            self.path,
            self.clock,
            self.fuse,
            fsync="never",
            max_events=MOST_EVENTS,
            when_full=self.when_full,
            backoff=BACKOFF,
        )
        again, self.sent = self.sent, {}
        for ids in again.values():
            self.offer(ids)

    def offer(self, ids: list[int]) -> None:
        number = next(self.numbers)
        self.sent[number] = ids
        values: list[Any] = [
            {"id": each, **({"bad": object()} if each % REFUSED == 0 else {})} for each in ids
        ]
        ticket = Ticket(partial(self.settled, self.stage, number))
        batch = Batch(values, ingest_ns=self.clock.time_ns(), origin="test", ticket=ticket)
        self.stage.mailbox.append(("in", batch))

    def settled(self, stage: Stage, number: int, outcome: Outcome) -> None:
        if stage is not self.stage:
            return
        ids = self.sent.pop(number)
        if outcome is Outcome.DELIVERED:
            self.owed.update(set(ids) - self.arrived)
        else:
            self.offer(ids)

    @rule(count=st.integers(1, MOST_IN_A_BATCH))
    def send(self, count: int) -> None:
        self.offer(list(range(self.next_id, self.next_id + count)))
        self.next_id += count

    @rule(kills=st.lists(st.integers(0, 12), max_size=2))
    def work(self, kills: list[int]) -> None:
        self.fuse.points = kills
        self.stage.step()
        self.fuse.points = []
        self.look_at_the_limits()

    @rule(kills=st.lists(st.integers(0, 12), max_size=2), seconds=st.sampled_from([0.1, 1.0, 5.0]))
    def tick(self, kills: list[int], seconds: float) -> None:
        self.clock.advance(seconds)
        self.fuse.points = kills
        self.stage.step(tick=True)
        self.fuse.points = []

    @rule(count=st.integers(1, MOST_IN_A_BATCH))
    def send_through(self, count: int) -> None:
        """All goes well, as it mostly does."""
        self.send(count)
        self.work([])

    @precondition(lambda self: self.stage.out.batches)
    @rule(place=st.integers(0, 100))
    def deliver(self, place: int) -> None:
        self.answer_one(place % len(self.stage.out.batches), Outcome.DELIVERED)

    @precondition(lambda self: self.stage.out.batches)
    @rule(place=st.integers(0, 100))
    def fail(self, place: int) -> None:
        self.answer_one(place % len(self.stage.out.batches), Outcome.FAILED)

    @rule()
    def kill(self) -> None:
        self.stage.kill()

    @rule()
    def crash(self) -> None:
        self.end_process()
        self.start_process()

    def answer_one(self, index: int, outcome: Outcome) -> None:
        ids = [value["id"] for value in self.stage.out.batches[index].values]
        if outcome is Outcome.DELIVERED:
            self.arrived.update(ids)
            self.owed.difference_update(ids)
        self.stage.answer(self.stage.out, index, outcome)

    def answer_the_others(self, outcome: Outcome) -> None:
        """What left unstored, or could not be stored."""
        for place in (self.stage.overflow, self.stage.err):
            while place.batches:
                values = place.batches[0].values
                ids = [int(value["id"] if "id" in value else value["event"]["id"]) for value in values]
                if outcome is Outcome.DELIVERED:
                    self.arrived.update(ids)
                    self.owed.difference_update(ids)
                self.stage.answer(place, 0, outcome)

    def look_at_the_limits(self) -> None:
        if self.stage.part.opened:
            assert self.stage.wal.stored < MOST_EVENTS + MOST_IN_A_BATCH

    def end_process(self) -> None:
        self.stage.vanish()

    def teardown(self) -> None:
        if not hasattr(self, "stage"):
            return
        try:
            self.heal()
        finally:
            self.patch.stop()
            self.stage.vanish()
            self.directory.cleanup()

    def heal(self) -> None:
        """From here on all goes well: everything arrives, and nothing stays."""
        for _ in range(200):
            self.stage.step()
            self.clock.advance(1.0)
            self.stage.step(tick=True)
            self.answer_the_others(Outcome.DELIVERED)
            while self.stage.out.batches:
                self.answer_one(0, Outcome.DELIVERED)
            if not self.sent and not self.owed and not self.stage.wal.stored:
                break
        assert not self.sent, "the source was never told"
        assert not self.owed, "lost"
        assert self.arrived >= set(range(self.next_id))
        assert self.stage.wal.stored == 0
        self.stage.stop()
        account = self.stage.account()
        assert account["in"] + account["created"] == account["out"] + account["other"], account


TestWalMachine = WalMachine.TestCase
TestWalMachine.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
