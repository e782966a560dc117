"""Sources that always have something must not keep everybody else waiting."""

from __future__ import annotations

from typing import Any

import gevent

from actors.testing import settle
from ramps.onramps.tcp import TcpOnramp
from ramps.time_slice import TimeSlice


class EndlessSocket:
    """A socket that never blocks until the bystander has run (or that ends after so long that it should
    have).
    """

    def __init__(self, bystander: gevent.Greenlet) -> None:
        self._bystander = bystander
        self._left = 300_000

    def settimeout(self, _seconds: float) -> None:
        pass

    def recv(self, size: int) -> bytes:
        self._left -= 1
        return b"" if self._bystander.dead or not self._left else b"x"


class OpenServer:
    closing = False


def test_a_loop_that_gives_way_lets_others_run_once_its_slice_is_spent() -> None:
    bystander = gevent.spawn(settle, 3)
    time_slice = TimeSlice(seconds=0.001)
    with gevent.Timeout(5.0):
        while not bystander.dead:
            time_slice.give_way()


def test_a_loop_whose_slice_is_not_spent_goes_on() -> None:
    bystander = gevent.spawn(settle, 1)
    TimeSlice(seconds=60.0).give_way()
    assert not bystander.dead
    bystander.join(timeout=5.0)


def test_a_connection_that_always_has_data_lets_others_run(intake: Any) -> None:
    bystander = gevent.spawn(settle, 3)
    onramp = TcpOnramp(TcpOnramp.Options(address="127.0.0.1:0"))
    onramp._serve(OpenServer(), intake, EndlessSocket(bystander), ("127.0.0.1", 1))
    assert bystander.dead
    assert intake.streams[0].ended
