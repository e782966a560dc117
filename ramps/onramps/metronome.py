"""The `metronome` onramp: an event at regular intervals."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from pipelines.options import Duration, Options
from ramps.errors import ConnectionLost, EndOfInput
from ramps.onramp import Intake, Onramp, onramps
from ramps.pause import Pause
from ramps.ticker import Ticker

__all__ = ["MetronomeOnramp"]


class MetronomeOptions(Options):
    """Options of `metronome`."""

    interval: Duration = Field(
        gt=0, description="time between two events; the first comes after one interval"
    )
    count: int | None = Field(default=None, ge=1, description="end after this many events; without it, never")


@onramps.register
class MetronomeOnramp(Onramp):
    """Ticks: ``{"onramp": "metronome", "ingest_ns": …, "id": …}``, with ids from 0.

    Ticks lie at whole multiples of the interval after `open`, so they do not drift. Those that pass while
    downstream is full are left out, not made up for.
    """

    name: ClassVar[str] = "metronome"
    summary: ClassVar[str] = "Sends an event at regular intervals."
    example: ClassVar[str] = """
        [onramps.ticks]
        type = "metronome"
        interval = "1s"
        """
    Options = MetronomeOptions
    options: MetronomeOptions

    _ticker: Ticker

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self._pause = Pause()
        self._pause.end()
        self._sent = 0

    def open(self) -> None:
        """Start counting the time."""
        self._pause.allow()
        self._ticker = Ticker(self.clock, self.options.interval)

    def read(self, intake: Intake) -> None:
        """Wait for the next tick and send it. Raises `EndOfInput` after ``count`` of them."""
        if self._pause.ended:
            raise ConnectionLost("the metronome onramp is not open")
        if self.options.count is not None and self._sent >= self.options.count:
            raise EndOfInput(f"{self._sent} ticks were sent")
        if self._ticker.wait(self._pause):
            event = {"onramp": "metronome", "ingest_ns": self.clock.time_ns(), "id": self._sent}
            self._sent += 1
            intake.emit([event], origin="metronome")

    def close(self) -> None:
        """Stop ticking."""
        self._pause.end()
