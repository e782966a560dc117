"""A connection that is acknowledged, against a twin that only remembers: chunks cut anywhere, answers in any order,
failures, ends and reconnections. No number that a client hears says more than what is delivered, or splits a frame.
"""

from __future__ import annotations

import contextlib
from typing import Any

import gevent
from gevent import socket
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from actors.testing import wait_until
from pipelines.ticket import Outcome
from ramps.onramps.tcp import TcpOnramp
from ramps.testing.deliveries import Deliveries, Reader
from ramps.testing.leaks import nothing_outlives

SECONDS = 5.0
BAD = b"no json\n"


class Client:
    """One connection: what was sent on it, and what was heard."""

    def __init__(self, address: Any) -> None:
        self.socket = socket.create_connection(address, timeout=SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.lines = self.socket.makefile("rb")
        self.frames: list[tuple[int, int | None]] = []
        """Where each frame that was sent ends, and its number; ``None`` for one that is no event."""
        self.sent = 0
        self.heard = [0]
        self.is_refused = self.is_over = self.has_ended = False
        self.listener = gevent.spawn(self._listen)

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            for line in self.lines:
                assert not self.is_refused
                word, number = line.split()
                assert word in (b"ACK", b"NAK")
                self.heard.append(int(number))
                self.is_refused = word == b"NAK"
        self.is_over = True

    def close(self) -> None:
        self.listener.kill()
        self.lines.close()
        self.socket.close()


class AcknowledgedStreams(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.stack = contextlib.ExitStack()
        self.stack.enter_context(nothing_outlives())
        options = {"address": "127.0.0.1:0", "acknowledge": True}
        self.onramp = TcpOnramp(TcpOnramp.Options.model_validate(options))
        self.deliveries = Deliveries()
        self.reader = Reader(self.onramp, self.deliveries)
        self.reader.open()
        self.stack.callback(self.reader.close)
        self.next_number = 0
        self.delivered: set[int] = set()
        self.failed: set[int] = set()
        self.rest = b""
        """What is not sent yet of a frame that has begun."""
        self.client = Client(self.onramp.address)

    def teardown(self) -> None:
        self.client.close()
        self.deliveries.answer(outcome=Outcome.FAILED)
        self.stack.close()

    def expected(self) -> int:
        """The end of the last frame before which nothing is missing."""
        end = 0
        for place, number in self.client.frames:
            if number is not None and number not in self.delivered:
                return end
            end = place
        return end

    @property
    def is_usable(self) -> bool:
        numbers = {number for _end, number in self.client.frames}
        return not (self.client.has_ended or numbers & self.failed)

    def wait_until(self, condition: Any) -> None:
        wait_until(condition, SECONDS, f"heard {self.client.heard[-5:]}")

    @precondition(lambda self: self.is_usable)
    @rule(good=st.lists(st.booleans(), max_size=4), cut=st.integers(0, 20), padding=st.integers(0, 30))
    def send(self, good: list[bool], cut: int, padding: int) -> None:
        """Several frames in one chunk; the last of them without its end, to be sent with the next chunk."""
        client, chunk = self.client, self.rest
        client_end = client.sent
        for is_good in good:
            frame = b'{"n": %d, "p": "%s"}\n' % (self.next_number, b"x" * padding) if is_good else BAD
            chunk += frame
            client.frames.append((client_end + len(chunk), self.next_number if is_good else None))
            self.next_number += is_good
        kept = min(cut, len(chunk))
        self.rest = chunk[len(chunk) - kept :]
        chunk = chunk[: len(chunk) - kept]
        client.socket.sendall(chunk)
        client.sent += len(chunk)
        whole = [number for end, number in client.frames if end <= client.sent and number is not None]
        self.wait_until(lambda: set(whole) <= set(self.deliveries.numbers))

    @precondition(lambda self: self.deliveries.unanswered)
    @rule(data=st.data(), outcome=st.sampled_from([Outcome.DELIVERED] * 4 + [Outcome.FAILED]))
    def answer(self, data: st.DataObject, outcome: Outcome) -> None:
        number = data.draw(st.sampled_from(self.deliveries.unanswered))
        # Before it is answered: what is heard meanwhile may count it.
        (self.delivered if outcome is Outcome.DELIVERED else self.failed).add(number)
        self.deliveries.answer([number], outcome)

    @precondition(lambda self: self.is_usable)
    @rule()
    def half_close(self) -> None:
        self.client.socket.shutdown(socket.SHUT_WR)
        self.client.has_ended = True

    @rule()
    def reconnect(self) -> None:
        self.client.close()
        self.deliveries.answer(outcome=Outcome.FAILED)
        self.client = Client(self.onramp.address)
        self.rest = b""

    @precondition(lambda self: self.is_usable)
    @rule()
    def deliver_all(self) -> None:
        """Once nothing is under way, the client hears of every whole frame."""
        self.delivered |= set(self.deliveries.unanswered)
        self.deliveries.answer()
        whole = max((end for end, _number in self.client.frames if end <= self.client.sent), default=0)
        self.wait_until(lambda: self.client.heard[-1] == whole)

    @precondition(lambda self: not self.is_usable and not self.deliveries.unanswered)
    @rule()
    def hear_of_the_end(self) -> None:
        """What failed, or was ended and answered, ends the connection; it is refused unless all of it is delivered."""
        client = self.client
        self.wait_until(lambda: client.is_over)
        assert client.is_refused == (client.heard[-1] != client.sent)

    @invariant()
    def nothing_is_acknowledged_that_is_not_delivered(self) -> None:
        heard = self.client.heard
        assert heard == sorted(heard)
        assert heard[-1] <= self.expected()
        assert set(heard) <= {0, *(end for end, _number in self.client.frames)}


AcknowledgedStreams.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestAcknowledgedStreams = AcknowledgedStreams.TestCase
