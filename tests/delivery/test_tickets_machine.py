"""A model of tickets and the tracker: any tree of forks and joins, any order of answers, any repetition."""

from __future__ import annotations

from dataclasses import dataclass, field

import gevent
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pipelines import Batch
from pipelines.ticket import HeldTickets, Outcome, Ticket, joined, passed_on, taken_back
from ramps.tracker import Tracker

OUTCOMES = st.sampled_from([Outcome.DELIVERED, Outcome.DELIVERED, Outcome.DELIVERED, Outcome.FAILED])


@dataclass
class Source:
    """What the model knows of one ticket that a source has given out."""

    settled: list[Outcome] = field(default_factory=list)
    worst: Outcome = Outcome.DELIVERED


@dataclass(eq=False)
class Branch:
    """An open end: a ticket, and how often each source waits for it."""

    ticket: Ticket
    sources: list[int]


class Tickets(RuleBasedStateMachine):
    """Open branches of any number of sources are forked, joined and answered in any order, also more than once."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[Source] = []
        self.open: list[Branch] = []
        self.answered: list[tuple[Ticket, Outcome]] = []

    @rule()
    def a_source_sends(self) -> None:
        source = Source()
        self.sources.append(source)
        self.open.append(Branch(Ticket(source.settled.append), [len(self.sources) - 1]))

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def a_branch_is_forked(self, data: st.DataObject) -> None:
        branch = data.draw(st.sampled_from(self.open))
        self.open.append(Branch(branch.ticket.fork(), list(branch.sources)))

    @precondition(lambda self: len(self.open) > 1)
    @rule(data=st.data())
    def branches_are_joined(self, data: st.DataObject) -> None:
        members = data.draw(st.lists(st.sampled_from(self.open), min_size=1, max_size=4, unique=True))
        ticket = joined([member.ticket for member in members])
        assert ticket is not None
        self.open = [branch for branch in self.open if branch not in members]
        self.open.append(Branch(ticket, [source for member in members for source in member.sources]))

    @precondition(lambda self: self.open)
    @rule(data=st.data(), outcome=OUTCOMES)
    def a_branch_is_answered(self, data: st.DataObject, outcome: Outcome) -> None:
        branch = data.draw(st.sampled_from(self.open))
        self.open.remove(branch)
        for source in branch.sources:
            self.sources[source].worst = max(self.sources[source].worst, outcome)
        branch.ticket.answer(outcome)
        self.answered.append((branch.ticket, outcome))

    @precondition(lambda self: self.answered)
    @rule(data=st.data(), outcome=OUTCOMES)
    def an_answered_branch_comes_again(self, data: st.DataObject, outcome: Outcome) -> None:
        ticket, _ = data.draw(st.sampled_from(self.answered))
        again = ticket.fork()
        ticket.answer(outcome)
        again.answer(outcome)

    @invariant()
    def a_source_hears_once_and_the_worst_and_not_before_the_last(self) -> None:
        waiting = {source for branch in self.open for source in branch.sources}
        for number, source in enumerate(self.sources):
            assert source.settled == ([] if number in waiting else [source.worst])


TestTickets = Tickets.TestCase
TestTickets.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)


class Tracking(RuleBasedStateMachine):
    """Pieces are answered in any order; a naive twin holds all of them in a list."""

    @initialize(most=st.integers(1, 20))
    def start(self, most: int) -> None:
        self.confirmed: list[int] = []
        self.tracker = Tracker(0, most=most, on_confirmed=self.confirmed.append)
        self.most = most
        self.position = 0
        self.pieces: list[tuple[int, int, Ticket]] = []
        self.delivered: set[int] = set()
        self.gone: list[Ticket] = []
        self.failed = False

    @rule(weight=st.integers(0, 8))
    def a_piece_is_read(self, weight: int) -> None:
        self.position += 1
        self.pieces.append((self.position, weight, self.tracker.ticket(self.position, weight)))

    @precondition(lambda self: self.pieces)
    @rule(data=st.data(), outcome=OUTCOMES)
    def a_piece_is_answered(self, data: st.DataObject, outcome: Outcome) -> None:
        position, _weight, ticket = data.draw(st.sampled_from(self.pieces))
        if not ticket.answered:
            if outcome is Outcome.DELIVERED:
                self.delivered.add(position)
            else:
                self.failed = True
        ticket.answer(outcome)
        while self.pieces and self.pieces[0][0] in self.delivered:
            self.gone.append(self.pieces.pop(0)[2])

    @rule()
    def the_source_rewinds(self) -> None:
        self.position = self.tracker.rewind()
        self.gone += [ticket for _position, _weight, ticket in self.pieces]
        self.pieces, self.failed = [], False
        self.delivered = {position for position in self.delivered if position <= self.position}

    @precondition(lambda self: self.gone)
    @rule(data=st.data(), outcome=OUTCOMES)
    def an_answer_comes_late(self, data: st.DataObject, outcome: Outcome) -> None:
        data.draw(st.sampled_from(self.gone)).answer(outcome)

    @invariant()
    def it_confirms_what_is_delivered_up_to_the_first_gap(self) -> None:
        if not hasattr(self, "tracker"):
            return
        first_open = self.pieces[0][0] if self.pieces else self.position + 1
        assert self.tracker.confirmed == first_open - 1
        assert self.confirmed == sorted(set(self.confirmed))
        assert self.tracker.in_flight == sum(weight for _position, weight, _ticket in self.pieces)
        assert self.tracker.failed == self.failed
        assert self.tracker.wait_for_room(0) == (self.tracker.in_flight < self.most or self.failed)
        assert self.tracker.wait_until_settled(0) == (not self.pieces or self.failed)


TestTracking = Tracking.TestCase
TestTracking.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)


def test_who_waits_until_all_is_settled_is_not_woken_by_mere_room() -> None:
    tracker = Tracker(0, most=10)
    first, second = tracker.ticket(1), tracker.ticket(2)
    waiting = gevent.spawn(tracker.wait_until_settled)
    gevent.idle()
    first.answer()
    gevent.idle()
    assert not waiting.ready()
    second.answer()
    assert waiting.get(timeout=5)
    assert tracker.confirmed == 2


def test_a_wake_that_comes_just_before_somebody_waits_is_not_lost() -> None:
    tracker = Tracker(0, most=1)
    open_ticket = tracker.ticket(1)
    tracker.wake()
    assert gevent.spawn(tracker.wait_for_room).get(timeout=5)
    assert not tracker.wait_for_room(0)
    assert not open_ticket.answered


def test_a_ticket_that_nobody_has_any_more_has_failed() -> None:
    """Regression: whoever was killed between two bytecodes lost what it had in hand, and the source waited for ever."""
    settled: list[list[Outcome]] = [[], [], []]
    first, second, third = (Ticket(outcomes.append) for outcomes in settled)
    branch = first.fork()
    first.answer()
    both = joined([second, third])
    del second, third
    assert settled == [[], [], []]
    del branch, both
    assert settled == [[Outcome.FAILED]] * 3


class Kept:
    """One of two operators side by side that hold events of the same batches."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.events = 0
        self.tickets = HeldTickets()

    def hold(self, batch: Batch) -> bool:
        self.events += 1
        if self.events < self.count:
            self.tickets.add(batch)
            return False
        self.events = 0
        self.tickets.hand_to(batch)
        return True


def sent(settled: list[Outcome]) -> Batch:
    return Batch([1], ingest_ns=0, ticket=Ticket(settled.append))


def test_two_operators_side_by_side_may_hand_over_to_one_batch() -> None:
    """Regression: the second one's tickets replaced those of the first, whose sources then waited for ever."""
    left, right = Kept(2), Kept(3)
    settled: list[list[Outcome]] = [[] for _ in range(6)]
    outbox: list[tuple[str, Batch]] = []
    for outcomes in settled:
        batch = sent(outcomes)
        results = [("out", batch.like([1])) for operator in (left, right) if operator.hold(batch)]
        results = [("out", batch.like([1])) for _ in results]
        passed_on(batch, results, [], outbox)
    assert not any(settled[:1])
    for _port, batch in outbox:
        assert batch.ticket is not None
        batch.ticket.answer()
    assert settled == [[Outcome.DELIVERED]] * 6


@pytest.mark.parametrize("comes_again", [True, False])
def test_what_was_handed_to_a_batch_that_breaks_off_has_failed(comes_again: bool) -> None:
    operator = Kept(2)
    before: list[Outcome] = []
    first = sent(before)
    operator.hold(first)
    passed_on(first, [], [], [])
    settled: list[Outcome] = []
    batch = sent(settled)
    own = batch.ticket
    assert operator.hold(batch)
    taken_back(batch, own, comes_again=comes_again)
    assert before == [Outcome.FAILED]
    assert batch.ticket is own
    assert settled == ([] if comes_again else [Outcome.FAILED])


def test_pieces_without_events_behind_one_that_is_under_way_take_no_place() -> None:
    """Regression: a client that sent half a frame byte by byte took a hundred times as much memory as it may."""
    tracker = Tracker(0, most=1_000_000)
    first = tracker.ticket(10, 10)
    for position in range(11, 10_011):
        own = tracker.ticket(10, 1)
        tracker.reach(position)
        own.answer()
    assert len(tracker._pieces) == 1
    assert (tracker.confirmed, tracker.in_flight) == (0, 10_010)
    last = tracker.ticket(20_000, 1)
    first.answer()
    assert (tracker.confirmed, tracker.in_flight, tracker.is_settled) == (10_010, 1, False)
    last.answer(Outcome.FAILED)
    assert tracker.failed
    assert tracker.rewind() == 10_010
