"""Both ends of a link pass the batteries that every connector passes."""

from __future__ import annotations

import itertools
from array import array
from pathlib import Path
from typing import Any

import pytest
from gevent import socket

from ramps.links.link_offramp import FrameLinkOfframp, LinkOfframp
from ramps.links.link_onramp import LinkOnramp
from ramps.links.wire import VERSION, Form, Kind, Shipment, packed
from ramps.offramp import Offramp
from ramps.onramp import Onramp
from ramps.testing.offramp_battery import ConnectedOfframpBattery, SaturationBattery
from ramps.testing.onramp_battery import OnrampBattery

from .conftest import Serving


class TestLinkOfframp(ConnectedOfframpBattery, SaturationBattery):
    @pytest.fixture(autouse=True)
    def _serving(self, writing: Serving) -> None:
        self.serving = writing

    def make(self) -> Offramp:
        return LinkOfframp(self.serving.options)

    def received(self, count: int) -> list[bytes]:
        intake: Any = self.serving.intake
        intake.wait_until(lambda: len(intake.written) >= count)
        return list(intake.written)

    def start_server(self) -> None:
        self.serving.start()

    def kill_server(self) -> None:
        self.serving.stop()

    def hang_up(self) -> None:
        self.serving.stop()

    def stop_reading(self) -> None:
        self.serving.intake.fill()

    def go_on_reading(self) -> None:
        self.serving.intake.make_room()

    # One batch at a time is answered here, so there is a flush that looks whether the server lives.
    def test_flush_without_anything_written_does_no_harm(self) -> None:
        with self._opened() as offramp:
            assert offramp.flush()


class TestLinkOnramp(OnrampBattery):
    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path) -> None:
        self.path = tmp_path / "in"
        self.sequence = itertools.count(1)

    def make(self) -> Onramp:
        return LinkOnramp(LinkOnramp.Options(path=self.path))

    def provide(self, onramp: Onramp) -> None:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.keep(client)
        client.settimeout(5.0)
        client.connect(str(self.path))
        client.sendall(packed(Kind.HELLO, (VERSION, b"me", False), max_bytes=4096))
        client.recv(4096)
        shipment = Shipment(Form.FRAMES, "there", array("I", [3]), array("I"), b"", b"one", 1)
        client.sendall(shipment.packed(next(self.sequence), 4096))


def test_the_connectors_of_links_are_in_no_registry() -> None:
    from ramps.offramp import offramps
    from ramps.onramp import onramps

    assert not {LinkOfframp, FrameLinkOfframp} & set(offramps.members())
    assert LinkOnramp not in onramps.members()
