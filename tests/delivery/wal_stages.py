"""A pipeline with a wal, driven step by step, that is killed wherever it waits for its disk or its mailboxes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from gevent import GreenletExit

from actors import ExitKind, ExitReason
from actors.testing import VirtualClock
from pipelines import Batch, chain, compile_graph
from pipelines.actor import PipelineActor, PipelinePart
from pipelines.event_store import StoreTrouble
from pipelines.operator import operators
from pipelines.operators.wal import Wal
from pipelines.outlets import Outlets
from pipelines.ticket import Outcome

__all__ = ["Fuse", "Stage", "wal_of"]

TICK = "tick"


def wal_of(path: Path, **options: Any) -> Wal:
    """The operator with these options, as a file would have them."""
    member = operators.get("wal")
    made = member(member.Options.model_validate({"path": str(path), **options}))
    assert isinstance(made, Wal)
    return made


class Fuse:
    """Kills whoever passes a point, after so many others."""

    def __init__(self) -> None:
        self.points: list[int] = []
        self._left_behind: list[Callable[[], Any]] = []

    def burn(self) -> None:
        if self.points:
            self.points[0] -= 1
            if self.points[0] < 0:
                self.points.pop(0)
                raise GreenletExit

    def run_blocking(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """As `actors.native_thread.call_in_thread`: who is killed meanwhile leaves the call behind, which ends by
        itself later, or has ended already.
        """
        try:
            self.burn()
        except GreenletExit:
            self._left_behind.append(lambda: function(*arguments))
            raise
        result = function(*arguments)
        self.burn()
        return result

    def end_what_was_left_behind(self) -> None:
        calls, self._left_behind = self._left_behind, []
        for call in calls:
            # It comes too late: nothing may begin any more once the store was closed.
            with suppress(StoreTrouble):
                call()

    def forget_what_was_left_behind(self) -> None:
        """The process is gone, and its threads with it."""
        self._left_behind.clear()


class Place:
    """A mailbox that keeps what it is told; its sender may be killed before or after."""

    def __init__(self, fuse: Fuse) -> None:
        self._fuse = fuse
        self.batches: list[Batch] = []

    def tell(self, message: Any, **_options: Any) -> None:
        self._fuse.burn()
        self.batches.append(message[1])
        self._fuse.burn()


class _Driven(PipelineActor):
    """Without a greenlet: the test calls it."""

    released = False
    clock: Any = None

    def send_every(self, seconds: float, message: Any) -> Any:
        return None

    def release_message(self) -> None:
        self.released = True

    def waits_for(self, what: str | None) -> None:
        pass

    def sleep(self, seconds: float) -> None:
        # Whoever waits for room is killed instead, and comes again.
        raise GreenletExit


class Stage:
    """One process: a pipeline's part and its mailbox, and the actor that is started anew whenever it is killed."""

    def __init__(self, path: Path, clock: VirtualClock, fuse: Fuse, **options: Any) -> None:
        self.clock = clock
        self._fuse = fuse
        self.out, self.overflow, self.err = Place(fuse), Place(fuse), Place(fuse)
        outlets = Outlets()
        outlets.link("out", self.out)
        outlets.link("overflow", self.overflow)
        outlets.link("err", self.err)
        self.part = PipelinePart(
            "pipeline:main",
            lambda: compile_graph(chain([wal_of(path, **options)]), name="main", clock_ns=clock.time_ns),
            outlets,
        )
        self.mailbox: deque[Any] = deque()
        self.in_hand: Any = None
        self._actor: _Driven | None = None

    @property
    def wal(self) -> Wal:
        (operator,) = self.part.opened.values()
        assert isinstance(operator, Wal)
        return operator

    def step(self, *, tick: bool = False) -> bool:
        """Start the actor if there is none, and have it do the next thing. Whether it was done."""
        message: Any = None
        try:
            if self._actor is None:
                self._actor = _Driven(self.part)
                self._actor.clock = self.clock
                self._actor.on_start()
                self._fuse.end_what_was_left_behind()
            if tick:
                self._actor.on_message(TICK)
                return True
            if self.in_hand is None and self.mailbox:
                self.in_hand = self.mailbox.popleft()
            if self.in_hand is not None:
                message, self._actor.released = self.in_hand, False
                self._actor.on_message(message)
                self.in_hand = None
        except GreenletExit:
            self.kill(message)
            return False
        return True

    def kill(self, message: Any = None) -> None:
        """End the incarnation, as the kernel does with one that was killed."""
        actor, self._actor = self._actor, None
        if actor is None:
            return
        if message is not None and actor.released:
            self.in_hand = None
        with suppress(GreenletExit):
            actor.on_stop(ExitReason(ExitKind.KILLED))

    def stop(self) -> None:
        """In order."""
        assert self._actor is not None
        actor, self._actor = self._actor, None
        actor.on_stop(ExitReason(ExitKind.SHUTDOWN))

    def vanish(self) -> None:
        """The process ends at once: what the system has of its files stays, all else is gone."""
        self._actor = None
        self._fuse.forget_what_was_left_behind()
        for operator in self.part.opened.values():
            assert isinstance(operator, Wal)
            store = operator._store
            connection, store._connection = store._connection, None
            if connection is not None:
                # Nothing that was not committed is there; a checkpoint at the end changes nothing that counts.
                connection.close()
            store.close()

    def account(self) -> dict[str, int]:
        """The account of all incarnations."""
        total = {"in": 0, "out": 0, "created": 0, "other": 0}
        for account in self.part.accounts():
            total["in"] += account["in"]
            total["created"] += account["created"]
            total["out"] += sum(account["out"].values())
            total["other"] += account["held"] + account["merged"] + len(account["dropped"])
        return total

    def answer(self, place: Place, index: int, outcome: Outcome) -> list[Any]:
        """Answer one of the batches that arrived, and return its values."""
        batch = place.batches.pop(index)
        if batch.ticket is not None:
            batch.ticket.answer(outcome)
        return batch.values
