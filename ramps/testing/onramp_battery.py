"""The conformance batteries that every onramp must pass, ours and other people's.

Subclass one in a test module and fill in what only you know; pytest then collects its tests::

    class TestMyOnramp(OnrampBattery):
        def make(self):
            return MyOnramp(MyOnramp.Options(address="127.0.0.1:0"))

        def provide(self, onramp):
            send_a_line_to(onramp.address)

Each test runs in less than a second unless it fails, and all have deadlines.
"""

# ruff: noqa: D102 - the names of the tests say it

from __future__ import annotations

import contextlib
import socket as constants
import struct
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any

import gevent

from actors.testing import settle
from ramps.onramp import Onramp
from ramps.testing.leaks import nothing_outlives
from ramps.testing.onramp_runner import OnrampRunner
from ramps.testing.recording_intake import RecordingIntake, RecordingStream

__all__ = ["ConnectionBattery", "OnrampBattery"]

_SECONDS = 5.0


def _delivered(intake: RecordingIntake) -> int:
    return len(intake.values) + sum(len(stream.chunks) for stream in intake.streams)


class OnrampBattery:
    """For any onramp."""

    @abstractmethod
    def make(self) -> Onramp:
        """A new onramp, ready to be opened."""

    @abstractmethod
    def provide(self, onramp: Onramp) -> None:
        """Make the outside bring it something: at least one more chunk or value than before. Must not block."""

    def keep(self, client: Any) -> None:
        """For `provide`: close this at the end of the test."""
        self._kept.enter_context(contextlib.closing(client))

    blocks_without_input: bool = True
    """False for an onramp that always has something to deliver until it ends."""

    def test_opened_and_read_it_delivers_what_the_outside_provides(self) -> None:
        with self._running() as (runner, intake):
            self.provide(runner.onramp)
            intake.wait_until(lambda: _delivered(intake) >= 1, seconds=_SECONDS)

    def test_close_ends_a_blocked_read(self) -> None:
        with self._running() as (runner, intake):
            if not self.blocks_without_input:
                intake.fill()
                intake.wait_until(lambda: intake.waiting, seconds=_SECONDS)
            settle()
            runner.onramp.close()
            intake.make_room()
            runner.close()
            assert runner.error is None

    def test_close_may_be_called_twice_and_without_open(self) -> None:
        with nothing_outlives():
            onramp = self.make()
            onramp.close()
            onramp.open()
            onramp.close()
            onramp.close()

    def test_opening_twice_leaves_nothing_of_the_first_time(self) -> None:
        with nothing_outlives():
            onramp = self.make()
            onramp.open()
            onramp.open()
            onramp.close()

    def test_it_can_be_opened_again_after_close(self) -> None:
        with self._running() as (runner, intake):
            self.provide(runner.onramp)
            intake.wait_until(lambda: _delivered(intake) >= 1, seconds=_SECONDS)
            runner.close()
            runner.open()
            before = _delivered(intake)
            self.provide(runner.onramp)
            intake.wait_until(lambda: _delivered(intake) > before, seconds=_SECONDS)

    def test_a_full_intake_holds_everything_back_until_there_is_room(self) -> None:
        with self._running(full=True) as (runner, intake):
            self.provide(runner.onramp)
            intake.wait_until(lambda: intake.waiting, seconds=_SECONDS)
            assert _delivered(intake) == 0
            intake.make_room()
            intake.wait_until(lambda: _delivered(intake) >= 1, seconds=_SECONDS)

    def test_a_read_that_waits_for_room_can_be_killed_and_leaves_nothing(self) -> None:
        with self._running(full=True) as (runner, intake):
            self.provide(runner.onramp)
            intake.wait_until(lambda: intake.waiting, seconds=_SECONDS)
            runner.kill()

    @contextlib.contextmanager
    def _running(self, *, full: bool = False) -> Iterator[tuple[OnrampRunner, RecordingIntake]]:
        with nothing_outlives():
            intake = RecordingIntake()
            if full:
                intake.fill()
            with contextlib.ExitStack() as self._kept, OnrampRunner(self.make(), intake) as runner:
                yield runner, intake


class ConnectionBattery(OnrampBattery):
    """For an onramp that reads byte streams from connections."""

    @abstractmethod
    def connect(self, onramp: Onramp) -> Any:
        """A new cooperative client socket, connected to the open onramp."""

    def provide(self, onramp: Onramp) -> None:
        """Send a line."""
        with contextlib.closing(self.connect(onramp)) as client:
            client.sendall(b"a line\n")

    def test_each_connection_is_a_stream_of_its_own(self) -> None:
        with self._running() as (runner, intake), self._client(runner) as one, self._client(runner) as two:
            for client, piece in ((one, b"o"), (two, b"t"), (one, b"ne\n"), (two, b"wo\n")):
                client.sendall(piece)
            intake.wait_until(
                lambda: {s.data for s in intake.streams} == {b"one\n", b"two\n"}, seconds=_SECONDS
            )
            assert len({stream.origin for stream in intake.streams}) == 2

    def test_a_peer_that_ends_in_good_order_ends_its_stream(self) -> None:
        with self._running() as (runner, intake), self._client(runner) as client:
            client.sendall(b"no newline")
            self.end(client)
            stream = self._only_stream(intake, ended=True)
            assert stream.data == b"no newline"

    def test_a_peer_that_breaks_off_in_mid_frame_aborts_only_its_own_stream(self) -> None:
        with self._running() as (runner, intake), self._client(runner) as other:
            other.sendall(b"whole\nhal")
            with self._client(runner) as client:
                client.sendall(b"hal")
                intake.wait_until(lambda: intake.data.count(b"hal") == 2, seconds=_SECONDS)
                self.break_off(client)
            intake.wait_until(lambda: any(s.aborted for s in intake.streams), seconds=_SECONDS)
            other.sendall(b"f\n")
            intake.wait_until(lambda: b"whole\nhalf\n" in [s.data for s in intake.streams], seconds=_SECONDS)
            assert [s.open for s in intake.streams].count(True) == 1

    def test_close_delivers_what_was_read_and_aborts_half_a_frame(self) -> None:
        with self._running() as (runner, intake), self._client(runner) as client:
            client.sendall(b"whole\nhal")
            intake.wait_until(lambda: intake.data == b"whole\nhal", seconds=_SECONDS)
            runner.close()
            assert intake.streams[0].aborted

    def test_a_full_intake_stops_reading_from_the_socket(self) -> None:
        with self._running(full=True) as (runner, intake), self._client(runner) as client:
            sent = 0
            with gevent.Timeout(0.2, False):
                while sent < 64 << 20:
                    sent += client.send(b"x" * 65535 + b"\n")
            assert sent < 64 << 20, "64 MiB went into an onramp whose intake was full"
            assert intake.waiting == 1

    def test_close_does_not_wait_for_a_peer_that_goes_on_sending(self) -> None:
        with self._running() as (runner, intake), self._client(runner) as client:
            client.sendall(b"x\n")
            intake.wait_until(lambda: _delivered(intake) >= 1, seconds=_SECONDS)
            sender = gevent.spawn(_send_for_ever, client)
            try:
                runner.close(seconds=2.0)
            finally:
                sender.kill()

    def end(self, client: Any) -> None:
        """End in good order; TLS says goodbye first."""
        client.shutdown(constants.SHUT_WR)

    def break_off(self, client: Any) -> None:
        """Vanish without a goodbye: TCP sends a reset instead of an orderly end."""
        client.setsockopt(constants.SOL_SOCKET, constants.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()

    def _client(self, runner: OnrampRunner) -> contextlib.closing[Any]:
        return contextlib.closing(self.connect(runner.onramp))

    def _only_stream(self, intake: RecordingIntake, *, ended: bool) -> RecordingStream:
        intake.wait_until(lambda: intake.streams and intake.streams[0].ended == ended, seconds=_SECONDS)
        assert len(intake.streams) == 1
        return intake.streams[0]


def _send_for_ever(client: Any) -> None:
    with contextlib.suppress(OSError):
        while True:
            client.sendall(b"more\n" * 1000)
            gevent.sleep(1e-9)
