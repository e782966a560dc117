"""`Deliveries` and `Reader`: what stands behind an onramp in a test, and answers for what came."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import gevent
from gevent.event import Event

from actors.clock import HubClock
from pipelines.batch import Batch
from pipelines.ticket import Outcome, settle_batch
from ramps.codec import codecs
from ramps.errors import ConnectionLost, EndOfInput
from ramps.intake import StreamIntake
from ramps.onramp import Onramp
from ramps.preprocessor import preprocessors

__all__ = ["Deliveries", "Reader"]


class Deliveries:
    """Takes what leaves an intake, one event in each batch, and answers when the test says so.

    Events are objects with a number, ``{"n": 5}``; ``numbers`` has those of all that came, in order, each as often as
    it came. With ``answers_at_once`` each is delivered as it comes.
    """

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.errors: list[Any] = []
        """What left by ``err``."""
        self.without_ticket = 0
        self.answers_at_once = False
        self.waiting = 0
        """How many are blocked because it is full."""
        self._unanswered: list[tuple[int, Batch]] = []
        self._room = Event()
        self._room.set()
        self._changed = Event()

    @property
    def unanswered(self) -> list[int]:
        """The numbers of what came and was not answered, in order."""
        return [number for number, _batch in self._unanswered]

    def send(self, port: str, batch: Batch, _timeout: float | None) -> None:
        """Take a batch; blocks while it is full."""
        while not self._room.is_set():
            self.waiting += 1
            self._changed.set()
            try:
                self._room.wait()
            finally:
                self.waiting -= 1
        self.without_ticket += batch.ticket is None
        if port == "err":
            self.errors += batch.values
            settle_batch(batch)
        for value in batch.values if port == "out" else ():
            # From text, where a codec knows no numbers.
            number = int(value["n"])
            self.numbers.append(number)
            self._unanswered.append((number, batch))
        if self.answers_at_once:
            self.answer()
        self._changed.set()

    def answer(self, numbers: Iterable[int] | None = None, outcome: Outcome = Outcome.DELIVERED) -> None:
        """Answer for what came with these numbers, one after the other; ``None``: for all."""
        for number in self.unanswered if numbers is None else numbers:
            index = self.unanswered.index(number)
            settle_batch(self._unanswered.pop(index)[1], outcome)

    def forget(self) -> None:
        """Never answer for what came so far: its process is gone."""
        self._unanswered.clear()

    def fill(self) -> None:
        """Be full from now on."""
        self._room.clear()

    def make_room(self) -> None:
        """Have room from now on."""
        self._room.set()

    def wait_until(self, condition: Callable[[], object], *, seconds: float = 5.0) -> None:
        """Block until the condition holds. Raises ``AssertionError`` with what came after this long."""
        with gevent.Timeout(seconds, False):
            while not condition():
                self._changed.clear()
                self._changed.wait(0.02)
            return
        raise AssertionError(
            f"not within {seconds} s; so far {self.numbers[:50]}, unanswered {self.unanswered[:50]}"
        )


class Reader:
    """Drives an onramp of an at-least-once flow as its actor would: opens it, reads, and opens it again when it was
    lost. ``intake`` outlives kills, as an actor's does.
    """

    def __init__(self, onramp: Onramp, deliveries: Deliveries, codec: str = "json") -> None:
        self.onramp = onramp
        self.ended = False
        """Whether the onramp said that nothing more will come."""
        self.error: Exception | None = None
        """What crashed `Onramp.read`."""
        self._closed = True
        self._greenlet: gevent.Greenlet | None = None
        self.intake = StreamIntake(
            f"onramp:{onramp.name}",
            make_codec=codecs.get(codec),
            make_preprocessors=[preprocessors.get(name) for name in onramp.default_preprocessors],
            send=deliveries.send,
            clock=HubClock(),
            batch_max=1,
        )
        onramp.at_least_once = True

    def open(self) -> None:
        """Open the onramp, and begin to read. Raises what `Onramp.open` does."""
        self._closed = self.ended = False
        self.onramp.open()
        self._greenlet = gevent.spawn(self._read)

    def close(self, *, seconds: float = 5.0) -> None:
        """Close the onramp in good order, and wait for the read under way: ``AssertionError`` if it does not return."""
        self._closed = True
        self.onramp.close()
        self.join(seconds)

    def join(self, seconds: float = 5.0) -> None:
        """Wait for the end of the reading. Raises what crashed it."""
        if self._greenlet is not None:
            self._greenlet.join(seconds)
            assert self._greenlet.dead, f"read() of {self.onramp.name} did not return within {seconds} s"
        if self.error is not None:
            raise self.error

    def kill(self) -> None:
        """Interrupt the read under way, as the crash of an actor does; what was taken in stays in the intake."""
        if self._greenlet is not None:
            self._greenlet.kill(timeout=5.0)

    def _read(self) -> None:
        try:
            self.intake.deliver_again()
            while not self._closed:
                try:
                    self.onramp.read(self.intake)
                except (ConnectionLost, OSError):
                    self._open_again()
        except EndOfInput:
            self.ended = True
        except Exception as error:
            self.error = error

    def _open_again(self) -> None:
        self.onramp.close()
        while not self._closed:
            try:
                self.onramp.open()
            except (ConnectionLost, OSError):
                gevent.sleep(0.001)
            else:
                return
