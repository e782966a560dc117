"""`Replay`: what a source with a checkpoint does to keep at-least-once: tickets, a checkpoint, and going back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic

from structlog.stdlib import BoundLogger

from pipelines.ticket import Ticket
from ramps.confirmations import Confirmations
from ramps.errors import ConnectionLost
from ramps.files.checkpoint import BadCheckpoint, Checkpoint, Kept
from ramps.tracker import Tracker

__all__ = ["Replay"]

_SAVE_SECONDS = 1.0


class Replay(Generic[Kept]):
    """One for each onramp in a flow that promises at-least-once; it outlives the onramp's connections.

    ``most`` bounds the bytes that are under way. ``now`` is the monotonic clock, in seconds.
    """

    def __init__(
        self, checkpoint: Checkpoint[Kept], *, most: int, now: Callable[[], float], log: BoundLogger
    ) -> None:
        self._checkpoint = checkpoint
        self._now = now
        self._log = log
        self._tracker: Tracker[Kept | None] = Tracker(None, most=most)
        self._is_loaded = False
        self._saved: Kept | None = None
        self._saved_at = float("-inf")
        self._awaits_delivery = False
        self._is_saving = False

    def begin(self) -> Kept | None:
        """Where to read on: at the last place that is confirmed, whatever was read since; ``None``: nothing is."""
        if not self._is_loaded:
            self._is_loaded = True
            self._tracker.confirmed = self._saved = self._load()
        return self._tracker.rewind()

    def start(self, place: Kept) -> None:
        """Say where the reading begins, if nothing was confirmed so far: `begin` does not go back behind that, nor does
        the next process. What comes between two processes may be rotated, and would otherwise be nobody's.
        """
        if self._tracker.confirmed is None:
            self._tracker.confirmed = place
            self.save(at_once=True)

    def _load(self) -> Kept | None:
        try:
            return self._checkpoint.load()
        except (BadCheckpoint, OSError) as error:
            self._log.warning(
                "The checkpoint cannot be used, so everything is read from the beginning.",
                checkpoint=str(self._checkpoint.path),
                error=str(error),
            )
            return None

    def wait_for_room(self) -> None:
        """Block while too much is under way. Raises `ConnectionLost` when something was not delivered: the driver
        waits, opens again, and `begin` goes back.
        """
        self._tracker.wait_for_room()
        self._check()

    @property
    def awaits_delivery(self) -> bool:
        """Whether all that there is was read, and nothing of it has failed: see `Onramp.awaits_delivery`."""
        return self._awaits_delivery and not self._tracker.failed

    def wait_until_settled(self) -> bool:
        """Block until all is delivered; False if the onramp was closed before. Raises like `wait_for_room`."""
        self._awaits_delivery = True
        try:
            self._tracker.wait_until_settled()
        finally:
            self._awaits_delivery = False
        self._check()
        return self._tracker.is_settled

    def _check(self) -> None:
        if self._tracker.failed:
            raise ConnectionLost("something was not delivered; it is read again")

    def confirmations(self, file: Path) -> Confirmations:
        """What became of what was read of the file, however often it was rotated meanwhile."""
        tracker, remains = self._tracker, ""
        if not tracker.is_settled:
            where = "its beginning" if tracker.confirmed is None else tracker.confirmed.where
            remains = f"{file} is read again from {where} at the next start"
        return Confirmations(
            tracker.confirmed_events, tracker.events_sent_again, tracker.unconfirmed_events, remains
        )

    def count(self, counts: tuple[int, int]) -> None:
        """Say how many events and errors came of what the latest ticket is for, before it is at its end."""
        self._tracker.count(sum(counts))

    @contextmanager
    def ticket(self, before: Kept, size: int, reached: Callable[[], Kept]) -> Iterator[Ticket]:
        """The ticket for what is fed within. ``before`` is a place that is safe in any case, ``reached()`` the one that
        is safe once all of it is delivered; it is asked afterwards, when the framing knows what it holds back.
        """
        ticket = self._tracker.ticket(before, size)
        # The piece must not be settled before it is known how far it reaches.
        own = ticket.fork()
        try:
            yield ticket
        finally:
            self._tracker.reach(reached())
            own.answer()

    def save(self, *, at_once: bool = False) -> None:
        """Write the checkpoint, if there is anything new and it was not done just now. A failure is logged: it costs
        duplicates after a crash, and nothing else.
        """
        if not at_once and self._now() < self._saved_at + _SAVE_SECONDS:
            return
        if self._is_saving:
            # Whoever closes may have interrupted the reader in the middle of it: two would write into each other.
            return
        self._is_saving = True
        try:
            place = self._tracker.confirmed
            if place is not None and place is not self._saved:
                self._saved_at = self._now()
                self._checkpoint.save(place)
                self._saved = place
        except OSError as error:
            self._log.error(
                "The checkpoint cannot be written.", checkpoint=str(self._checkpoint.path), error=str(error)
            )
        finally:
            self._is_saving = False

    def wake(self) -> None:
        """Let whoever waits go on: the onramp is closed."""
        self._tracker.wake()
