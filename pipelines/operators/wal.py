"""`wal`: keeps events on the disk until they are delivered."""

from __future__ import annotations

import heapq
import time
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from pipelines.batch import Batch
from pipelines.errors import CannotStart, EventError, NotNow
from pipelines.event_store import EventStore, Fsync, Record, StoredBatch, StoreTrouble
from pipelines.failure import error_event
from pipelines.operator import Kind, Operator, Workplace, operators
from pipelines.options import Duration, Options, Size
from pipelines.packed_events import PackedEvents, pack_events
from pipelines.retry import Backoff, BackoffOptions
from pipelines.ticket import Outcome, Ticket

__all__ = ["Wal"]

# What is sent again shares the way with what comes in, and is in memory until it is delivered.
_MOST_AGAIN = 64
_MOST_AGAIN_BYTES = 4 * 1024 * 1024
# The call that a killed incarnation has left behind holds the file until it ends.
_PATIENCE_SECONDS = 1.0
_PATIENCE_AFTER_CRASH_SECONDS = 30.0


_Read = tuple[list[StoredBatch], list[int]]
"""What was read, and the numbers of what is damaged."""


class WalOptions(Options):
    """Where events are kept, how many, and when they are sent again."""

    path: Path = Field(
        description="The file, which is made if there is none. It belongs to this operator alone; beside it lie "
        "`PATH-wal`, `PATH-shm` and `PATH.lock`."
    )
    fsync: Fsync = Field(
        default="always",
        description="When the disk has what was stored: before the source may forget it, every `fsync_interval`, or "
        "whenever the system likes. All three survive the end of the process; only the first the end of the machine.",
    )
    fsync_interval: Duration = Field(
        default="1s",  # type: ignore[assignment]
        gt=0,
        description='For `fsync = "interval"`.',
    )
    max_events: int = Field(default=1_000_000, ge=1, description="It is full when it holds as many events.")
    max_bytes: Size = Field(
        default="1GiB",  # type: ignore[assignment]
        gt=0,
        description="It is full when what it holds has as many bytes. The file does not shrink.",
    )
    when_full: Literal["wait", "overflow"] = Field(
        default="wait",
        description="Hold back whoever sends until there is room, or let events leave by `overflow`, unstored.",
    )
    backoff: BackoffOptions = Field(
        default_factory=lambda: BackoffOptions.model_validate({"initial": "1s", "maximum": "1m"}),
        description="How long to wait before what was not delivered is sent again.",
    )


@operators.register
class Wal(Operator):
    """Each batch is stored, then leaves by ``out``, and is removed when all of it was delivered. What was not is sent
    again: after a failure, and when the process is started anew.

    For whoever sends to it, an event is delivered once it is stored: so an onramp that cannot send
    again what is lost can stand at the beginning of a flow with `guarantee = "at-least-once"`, if the
    wal is the first that comes behind it. The flow of a wal has to promise that, because otherwise
    nobody tells it what was delivered. It stands alone in its pipeline. Events may arrive more than
    once, and what is sent again arrives late.

    One batch more than the limits may be stored. An event that holds something else than plain values
    (an object of a Python function's own) leaves by ``err``.
    """

    name = "wal"
    summary = "Keeps events on the disk until they are delivered."
    example = """
[pipelines.keep]
operators = [{ type = "wal", path = "events.wal", max_bytes = "10GiB" }]
"""

    options: WalOptions
    Options = WalOptions
    kind = Kind.BATCH
    outputs = ("out", "overflow")
    changes_values = False
    takes_over = True
    wants_ticks = True

    def __init__(self, options: WalOptions | None = None) -> None:
        super().__init__(options)
        self._store = EventStore(self.options.path, self.options.fsync)
        self._workplace: Workplace | None = None
        self._delivered: set[int] = set()
        """To be removed from the store; the next incarnation goes on with it."""
        self._failed: list[tuple[int, int]] = []
        """A heap of when to send again, and what."""
        self._backoffs: dict[int, Backoff] = {}
        """Of what has failed before."""
        self._again: set[int] = set()
        """Under way, not for the first time."""
        self._reached = 0
        """Up to here, what was there at the beginning has been sent."""
        self._not_before_ns = 0
        self._trouble = Backoff(self.options.backoff)
        self._next_sync_ns: int | None = None
        longest = max(self.options.backoff.maximum, self.options.fsync_interval)
        self._longest_ns = round(longest * 1e9)

    @property
    def stored(self) -> int:  # type: ignore[override]
        """Events that are not known to be delivered; those that were are among them until the next tick."""
        return self._store.events

    @property
    def stored_where(self) -> str:  # type: ignore[override]
        """The path of its file."""
        return str(self.options.path)

    def open(self, workplace: Workplace) -> None:
        """Take the file. Raises `CannotStart`."""
        self._workplace = workplace
        self._store = EventStore(self.options.path, self.options.fsync, workplace.new_lock)
        patience, above = _PATIENCE_SECONDS, 0
        if isinstance(workplace.earlier, Wal):
            # Answers to what it has sent still come, and are true.
            self._delivered = workplace.earlier._delivered
            patience, above = _PATIENCE_AFTER_CRASH_SECONDS, workplace.earlier._store.last_given
            # Whoever waits until it is empty must not take what is not counted yet for nothing.
            self._store.events = workplace.earlier.stored
        told = self._opened(patience, above)
        if told:
            workplace.log.error(told)
        if self._store.events:
            workplace.log.info(
                "Events from before are sent again.",
                path=str(self.options.path),
                events=self._store.events,
            )

    def _opened(self, patience_seconds: float, above: int) -> str:
        while True:
            try:
                return str(self._run(self._store.open, patience_seconds, above))
            except StoreTrouble as error:
                if self._place().earlier is None:
                    raise CannotStart(str(error)) from None
                # It was there a moment ago: the disk is full, say.
                self._run(time.sleep, self._in_trouble(error))

    def close(self) -> str:
        """Remove what was delivered, and let go of the file. Returns how much stays in it."""
        if self._workplace is None:
            return ""
        try:
            self._forget_delivered()
            self._run(self._store.close)
        except StoreTrouble:
            # It is sent again, once too often.
            pass
        finally:
            self._store.close()
        if not self._store.events:
            return ""
        return (
            f"wal: {self._store.events:,} events stay in {self.options.path}, and are sent at the next start"
        )

    # --- storing -----------------------------------------------------------------------------------------------------

    def on_batch(self, batch: Batch, port: str) -> list[tuple[str, Batch]]:
        """Store it, and give it out with a ticket of our own. Waits for the disk. Raises `NotNow` while there is no
        room.
        """
        if not self._is_due(self._not_before_ns, self.clock_ns()):
            raise NotNow(f"the disk of the wal {self.options.path}")
        try:
            if self._is_full():
                if self.options.when_full == "overflow":
                    return [("overflow", batch)]
                raise NotNow(f"room in the wal {self.options.path}")
            good, data, bad = self._packed(batch)
            if good is None:
                return bad
            number = self._stored(good, data)
        except StoreTrouble as error:
            self._in_trouble(error)
            raise NotNow(f"the disk of the wal {self.options.path}") from None
        kept = good.twin()
        kept.ticket = Ticket(partial(self._answered, number))
        return [("out", kept), *bad]

    def _is_full(self) -> bool:
        if not self._has_reached_limits():
            return False
        self._forget_delivered()
        return self._has_reached_limits()

    def _has_reached_limits(self) -> bool:
        options, store = self.options, self._store
        return store.events >= options.max_events or store.size >= options.max_bytes

    def _packed(self, batch: Batch) -> tuple[Batch | None, bytes, list[tuple[str, Batch]]]:
        """What can be stored, its bytes, and what becomes of the rest."""
        try:
            return batch, pack_events(PackedEvents(batch.values, batch.metas, batch.origin)), []
        except EventError:
            pass
        good, errors, bad = [], [], []
        for index, value in enumerate(batch.values):
            try:
                pack_events(PackedEvents([value], batch.metas and [batch.metas[index]], ""))
            except EventError as error:
                errors.append(error_event(self.component, self.name, error, value))
                bad.append(index)
            else:
                good.append(index)
        failed = batch.select(bad)
        failed.values, failed.raws = errors, None
        if not good:
            return None, b"", [("err", failed)]
        rest = batch.select(good)
        return rest, pack_events(PackedEvents(rest.values, rest.metas, rest.origin)), [("err", failed)]

    def _stored(self, batch: Batch, data: bytes) -> int:
        now_ns = self.clock_ns()
        record = Record(now_ns, batch.ingest_ns, batch.origin, len(batch.values), data)
        number: int = self._run(self._store.append, record)
        self._trouble.reset()
        if self._next_sync_ns is None and self.options.fsync == "interval":
            self._next_sync_ns = now_ns + round(self.options.fsync_interval * 1e9)
        return number

    def _answered(self, number: int, outcome: Outcome) -> None:
        """What became of a batch, told by its ticket: also after the incarnation that has sent it."""
        self._again.discard(number)
        if outcome is Outcome.DELIVERED:
            self._delivered.add(number)
            self._backoffs.pop(number, None)
            return
        backoff = self._backoffs.setdefault(number, Backoff(self.options.backoff))
        heapq.heappush(self._failed, (self.clock_ns() + round(backoff.next_delay() * 1e9), number))

    # --- on ticks ----------------------------------------------------------------------------------------------------

    def release(self, now_ns: int) -> list[tuple[str, Batch]]:
        """What is due to be sent again, the longest stored first. Waits for the disk."""
        if not self._is_due(self._not_before_ns, now_ns):
            return []
        found: list[StoredBatch] = []
        damaged: list[int] = []
        try:
            self._forget_delivered()
            if self._next_sync_ns is not None and self._is_due(self._next_sync_ns, now_ns):
                self._run(self._store.sync)
                self._next_sync_ns = None
            for read in (self._read_from_before, partial(self._read_due, now_ns)):
                good, bad = read(_MOST_AGAIN - len(self._again) - len(found))
                found += good
                damaged += bad
        except StoreTrouble as error:
            self._in_trouble(error)
        if damaged:
            self._log().error(
                "Batches in the wal are damaged, and stay there without being delivered.",
                path=str(self.options.path),
                batches=len(damaged),
            )
        # Only now, as nobody can be killed between here and there while he waits.
        return [("out", self._sent_again(stored)) for stored in found if stored.id not in self._delivered]

    def _read_from_before(self, most: int) -> _Read:
        last = self._store.last_id
        if self._reached >= last or most <= 0:
            return [], []
        found, damaged = self._run(self._store.read_between, self._reached, last, most, _MOST_AGAIN_BYTES)
        self._reached = max([*(stored.id for stored in found), *damaged], default=last)
        return found, damaged

    def _read_due(self, now_ns: int, most: int) -> _Read:
        due: list[int] = []
        while self._failed and self._is_due(self._failed[0][0], now_ns) and len(due) < most:
            due.append(heapq.heappop(self._failed)[1])
        if not due:
            return [], []
        try:
            found, damaged = self._run(self._store.read, due, _MOST_AGAIN_BYTES)
        except StoreTrouble:
            for number in due:
                heapq.heappush(self._failed, (now_ns, number))
            raise
        reached = max([*(stored.id for stored in found), *damaged], default=max(due))
        for number in set(due).difference(stored.id for stored in found):
            if number > reached:
                heapq.heappush(self._failed, (now_ns, number))
            else:
                self._backoffs.pop(number, None)
        return found, damaged

    def _sent_again(self, stored: StoredBatch) -> Batch:
        values, metas, origin = stored.events
        self._again.add(stored.id)
        self.created += len(values)
        return Batch(
            values,
            metas=metas,
            ingest_ns=stored.ingest_ns,
            origin=origin,
            size=stored.size,
            ticket=Ticket(partial(self._answered, stored.id)),
        )

    def _forget_delivered(self) -> None:
        gone = list(self._delivered)
        if gone:
            self._run(self._store.forget, gone)
            self._delivered.difference_update(gone)

    def _is_due(self, when_ns: int, now_ns: int) -> bool:
        """Also where the wall clock was set back: nothing is ever waited for so long."""
        return not now_ns < when_ns <= now_ns + self._longest_ns

    def _in_trouble(self, error: StoreTrouble) -> float:
        """Say so. Returns how many seconds to wait, and sees to it that nothing is tried before."""
        delay = self._trouble.next_delay()
        self._not_before_ns = self.clock_ns() + round(delay * 1e9)
        self._log().warning(
            "The wal cannot use its disk; it will be tried again.",
            error=str(error),
            in_seconds=round(delay, 3),
        )
        return delay

    def _run(self, function: Any, *arguments: Any) -> Any:
        return self._place().run_blocking(function, *arguments)

    def _log(self) -> Any:
        return self._place().log

    def _place(self) -> Workplace:
        if self._workplace is None:
            raise RuntimeError("this wal has not been opened")
        return self._workplace
