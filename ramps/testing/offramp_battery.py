"""The conformance batteries that every offramp must pass, ours and other people's.

Subclass one in a test module and fill in what only you know; pytest then collects its tests::

    class TestMyOfframp(OfframpBattery):
        def make(self):
            return MyOfframp(MyOfframp.Options(address=self.server.address))

        def received(self, count):
            return self.server.wait_for(count)

Each test runs in less than a second unless it fails, and all have deadlines.
"""

# ruff: noqa: D102 - the names of the tests say it

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Callable, Iterator

import gevent

from pipelines.batch import Batch
from ramps.errors import ConnectionLost
from ramps.offramp import Offramp, Outgoing
from ramps.testing.leaks import nothing_outlives

__all__ = ["ConnectedOfframpBattery", "OfframpBattery", "SaturationBattery", "outgoing_of"]

_SECONDS = 5.0
# Far more than sockets and pipes buffer, so that a reader that stopped is noticed.
_FLOOD_BATCHES = 384
_FLOOD_PAYLOAD = b"x" * 65535


def outgoing_of(*payloads: bytes, terminator: bytes = b"") -> Outgoing:
    """An encoded batch of these payloads; the values are their texts."""
    values = [payload.decode("utf-8", "replace") for payload in payloads]
    return Outgoing.terminated(list(payloads), terminator, Batch(values, ingest_ns=0))


class OfframpBattery:
    """For any offramp."""

    @abstractmethod
    def make(self) -> Offramp:
        """A new offramp, ready to be opened. Called once a test."""

    @abstractmethod
    def received(self, count: int) -> list[bytes]:
        """All payloads that reached the outside in this test, in order, without what separates them. Blocks until
        there are ``count`` of them, and fails after a deadline.
        """

    def test_what_is_written_arrives_whole_and_in_order(self) -> None:
        with self._opened() as offramp:
            offramp.write(self.outgoing(offramp, b"1", b"2"))
            offramp.write(self.outgoing(offramp, b"3"))
            offramp.flush()
            assert self.received(3) == [b"1", b"2", b"3"]

    def test_what_was_written_before_close_arrives(self) -> None:
        with self._opened() as offramp:
            offramp.write(self.outgoing(offramp, *[b"%d" % number for number in range(1000)]))
        assert self.received(1000) == [b"%d" % number for number in range(1000)]

    def test_a_batch_without_events_does_no_harm(self) -> None:
        with self._opened() as offramp:
            offramp.write(self.outgoing(offramp))
            offramp.write(self.outgoing(offramp, b"1"))
            assert self.received(1) == [b"1"]

    def test_it_goes_on_after_close_and_open(self) -> None:
        with self._opened() as offramp:
            offramp.write(self.outgoing(offramp, b"1"))
            offramp.close()
            offramp.open()
            offramp.write(self.outgoing(offramp, b"2"))
            assert sorted(self.received(2)) == [b"1", b"2"]

    def test_close_may_be_called_twice_and_without_open(self) -> None:
        with nothing_outlives():
            offramp = self.make()
            offramp.close()
            offramp.open()
            offramp.close()
            offramp.close()

    def test_opening_twice_leaves_nothing_of_the_first_time(self) -> None:
        with self._opened() as offramp:
            offramp.open()
            offramp.write(self.outgoing(offramp, b"1"))
            assert self.received(1) == [b"1"]

    def test_flush_without_anything_written_does_no_harm(self) -> None:
        with self._opened() as offramp:
            assert not offramp.flush()

    @staticmethod
    def outgoing(offramp: Offramp, *payloads: bytes) -> Outgoing:
        """A batch, framed as the offramp's default postprocessors would."""
        return outgoing_of(*payloads, terminator=b"\n" if "lines" in offramp.default_postprocessors else b"")

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Offramp]:
        with gevent.Timeout(3 * _SECONDS, AssertionError("the test did not end in time")):
            offramp = self.make()
            offramp.open()
            try:
                yield offramp
            finally:
                offramp.close()


class ConnectedOfframpBattery(OfframpBattery):
    """For an offramp that needs somebody on the other side."""

    @abstractmethod
    def start_server(self) -> None:
        """Let the other side be there, at the same address each time. Called first of all, and after `kill_server`."""

    @abstractmethod
    def kill_server(self) -> None:
        """Break all connections off at once, without a goodbye, and accept no more."""

    @abstractmethod
    def hang_up(self) -> None:
        """End all connections in good order, and accept no more."""

    def test_a_server_that_is_not_there_yet_is_waited_for(self) -> None:
        offramp = self.make()
        self.kill_server()
        with nothing_outlives():
            _loses_the_connection(offramp.open)
            offramp.close()
        self.start_server()
        offramp.open()
        try:
            offramp.write(self.outgoing(offramp, b"1"))
            assert self.received(1) == [b"1"]
        finally:
            offramp.close()

    def test_a_batch_is_not_lost_into_a_connection_that_was_broken_off(self) -> None:
        self._loses_nothing(self.kill_server)

    def test_a_batch_is_not_lost_into_a_connection_that_the_server_has_ended(self) -> None:
        self._loses_nothing(self.hang_up)

    def _loses_nothing(self, end_connections: Callable[[], None]) -> None:
        with self._opened() as offramp:
            offramp.write(self.outgoing(offramp, b"1"))
            assert self.received(1) == [b"1"]
            end_connections()
            batch = self.outgoing(offramp, b"2", b"3")
            _loses_the_connection(lambda: offramp.write(batch))
            offramp.close()
            self.start_server()
            offramp.open()
            offramp.write(batch)
            assert self.received(3) == [b"1", b"2", b"3"]


class SaturationBattery(OfframpBattery):
    """For an offramp whose reader can be slow."""

    @abstractmethod
    def stop_reading(self) -> None:
        """Let the other side read nothing more for now."""

    @abstractmethod
    def go_on_reading(self) -> None:
        """Let it read again."""

    def test_a_reader_that_stops_holds_back_the_writer_and_nobody_else(self) -> None:
        with self._opened() as offramp:
            writer = self._flood(offramp)
            try:
                self.go_on_reading()
                writer.join(2 * _SECONDS)
                assert writer.successful(), f"the writer did not go on, or failed: {writer.exception!r}"
                assert len(self.received(_FLOOD_BATCHES)) == _FLOOD_BATCHES
            finally:
                writer.kill()

    def test_a_write_that_is_held_back_can_be_killed_and_leaves_nothing(self) -> None:
        with self._opened() as offramp:
            writer = self._flood(offramp)
            writer.kill(timeout=_SECONDS)
            assert writer.dead
            offramp.close()
            self.go_on_reading()

    def _flood(self, offramp: Offramp) -> gevent.Greenlet:
        """A greenlet that writes, and is held back by now."""
        self.stop_reading()
        written = [0]

        def write() -> None:
            batch = self.outgoing(offramp, _FLOOD_PAYLOAD)
            for _ in range(_FLOOD_BATCHES):
                offramp.write(batch)
                written[0] += 1

        writer = gevent.spawn(write)
        # Held back means: no progress while everybody else has had many turns.
        quiet_turns = 0
        with gevent.Timeout(_SECONDS, AssertionError("the writer was never held back, or stopped everybody")):
            while quiet_turns < 100:
                before = written[0]
                gevent.sleep(1e-4)
                quiet_turns = quiet_turns + 1 if written[0] == before else 0
        assert written[0] < _FLOOD_BATCHES, "24 MiB went to a reader that had stopped"
        return writer


def _loses_the_connection(call: Callable[[], None]) -> None:
    try:
        call()
    except (ConnectionLost, OSError):
        return
    raise AssertionError("nobody was there, and no ConnectionLost said so")
