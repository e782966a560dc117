"""Watches how full disks are."""

from collections.abc import Iterator
from typing import Any

from pipelines import Emit, EventError, ports


@ports("alerts")
class Watch:
    """Passes every event on, and sends one to `alerts` when a disk becomes too full, and one when it is well again.

    Two thresholds, so that a disk that hovers around one of them does not raise an alert a minute.
    """

    def __init__(self, warn_above: float, clear_below: float) -> None:
        if clear_below >= warn_above:
            raise ValueError("clear_below must be less than warn_above")
        self.warn_above = warn_above
        self.clear_below = clear_below
        self.full: set[str] = set()

    def __call__(self, event: dict[str, Any]) -> Iterator[Any]:
        """A function with `yield` may give out several events for one."""
        disk, percent = event.get("disk"), event.get("used_percent")
        if not isinstance(disk, str) or not isinstance(percent, int | float):
            raise EventError("a reading needs a disk and its used_percent")
        yield event
        if percent > self.warn_above and disk not in self.full:
            self.full.add(disk)
            yield Emit({"alert": "disk is filling up", "disk": disk, "used_percent": percent}, port="alerts")
        elif percent < self.clear_below and disk in self.full:
            self.full.remove(disk)
            yield Emit({"alert": "disk is well again", "disk": disk, "used_percent": percent}, port="alerts")
