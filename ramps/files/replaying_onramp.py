"""`ReplayingOnramp`: what the onramps that keep how far they came in a checkpoint have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ramps.confirmations import Confirmations
from ramps.files.replay import Replay
from ramps.onramp import Onramp

__all__ = ["ReplayingOnramp"]


class ReplayingOnramp(Onramp):
    """One that reads what stays where it is. ``_replay`` is there in a flow that promises at-least-once."""

    replays = True
    options: Any
    _replay: Replay[Any] | None = None

    @property
    def awaits_delivery(self) -> bool:
        """At the end of what there is."""
        return self._replay is not None and self._replay.awaits_delivery

    def keep_place(self) -> None:
        """Write the checkpoint, at most once a second."""
        if self._replay is not None:
            self._replay.save()

    def confirmations(self) -> Confirmations:
        """What is not confirmed is where it was read."""
        path: Path = self.options.path
        return Confirmations() if self._replay is None else self._replay.confirmations(path)

    def _leave(self) -> None:
        """For `close`: let who waits for answers go on, and keep how far they came."""
        if self._replay is not None:
            self._replay.wake()
            self._replay.save(at_once=True)
