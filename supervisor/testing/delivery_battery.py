"""The conformance battery for a source and a sink together: an onramp that keeps at-least-once (`Onramp.replays`), an
offramp that confirms (`Offramp.confirms`), and a deployment between them; ours and other people's.

Subclass it in a test module, and say how the outsides are driven; pytest then collects its tests::

    class TestQueueToStore(DeliveryBattery):
        def make_source(self, directory):
            return QueueDriver(directory)  # a SourceDriver

        def make_sink(self, directory):
            return StoreDriver(directory)  # a SinkDriver

What the tests hold: whatever the sender was told to be acknowledged has arrived, or lies with something that has taken
it over; all else comes again, by the same deployment or the next one; nothing arrives that nobody sent; the account of
each deployment is right; and nothing of it is left running. ``tests/conformance/`` shows the drivers of our own.
"""

# ruff: noqa: D102 - the names of the tests say it

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path

import pytest

from ramps.testing.leaks import nothing_outlives
from supervisor.testing.delivery_drivers import SinkDriver, SourceDriver
from supervisor.testing.delivery_run import DeliveryRun, repeated

__all__ = ["DeliveryBattery"]

_SIZE = 2000
_POISON_AFTER = 5


class DeliveryBattery:
    """For any pair of a source and a sink."""

    @abstractmethod
    def make_source(self, directory: Path) -> SourceDriver:
        """The outside of the onramp."""

    @abstractmethod
    def make_sink(self, directory: Path) -> SinkDriver:
        """The outside of the offramp; called twice in a test that needs two of them."""

    @pytest.fixture(autouse=True)
    def _directory_of_test(self, tmp_path: Path) -> None:
        self.__directory = tmp_path

    def test_it_opens_and_closes_with_nothing_to_do_again_and_again(self) -> None:
        with self._running() as run:
            for _ in range(3):
                run.stop()
                run.start()
            run.send([0])
            run.wait_for_all()

    def test_it_stops_though_the_sink_is_broken_and_nothing_is_to_do(self) -> None:
        with self._running() as run:
            for fault in run.sinks[0].faults:
                run.sinks[0].begin(fault)
                run.stop()
                run.sinks[0].mend()
                run.start()

    def test_events_arrive_once_and_in_order(self) -> None:
        with self._running() as run:
            for start in range(0, 60, 20):
                run.send(range(start, start + 20))
                if not run.source.keeps_order:
                    run.wait_for_all()
            run.wait_for_all()
            arrived = run.arrived()
            assert not repeated(arrived), f"{repeated(arrived)} came twice"
            if run.sinks[0].keeps_order:
                assert arrived == list(range(60))

    def test_nothing_is_acknowledged_before_the_sink_has_confirmed(self) -> None:
        with self._running() as run:
            (sink,) = run.sinks
            for number, fault in enumerate(sink.faults):
                sink.begin(fault)
                run.send([number])
                run.wait_until(run.in_hand, "the sink is tried")
                run.wait_until_at_rest()
                assert sink.takes_over or number not in run.source.acknowledged()
                sink.mend()
                run.wait_for_all()

    def test_what_has_failed_is_sent_again(self) -> None:
        with self._running(poison_after=1) as run:
            (sink,) = run.sinks
            for turn, fault in enumerate(sink.faults):
                sink.begin(fault)
                run.send(range(5 * turn, 5 * turn + 5))
                run.wait_until(run.in_hand, "the sink is tried")
                # Whatever it has in hand is poison at once: that has failed.
                run.kill("offramp:main/out-0")
                sink.mend()
                run.wait_for_all()

    @pytest.mark.parametrize("end", ["a failure", "a crash"])
    def test_acknowledgements_out_of_order_acknowledge_no_more_than_they_say(self, end: str) -> None:
        with self._running(sinks=2, poison_after=1) as run:
            held, _other = run.sinks
            held.begin(held.faults[-1])
            run.send([0])
            run.wait_until(lambda: run.in_hand(0), "the first one is under way")
            for number in (1, 3, 5):
                run.send([number])
                run.wait_until(lambda number=number: number in run.arrived(1), "the other sink has it")  # type: ignore[misc]
            run.send([2, 4])
            run.wait_until_at_rest()
            if end == "a failure":
                run.kill("offramp:main/out-0")
                held.mend()
            else:
                run.crash()
                held.mend()
                run.start()
            run.wait_for_all()
            assert set(run.arrived(0)) == {0, 2, 4}

    def test_a_sink_that_takes_nothing_holds_the_source_back_and_nothing_is_lost(self) -> None:
        with self._running() as run:
            (sink,) = run.sinks
            most = run.source.most_in_flight(_SIZE) + sink.most_kept(_SIZE)
            sink.begin(sink.faults[0])
            numbers = range(2 * most + 100)
            for start in range(0, len(numbers), 10):
                run.send(numbers[start : start + 10], size=_SIZE)
            run.wait_until(run.in_hand, "the sink is tried")
            run.wait_until_at_rest()
            assert run.came_in < len(numbers)
            sink.mend()
            run.wait_for_all()
            assert run.most_under_way <= most, f"{run.most_under_way} were under way"

    def test_a_sink_that_is_gone_and_comes_back_gets_everything(self) -> None:
        with self._running() as run:
            (sink,) = run.sinks
            for turn, fault in enumerate(sink.faults * 2):
                run.send(range(40 * turn, 40 * turn + 20))
                run.wait_until(lambda: run.came_in or run.everywhere(), "it is under way")
                sink.begin(fault)
                run.send(range(40 * turn + 20, 40 * turn + 40))
                run.wait_until(lambda: run.under_way or run.in_hand(), "the sink is tried")
                sink.mend()
                run.wait_for_all()

    def test_a_source_whose_connections_are_cut_sends_again(self) -> None:
        with self._running() as run:
            if not run.source.connects:
                pytest.skip("there are no connections")
            (sink,) = run.sinks
            for turn in range(4):
                sink.begin(sink.faults[-1])
                run.send(range(20 * turn, 20 * turn + 20))
                run.wait_until(lambda: run.under_way, "it is under way")
                run.source.cut()
                sink.mend()
                run.wait_for_all()

    def test_what_a_stop_under_load_leaves_is_sent_again_by_the_next_start(self) -> None:
        with self._running() as run:
            for turn in range(3):
                for start in range(100 * turn, 100 * turn + 100, 10):
                    run.send(range(start, start + 10))
                run.wait_until(lambda turn=turn: len(run.everywhere()) > 100 * turn, "some have arrived")  # type: ignore[misc]
                run.stop()
                run.start()
            run.wait_for_all()
            self._nothing_comes_again(run)

    def test_what_a_stop_with_a_broken_sink_leaves_is_sent_again_by_the_next_start(self) -> None:
        with self._running() as run:
            (sink,) = run.sinks
            for turn, fault in enumerate(sink.faults):
                sink.begin(fault)
                run.send(range(20 * turn, 20 * turn + 20))
                run.wait_until(run.in_hand, "the sink is tried")
                run.stop(0.0)
                sink.mend()
                run.start()
            run.wait_for_all()

    def test_kills_of_all_actors_under_load_lose_nothing(self) -> None:
        with self._running() as run:
            for turn in range(3):
                for place, name in enumerate(list(run.actors())):
                    first = 1000 * turn + 10 * place
                    run.send(range(first, first + 10))
                    run.wait_until(lambda: run.came_in, "something has come in")
                    run.kill(name)
            run.wait_for_all()

    def test_a_crash_under_load_loses_nothing(self) -> None:
        with self._running() as run:
            for turn in range(3):
                for start in range(100 * turn, 100 * turn + 100, 10):
                    run.send(range(start, start + 10))
                run.wait_until(lambda: run.came_in, "something has come in")
                run.crash()
                run.start()
            run.wait_for_all()

    @staticmethod
    def _nothing_comes_again(run: DeliveryRun) -> None:
        """Fresh events flow in the next deployment, and those that were acknowledged do not."""
        run.stop()
        count = len(run.arrived())
        run.start()
        run.send([10**6, 10**6 + 1])
        run.wait_for_all()
        if run.source.forgets_delivered:
            assert sorted(run.arrived()[count:]) == [10**6, 10**6 + 1]

    @contextlib.contextmanager
    def _running(self, *, sinks: int = 1, poison_after: int = _POISON_AFTER) -> Iterator[DeliveryRun]:
        with nothing_outlives(), contextlib.ExitStack() as stack:
            places = [self.__directory / name for name in ("source", *(f"sink-{n}" for n in range(sinks)))]
            for place in places:
                place.mkdir()
            source = self.make_source(places[0])
            stack.callback(source.close)
            outsides = []
            for place in places[1:]:
                outsides.append(self.make_sink(place))
                stack.callback(outsides[-1].close)
            run = DeliveryRun(source, outsides, poison_after=poison_after)
            stack.callback(lambda: run.stop(0.0))
            run.start()
            yield run
            for outside in outsides:
                outside.mend()
            run.stop()
