"""The conformance battery for onramps that keep at-least-once (`Onramp.replays`), ours and other people's.

Subclass it in a test module and fill in what only you know; pytest then collects its tests::

    class TestMyOnramp(ReplayBattery):
        def make(self):
            return MyOnramp(MyOnramp.Options(path=self.path, max_in_flight="1KiB"))

        def provide(self, onramp, numbers):
            append_lines(self.path, [json.dumps({"n": number}) for number in numbers])

The tests look at nothing but what comes and what is answered, through the real intake with the onramp's default
preprocessors and ``codec``. What they hold: whatever was not answered with delivered comes again, for as long
as it takes; answers in any order confirm no more than they say.
"""

# ruff: noqa: D102 - the names of the tests say it

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Iterator, Sequence

import pytest

from pipelines.ticket import Outcome
from ramps.onramp import Onramp
from ramps.testing.deliveries import Deliveries, Reader
from ramps.testing.leaks import nothing_outlives

__all__ = ["ReplayBattery"]


class ReplayBattery:
    """For any onramp whose ``replays`` is set."""

    @abstractmethod
    def make(self) -> Onramp:
        """A new onramp, ready to be opened. A second one, made when the first was closed, is what a new process makes:
        it finds the same outside, and what the first has kept there.
        """

    @abstractmethod
    def provide(self, onramp: Onramp, numbers: Sequence[int]) -> None:
        """Make the outside bring an event ``{"n": number}`` for each number, in this order. Must not block. A sender
        that is to send again what was not acknowledged does so from here on.
        """

    input_first: bool = False
    """True for an onramp that comes to an end: `provide` is called before `Onramp.open`."""

    keeps_order: bool = True
    """False where the outside brings several at a time."""

    survives_restart: bool = True
    """False where a new process cannot know what the last one had confirmed; what the outside sends again counts."""

    forgets_delivered: bool = True
    """Whether a new process that follows an orderly stop does not get again what was delivered."""

    codec: str = "json"
    """What decodes what comes in."""

    most_in_flight: int | None = None
    """How many events of one or two digits an onramp of `make` has under way at most; ``None``: it does not say."""

    def test_it_says_that_it_replays(self) -> None:
        assert self.make().replays

    def test_everything_comes_with_a_ticket_and_in_order(self) -> None:
        with self._running(range(3)) as (reader, deliveries):
            deliveries.wait_until(lambda: len(set(deliveries.numbers)) == 3)
            assert deliveries.without_ticket == 0
            if self.keeps_order:
                assert deliveries.numbers == [0, 1, 2]
            self._settle(reader, deliveries)

    def test_what_failed_comes_again_and_the_rest_arrives(self) -> None:
        with self._running(range(4)) as (reader, deliveries):
            deliveries.wait_until(lambda: set(deliveries.unanswered) == set(range(4)))
            deliveries.answer([0])
            deliveries.answer([1], Outcome.FAILED)
            deliveries.answer([2, 3])
            deliveries.wait_until(lambda: 1 in deliveries.unanswered)
            self._settle(reader, deliveries)

    def test_it_says_what_is_confirmed_what_was_sent_again_and_what_it_still_has(self) -> None:
        with self._running(range(4)) as (reader, deliveries):
            says = reader.onramp.confirmations
            deliveries.wait_until(lambda: set(deliveries.unanswered) == set(range(4)))
            deliveries.wait_until(lambda: says().unconfirmed == 4)
            assert (says().confirmed, says().sent_again) == (0, 0)
            assert says().remains
            deliveries.answer(outcome=Outcome.FAILED)
            deliveries.wait_until(lambda: set(deliveries.unanswered) == set(range(4)))
            deliveries.wait_until(lambda: says().sent_again >= 4)
            self._settle(reader, deliveries)
            deliveries.wait_until(lambda: says().confirmed == 4)
            assert (says().unconfirmed, says().remains) == (0, "")

    def test_what_fails_again_and_again_comes_again_each_time(self) -> None:
        with self._running([7]) as (reader, deliveries):
            for _ in range(4):
                deliveries.wait_until(lambda: deliveries.unanswered == [7])
                deliveries.answer([7], Outcome.FAILED)
            deliveries.wait_until(lambda: deliveries.unanswered == [7])
            self._settle(reader, deliveries)

    def test_fresh_events_flow_after_a_failure(self) -> None:
        if self.input_first:
            pytest.skip("it comes to an end")
        with self._running([0]) as (reader, deliveries):
            deliveries.wait_until(lambda: deliveries.unanswered == [0])
            deliveries.answer(outcome=Outcome.FAILED)
            deliveries.wait_until(lambda: 0 in deliveries.unanswered)
            self.provide(reader.onramp, [1])
            deliveries.answers_at_once = True
            deliveries.answer()
            deliveries.wait_until(lambda: 1 in deliveries.numbers)

    def test_a_finite_input_ends_when_all_is_delivered_and_not_before(self) -> None:
        if not self.input_first:
            pytest.skip("it does not come to an end")
        with self._running(range(3)) as (reader, deliveries):
            deliveries.wait_until(lambda: len(deliveries.unanswered) == 3)
            deliveries.answer([2, 0])
            assert not reader.ended
            deliveries.answer([1])
            reader.join()
            assert reader.ended

    def test_answers_in_any_order_confirm_no_more_than_they_say(self) -> None:
        numbers = list(range(6))
        with self._running(numbers) as (reader, deliveries):
            deliveries.wait_until(lambda: set(deliveries.unanswered) == set(numbers))
            deliveries.answer([5, 3, 0, 4])
            deliveries.forget()
            with self._next_process(reader, deliveries):
                deliveries.wait_until(lambda: {1, 2} <= set(deliveries.unanswered))

    def test_what_was_not_answered_comes_again_in_a_new_process(self) -> None:
        with self._running(range(3)) as (reader, deliveries):
            deliveries.wait_until(lambda: len(set(deliveries.unanswered)) == 3)
            deliveries.forget()
            with self._next_process(reader, deliveries):
                deliveries.wait_until(lambda: set(deliveries.unanswered) == {0, 1, 2})

    def test_what_was_delivered_does_not_come_again_after_an_orderly_stop(self) -> None:
        if not (self.survives_restart and self.forgets_delivered):
            pytest.skip("a new process cannot know")
        with self._running(range(3)) as (reader, deliveries):
            deliveries.wait_until(lambda: len(set(deliveries.unanswered)) == 3)
            self._settle(reader, deliveries)
            with self._next_process(reader, deliveries, [3]):
                deliveries.wait_until(lambda: 3 in deliveries.unanswered)
                assert deliveries.unanswered == [3]

    def test_answers_from_before_a_failure_mean_nothing_after_it(self) -> None:
        if self.input_first:
            pytest.skip("its pieces cannot be told apart")
        with self._running([0]) as (reader, deliveries):
            deliveries.wait_until(lambda: deliveries.unanswered == [0])
            self.provide(reader.onramp, [1])
            deliveries.wait_until(lambda: deliveries.unanswered == [0, 1])
            deliveries.answer([0], Outcome.FAILED)
            expected = {0}
            if self.keeps_order:
                deliveries.wait_until(lambda: deliveries.unanswered == [1, 0, 1])
                # The older one is found first; the one that came after the failure stays unanswered.
                deliveries.answer([1])
                expected = {0, 1}
            deliveries.wait_until(lambda: 0 in deliveries.unanswered)
            deliveries.forget()
            with self._next_process(reader, deliveries):
                deliveries.wait_until(lambda: expected <= set(deliveries.unanswered))

    def test_no_more_is_under_way_than_it_may_have(self) -> None:
        most = self.most_in_flight
        if most is None:
            pytest.skip("it does not say how much that is")
        numbers = [number % 100 for number in range(4 * most)]
        with self._running(numbers) as (_reader, deliveries):
            deliveries.wait_until(lambda: deliveries.unanswered)
            seen = 0
            while len(deliveries.numbers) < len(numbers):
                deliveries.wait_until(lambda: deliveries.unanswered)
                assert len(deliveries.unanswered) <= most
                seen += 1
                deliveries.answer()
            assert seen > 1
            assert deliveries.numbers == numbers

    def test_close_under_load_returns_and_late_answers_do_no_harm(self) -> None:
        with self._running(range(50)) as (reader, deliveries):
            deliveries.wait_until(lambda: deliveries.unanswered)
            reader.close()
            deliveries.answer(deliveries.unanswered[::2])
            deliveries.answer(outcome=Outcome.FAILED)

    def test_a_reader_that_is_killed_while_it_waits_for_room_loses_nothing(self) -> None:
        with self._running(range(20), full=True) as (reader, deliveries):
            deliveries.wait_until(lambda: deliveries.waiting)
            reader.kill()
            deliveries.make_room()
            deliveries.answers_at_once = True
            reader.open()
            deliveries.wait_until(lambda: set(deliveries.numbers) == set(range(20)))

    @contextlib.contextmanager
    def _running(self, numbers: Sequence[int], *, full: bool = False) -> Iterator[tuple[Reader, Deliveries]]:
        deliveries = Deliveries()
        if full:
            deliveries.fill()
        with nothing_outlives(), self._reading(self.make(), deliveries, numbers) as reader:
            yield reader, deliveries

    @contextlib.contextmanager
    def _reading(self, onramp: Onramp, deliveries: Deliveries, numbers: Sequence[int]) -> Iterator[Reader]:
        reader = Reader(onramp, deliveries, self.codec)
        try:
            if self.input_first:
                self.provide(onramp, numbers)
                reader.open()
            else:
                reader.open()
                self.provide(onramp, numbers)
            yield reader
        finally:
            deliveries.make_room()
            reader.close()
            self.stop_providing()

    @contextlib.contextmanager
    def _next_process(
        self, reader: Reader, deliveries: Deliveries, numbers: Sequence[int] = ()
    ) -> Iterator[Reader]:
        """What comes after this one was closed; where nothing survives that, the same onramp, opened again."""
        reader.close()
        onramp = self.make() if self.survives_restart else reader.onramp
        with self._reading(onramp, deliveries, numbers) as following:
            yield following

    def stop_providing(self) -> None:
        """Called when an onramp was closed for good: end what `provide` has left running."""

    def _settle(self, reader: Reader, deliveries: Deliveries) -> None:
        deliveries.answers_at_once = True
        deliveries.answer()
        if self.input_first:
            reader.join()
            assert reader.ended
        deliveries.answers_at_once = False
