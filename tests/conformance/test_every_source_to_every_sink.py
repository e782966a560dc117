"""Every combination of a source and a sink passes the battery for delivery."""

from __future__ import annotations

from pathlib import Path

import pytest

from ramps.files import replay
from supervisor.testing.delivery_battery import DeliveryBattery
from supervisor.testing.delivery_drivers import SinkDriver, SourceDriver
from tests.conformance.sinks import SINKS
from tests.conformance.sources import SOURCES

pytestmark = pytest.mark.slow


class TestEveryCombination(DeliveryBattery):
    @pytest.fixture(autouse=True, params=SOURCES)
    def _source(self, request: pytest.FixtureRequest) -> None:
        self.source = SOURCES[request.param]

    @pytest.fixture(autouse=True, params=SINKS)
    def _sink(self, request: pytest.FixtureRequest) -> None:
        self.sink = SINKS[request.param]

    @pytest.fixture(autouse=True)
    def _often(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Write checkpoints without the pause that spares a disk."""
        monkeypatch.setattr(replay, "_SAVE_SECONDS", 0.02)

    def make_source(self, directory: Path) -> SourceDriver:
        return self.source(directory)

    def make_sink(self, directory: Path) -> SinkDriver:
        return self.sink(directory)
