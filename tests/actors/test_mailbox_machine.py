"""The mailbox against a naive twin: random puts, takes, time-outs, kills and closings."""

from __future__ import annotations

from typing import Any

import gevent
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actors import Lane, Mailbox, MailboxClosed, MailboxFull, MailboxLimits, Scheduler
from actors.testing import VirtualClock, settle

MOST_EVENTS, MOST_BYTES = 5, 50


class Waiting:
    """A sender of the twin that has no room yet."""

    def __init__(self, number: int, events: int, size: int, until: float | None, greenlet: Any) -> None:
        self.number, self.events, self.size, self.until, self.greenlet = number, events, size, until, greenlet


class MailboxMachine(RuleBasedStateMachine):
    """The twin is three lists and a list of waiting senders, and looks at all of them each time."""

    def __init__(self) -> None:
        super().__init__()
        self.scheduler = Scheduler()
        self.clock = VirtualClock()
        self.box = Mailbox(self.scheduler, self.clock, MailboxLimits(MOST_EVENTS, MOST_BYTES), "box")
        self.numbers = iter(range(10**9))
        self.outcomes: dict[int, str] = {}
        self.expected: dict[int, str] = {}
        self.lanes: dict[Lane, list[tuple[int, int, int]]] = {lane: [] for lane in Lane}
        self.waiting: list[Waiting] = []
        self.taker: Any = None
        self.taker_until: float | None = None
        self.taken: list[Any] = []
        self.taken_expected: list[Any] = []

    # --- the twin ----------------------------------------------------------------------------------------------------

    def fits(self, events: int, size: int) -> bool:
        flow = self.lanes[Lane.FLOW]
        return not flow or (
            sum(each[1] for each in flow) + events <= MOST_EVENTS
            and (size == 0 or sum(each[2] for each in flow) + size <= MOST_BYTES)
        )

    def twin_moves(self) -> None:
        """All that follows from the last step: the taker takes, senders move in."""
        while True:
            if self.waiting and self.fits(self.waiting[0].events, self.waiting[0].size):
                sender = self.waiting.pop(0)
                self.lanes[Lane.FLOW].append((sender.number, sender.events, sender.size))
                self.expected[sender.number] = "arrived"
            elif self.taker is not None and any(self.lanes.values()):
                self.taken_expected.append(self.twin_takes())
                self.taker = None
            else:
                return

    def twin_takes(self) -> int | None:
        for lane in Lane:
            if self.lanes[lane]:
                return self.lanes[lane].pop(0)[0]
        return None

    # --- steps -------------------------------------------------------------------------------------------------------

    def _put(self, number: int, events: int, size: int, timeout: float | None) -> None:
        try:
            self.box.put(number, events=events, size=size, timeout=timeout)
            self.outcomes[number] = "arrived"
        except MailboxFull:
            self.outcomes[number] = "full"
        except gevent.GreenletExit:
            self.outcomes[number] = "killed"
        except MailboxClosed:
            self.outcomes[number] = "closed"

    @precondition(lambda self: not self.box.closed)
    @rule(
        events=st.sampled_from([1, 1, 2, 4, 5, 7]),
        size=st.sampled_from([0, 0, 10, 30, 60]),
        timeout=st.sampled_from([None, None, 0.0, 1.0, 3.0]),
    )
    def put(self, events: int, size: int, timeout: float | None) -> None:
        number = next(self.numbers)
        greenlet = gevent.spawn(self._put, number, events, size, timeout)
        if not self.waiting and self.fits(events, size):
            self.lanes[Lane.FLOW].append((number, events, size))
            self.expected[number] = "arrived"
        elif timeout == 0:
            self.expected[number] = "full"
        else:
            until = None if timeout is None else self.clock.now() + timeout
            self.waiting.append(Waiting(number, events, size, until, greenlet))
        settle()
        self.twin_moves()

    @precondition(lambda self: not self.box.closed)
    @rule(lane=st.sampled_from([Lane.CONTROL, Lane.CONTRAFLOW]))
    def put_control(self, lane: Lane) -> None:
        number = next(self.numbers)
        self.box.put_control(number, lane=lane)
        self.lanes[lane].append((number, 0, 0))
        settle()
        self.twin_moves()

    @rule()
    def take_nowait(self) -> None:
        envelope = self.box.take_nowait()
        assert (envelope[0] if envelope else None) == self.twin_takes()
        settle()
        self.twin_moves()

    def _take(self, timeout: float | None) -> None:
        envelope = self.box.take(timeout)
        self.taken.append(envelope[0] if envelope else None)

    @precondition(lambda self: self.taker is None and not self.box.closed)
    @rule(timeout=st.sampled_from([None, 1.0, 2.0]))
    def start_to_take(self, timeout: float | None) -> None:
        self.taker = gevent.spawn(self._take, timeout)
        self.taker_until = None if timeout is None else self.clock.now() + timeout
        settle()
        self.twin_moves()

    @precondition(lambda self: self.taker is not None)
    @rule()
    def kill_the_taker(self) -> None:
        self.taker.kill(block=False)
        self.taker = None
        settle()

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def kill_a_sender(self, data: st.DataObject) -> None:
        sender = data.draw(st.sampled_from(self.waiting))
        sender.greenlet.kill(block=False)
        self.waiting.remove(sender)
        self.expected[sender.number] = "killed"
        settle()
        self.twin_moves()

    @rule()
    def a_second_passes(self) -> None:
        self.clock.advance(1.0)
        now = self.clock.now()
        # A taker waits only while all lanes are empty, so nobody waits for room meanwhile.
        if self.taker is not None and self.taker_until is not None and self.taker_until <= now:
            self.taker = None
            self.taken_expected.append(None)
        while due := [each for each in self.waiting if each.until is not None and each.until <= now]:
            # Whoever gives up may make room for those behind, in the very moment in which they would give up too.
            first = min(due, key=lambda each: (each.until, each.number))
            self.waiting.remove(first)
            self.expected[first.number] = "full"
            self.twin_moves()

    @precondition(lambda self: not self.box.closed and len(self.outcomes) > 5)
    @rule()
    def close(self) -> None:
        left = [each[0] for lane in Lane for each in self.lanes[lane]]
        assert [envelope[0] for envelope in self.box.close()] == left
        for lane in Lane:
            self.lanes[lane].clear()
        for sender in self.waiting:
            self.expected[sender.number] = "closed"
        self.waiting.clear()
        settle()

    @invariant()
    def both_agree(self) -> None:
        assert self.taken == self.taken_expected
        assert self.outcomes == self.expected
        flow = self.lanes[Lane.FLOW]
        seen = self.box.statistics()
        assert seen.depth == len(self.box) == sum(each[1] for each in flow)
        assert seen.bytes == sum(each[2] for each in flow)
        assert seen.control == len(self.lanes[Lane.CONTROL])
        assert seen.contraflow == len(self.lanes[Lane.CONTRAFLOW])
        assert len(seen.blocked_senders) == len(self.waiting)
        assert seen.peak >= seen.depth
        assert len(self.scheduler) == 0

    def teardown(self) -> None:
        if not self.box.closed:
            self.close()
        if self.taker is not None:
            self.taker.kill()
        self.scheduler.close()
        settle()


TestMailboxMachine = MailboxMachine.TestCase
TestMailboxMachine.settings = settings(
    max_examples=60, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
