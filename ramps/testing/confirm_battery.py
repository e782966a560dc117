"""The conformance battery for offramps that confirm (`Offramp.confirms`), ours and other people's.

Subclass it in a test module and fill in what only you know; pytest then collects its tests::

    class TestMyOfframp(ConfirmBattery):
        def make(self):
            return MyOfframp(MyOfframp.Options(path=self.path))

        def outside(self):
            return self.path.read_bytes().splitlines()

The driver confirms to the source when `Offramp.write` has returned (``confirms = "write"``), or when `Offramp.flush`
has returned anything but True (``"flush"``). The tests hold that the outside has each event by then, whatever broke
before; and that it may have some of them twice, but never less than whole.
"""

# ruff: noqa: D102 - the names of the tests say it

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Iterator

import gevent
import pytest

from ramps.errors import ConnectionLost, Rejected
from ramps.offramp import Offramp, Outgoing
from ramps.testing.offramp_battery import outgoing_of

__all__ = ["ConfirmBattery"]

_SECONDS = 15.0
_TICK_SECONDS = 0.001


class ConfirmBattery:
    """For any offramp whose ``confirms`` is not ``"never"``."""

    @abstractmethod
    def make(self) -> Offramp:
        """A new offramp, ready to be opened. A second one of a test is what a new process makes: same outside."""

    @abstractmethod
    def outside(self) -> list[bytes]:
        """The payloads that the outside has for good, as the options promise, without what separates them, in order.
        Must not wait for more.
        """

    can_break: bool = True
    """False where nothing can be between the offramp and the outside."""

    def break_outside(self) -> None:
        """Let the outside take nothing more, or only half of what comes, until `mend_outside`."""

    def mend_outside(self) -> None:
        """Let it take everything again."""

    def refused(self, offramp: Offramp) -> tuple[Outgoing, list[int], list[bytes]] | None:
        """A batch of which the outside refuses some events for good, their places in it, and the payloads of the
        others; ``None`` if it refuses nothing.
        """
        return None

    @staticmethod
    def outgoing(offramp: Offramp, *payloads: bytes) -> Outgoing:
        """A batch, framed as the offramp's default postprocessors would."""
        return outgoing_of(*payloads, terminator=b"\n" if "lines" in offramp.default_postprocessors else b"")

    def test_it_says_when_it_confirms(self) -> None:
        assert self.make().confirms in ("write", "flush")

    def test_the_outside_has_what_is_confirmed_though_nobody_closes(self) -> None:
        with self._opened() as offramp:
            for number in range(3):
                self._confirmed(offramp, self.outgoing(offramp, b"%d" % number, b"more of %d" % number))
                assert self.outside()[-2:] == [b"%d" % number, b"more of %d" % number]
            assert len(self.outside()) == 6

    def test_a_new_process_finds_what_was_confirmed_to_the_last_one_that_crashed(self) -> None:
        with self._opened() as crashed:
            self._confirmed(crashed, self.outgoing(crashed, b"1", b"2"))
            with self._opened() as following:
                self._confirmed(following, self.outgoing(following, b"3"))
                assert self.outside() == [b"1", b"2", b"3"]

    def test_nothing_is_confirmed_that_a_broken_outside_did_not_take(self) -> None:
        if not self.can_break:
            pytest.skip("nothing can break")
        with self._opened() as offramp:
            self._confirmed(offramp, self.outgoing(offramp, b"1"))
            batch = self.outgoing(offramp, b"2", b"3")
            self.break_outside()
            try:
                for _ in range(3):
                    with contextlib.suppress(ConnectionLost, OSError):
                        # As the driver: a failure closes it, and the same batch is written again.
                        self._confirmed(offramp, batch)
                        raise AssertionError("it confirmed what the outside did not take")
                    offramp.close()
                    with contextlib.suppress(ConnectionLost, OSError):
                        offramp.open()
            finally:
                self.mend_outside()
            offramp.close()
            offramp.open()
            self._confirmed(offramp, batch)
            self._confirmed(offramp, self.outgoing(offramp, b"4"))
            found = self.outside()
            assert set(found) == {b"1", b"2", b"3", b"4"}
            assert found[0] == b"1"
            assert found[-3:] == [b"2", b"3", b"4"]

    def test_an_event_is_refused_by_name_or_taken(self) -> None:
        with self._opened() as offramp:
            found = self.refused(offramp)
            if found is None:
                pytest.skip("the outside refuses nothing")
            batch, refused, taken = found
            with pytest.raises(Rejected) as caught:
                offramp.write(batch)
            assert caught.value.indices is not None
            assert sorted(caught.value.indices) == refused
            self._flushed(offramp)
            assert sorted(self.outside()) == sorted(taken)
            self._confirmed(offramp, self.outgoing(offramp, b"afterwards"))
            assert b"afterwards" in self.outside()

    def test_a_write_that_is_killed_can_be_repeated_and_leaves_nothing_that_is_not_whole(self) -> None:
        with self._opened() as offramp:
            batch = self.outgoing(offramp, *[b"%d" % number * 100 for number in range(50)])
            for turns in range(5):
                writer = gevent.spawn(self._confirmed, offramp, batch)
                for _ in range(turns):
                    gevent.sleep(0)
                writer.kill()
                offramp.close()
                offramp.open()
            self._confirmed(offramp, batch)
            whole = [b"%d" % number * 100 for number in range(50)]
            assert set(self.outside()) == set(whole)
            assert self.outside()[-50:] == whole

    def _confirmed(self, offramp: Offramp, batch: Outgoing) -> None:
        """Write, and wait until the driver would confirm. Raises what the offramp does."""
        offramp.write(batch)
        self._flushed(offramp)

    @staticmethod
    def _flushed(offramp: Offramp) -> None:
        while offramp.confirms == "flush" and offramp.flush():
            gevent.sleep(_TICK_SECONDS)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Offramp]:
        with gevent.Timeout(_SECONDS, AssertionError("the test did not end in time")):
            offramp = self.make()
            offramp.open()
            try:
                yield offramp
            finally:
                offramp.close()
