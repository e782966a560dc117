"""`PipelineActor`: runs one compiled pipeline."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from actors import Actor, ActorRef, ExitReason, Lane
from actors.log import get_logger
from actors.native_thread import call_in_thread, native_lock
from actors.valve import Valve
from pipelines.batch import Batch
from pipelines.contraflow import Insight, InsightKind, Route
from pipelines.errors import NotNow
from pipelines.operator import Operator, Workplace
from pipelines.outlets import Delivery, Outlets
from pipelines.pipeline import Pipeline, Results

__all__ = ["PipelineActor", "PipelinePart"]

_TICK = "tick"
_TICK_SECONDS = 0.1
_NOT_NOW_SECONDS = 0.02


class PipelinePart:
    """What stays of a pipeline over all incarnations of its actor.

    ``make_pipeline`` compiles a fresh one, without any state, for each incarnation. What a crashed one had worked on
    but not sent, and what its operators still held, waits in ``outbox`` for the next: a crash loses no event.
    """

    def __init__(self, name: str, make_pipeline: Callable[[], Pipeline], outlets: Outlets) -> None:
        self.name = name
        self.make_pipeline = make_pipeline
        self.outlets = outlets
        self.upstream: list[ActorRef[Any]] = []
        """Pipelines before this one that want to hear of closed and reopened connections."""
        self.valve = Valve()
        """Closed while somebody has paused it."""
        self.watch: Callable[[str, Batch], None] | None = None
        """Shown each batch before it is worked on, with its port. Must not block, change or keep what it is shown."""
        self.outbox: deque[Delivery] = deque()
        """Worked on, and not sent yet."""
        self.pipeline: Pipeline | None = None
        self.received = 0
        """Events that were worked on."""
        self.past_account: dict[str, Any] | None = None
        """What the pipelines of earlier incarnations had counted."""
        self.opened: dict[str, Operator] = {}
        """Operators of the latest incarnation that keep something outside of the process, by their ids."""

    @property
    def stored(self) -> int:
        """Events that its operators have stored, and do not know to be delivered."""
        return sum(operator.stored for operator in self.opened.values())

    @property
    def stored_where(self) -> str:
        """What keeps those, for people; empty if there are none."""
        return ", ".join(operator.stored_where for operator in self.opened.values() if operator.stored)

    def accounts(self) -> list[dict[str, Any]]:
        """That of all incarnations that have ended, added up, and that of the present one (`Pipeline.account`)."""
        present = None if self.pipeline is None else self.pipeline.account()
        return [account for account in (self.past_account, present) if account is not None]

    def close_account(self, account: dict[str, Any]) -> None:
        """An incarnation has ended with this account."""
        self.past_account = account if self.past_account is None else _added_up(self.past_account, account)


class PipelineActor(Actor[Any]):
    """Takes `Delivery` and `Insight` messages, sends on what the compiled function makes of them."""

    def __init__(self, part: PipelinePart) -> None:
        self._part = part

    def on_start(self) -> None:
        """Compile, then send what a crashed incarnation could not."""
        part = self._part
        self._pipeline = part.pipeline = part.make_pipeline()
        if self._pipeline.opening:
            self._open()
        self._process = self._pipeline.process_into
        self._valve = part.valve
        self._outbox = part.outbox
        self._send = part.outlets.send
        if self._pipeline.wants_ticks:
            self.send_every(_TICK_SECONDS, _TICK)
        self._send_outbox()

    def on_message(self, message: Any) -> None:
        """One batch, one insight, or a tick."""
        if type(message) is tuple:
            if not self._valve.is_open:
                self._wait_for_valve()
            port, batch = message
            if self._part.watch is not None:
                self._part.watch(port, batch)
            # A batch that comes again after a kill has our route already.
            if self._pipeline.wants_contraflow and (batch.route is None or batch.route.owner is not self.ref):
                batch.route = Route(owner=self.ref, parent=batch.route)
            count = len(batch.values)
            try:
                results = self._process(self._outbox, batch, port)
            except NotNow as reason:
                results = self._process_later(batch, port, reason)
            self._part.received += count
            # From here on the events are in the outbox, and nobody must work on them again.
            self.release_message()
            # Only a pipeline that does nothing gives out what it was given.
            if (
                count
                and not self._pipeline.keeps_batches
                and not (len(results) == 1 and results[0][1] is batch)
            ):
                batch.taken, batch.values, batch.frames = count, [], None
            del results
            self._send_outbox()
        elif message is _TICK:
            self._outbox.extend(self._pipeline.tick(self.clock.time_ns()))
            self._send_outbox()
        elif isinstance(message, Insight):
            self._on_insight(message)

    def _wait_for_valve(self) -> None:
        self.waits_for("somebody to resume it")
        self._valve.wait()
        self.waits_for(None)

    def _open(self) -> None:
        part = self._part
        earlier, part.opened = part.opened, dict(self._pipeline.opening)
        for node_id, operator in self._pipeline.opening:
            operator.open(Workplace(call_in_thread, native_lock, self._log(), earlier.get(node_id)))

    def _log(self) -> Any:
        return get_logger("pipelines", component=self._part.name)

    def _process_later(self, batch: Batch, port: str, reason: NotNow) -> Results:
        """Try again and again, with ticks meanwhile, as it may be those that make room."""
        try:
            while True:
                self.waits_for(str(reason))
                self.sleep(_NOT_NOW_SECONDS)
                self._outbox.extend(self._pipeline.tick(self.clock.time_ns()))
                self._send_outbox()
                try:
                    return self._process(self._outbox, batch, port)
                except NotNow as again:
                    reason = again
        finally:
            self.waits_for(None)

    def _on_insight(self, insight: Insight) -> None:
        upwards, released = self._pipeline.insight(insight, self.clock.time_ns())
        for up in upwards:
            if up.route is not None:
                up.route.owner.tell(up, lane=Lane.CONTRAFLOW)
            elif up.kind in (InsightKind.CLOSE, InsightKind.OPEN):
                for ref in self._part.upstream:
                    ref.tell(up, lane=Lane.CONTRAFLOW)
        self._outbox.extend(released)
        self._send_outbox()

    def on_stop(self, reason: ExitReason) -> None:
        """What the operators hold is sent when the stop is in order, and kept for the next incarnation otherwise."""
        part = self._part
        if part.pipeline is None:
            return
        try:
            try:
                part.outbox.extend(self._pipeline.finish())
            finally:
                remains = self._pipeline.close()
        finally:
            part.close_account(self._pipeline.account())
            part.pipeline = None
        if reason.expected:
            self._send_outbox()
            for line in remains:
                self._log().info(line)

    def _send_outbox(self) -> None:
        outbox, send = self._outbox, self._send
        while outbox:
            # Removed only when it has arrived: a kill in between leaves it to be counted, or sent by the next one.
            port, batch = outbox[0]
            if batch.taken:
                # It has arrived, just before the incarnation that sent it was killed.
                self._part.outlets.note_sent(port, batch)
            else:
                send(port, batch)
            outbox.popleft()


def _added_up(one: Any, other: Any) -> Any:
    if not isinstance(one, dict):
        return one + other
    both = {key: _added_up(one[key], other[key]) for key in one.keys() & other.keys()}
    return {**one, **other, **both}
