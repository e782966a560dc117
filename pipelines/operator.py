"""`Operator`: one step of a pipeline. Six ways to take part in the compiled function, one contract.

The compiler turns a graph into a loop over a batch's events. What an operator adds to that loop is its `Kind`:

=========  =========================================================  =======================================
kind       implements                                                 for
=========  =========================================================  =======================================
INLINE     ``inline(scope)``: statements for the loop's body          what a few lines of Python do
ROUTE      ``route(value, meta, ingest_ns)``: the port, or ``None``   state decides where an event goes
EVENT      a function of value[, meta[, batch]]: a value, `Drop`,     one event in, at most one out
           or `Emit`
MANY       a function of value[, meta[, batch]]: an iterable of       one event in, several out
           those
HOLD       ``hold(value, meta, batch)``: `Emit` objects, or none yet  what waits for other events or for time
BATCH      ``on_batch(batch, port)``: pairs of port and batch         work that is cheaper for many at once
=========  =========================================================  =======================================

All but the last see one event at a time, in order, so their results never depend on how the stream was cut into
batches. None may block. An exception costs its event only: it leaves by ``err`` (see `pipelines.failure`).
"""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from pipelines.batch import Batch
from pipelines.contraflow import Insight
from pipelines.emit import Emit
from pipelines.registry import Component, Registry
from pipelines.syntax import assign, call

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger

__all__ = ["PORT_NAME", "Inline", "Kind", "Operator", "Scope", "Workplace", "operators"]

PORT_NAME = re.compile(r"[A-Za-z0-9_-]+")
"""What a link can name."""


class Kind(Enum):
    """How an operator takes part in the compiled function; see the module's table."""

    INLINE = "inline"
    ROUTE = "route"
    EVENT = "event"
    MANY = "many"
    HOLD = "hold"
    BATCH = "batch"


class Scope(Protocol):
    """What statements of an `Inline` may refer to. Each call makes a new node, as ``ast`` wants it."""

    def value(self) -> ast.expr:
        """The event's value."""

    def meta(self) -> ast.expr:
        """The event's metadata: a dict or ``None``."""

    def ingest_ns(self) -> ast.expr:
        """When the event came in: wall clock, nanoseconds since 1970."""

    def batch(self) -> ast.expr:
        """The batch that the event came with, for its ``ingest_ns`` and ``origin``."""

    def bind(self, hint: str, thing: object) -> ast.expr:
        """An object of the operator (a function, a set, an iterator), under a name that begins with ``hint``."""

    def local(self, hint: str) -> str:
        """A fresh name for a local variable."""


@dataclass(frozen=True, slots=True)
class Inline:
    """What an INLINE operator does to one event: ``statements`` first; then the event is dropped if ``keep`` is there
    and false; then ``value`` becomes its value, if there. With ``changes_values`` the statements may also change the
    event's value in place.
    """

    statements: tuple[ast.stmt, ...] = ()
    keep: ast.expr | None = None
    value: ast.expr | None = None


@dataclass(frozen=True, slots=True)
class Workplace:
    """What an operator that keeps something outside of the process has at hand; see `Operator.open`."""

    run_blocking: Callable[..., Any]
    """``run_blocking(function, *arguments)``: the result; only this pipeline waits for it."""
    new_lock: Callable[[], Any]
    """Makes a lock for what is run so: that of `threading` may be another one in a process with greenlets. Nobody else
    may wait for it."""
    log: BoundLogger
    earlier: Operator | None = None
    """The operator that stood in the same place until the last crash."""


class Operator(Component):
    """The contract of a step. One instance belongs to one pipeline instance, and may keep state.

    The attributes are read once, when the graph is compiled; an instance may set its own in ``__init__``.
    """

    kind: Kind

    inputs: tuple[str, ...] = ("in",)
    """Input ports. Only a BATCH operator may have several: the others are not told by which an event came."""

    outputs: tuple[str, ...] = ("out",)
    """Output ports besides ``err``, which every operator has."""

    changes_values: bool = True
    """Whether an event's value may differ afterwards. If not, the bytes that it was decoded from travel on with it."""

    reads_meta: bool = False
    """EVENT, MANY: the function takes the metadata as a second argument, a dict that it may change."""

    reads_batch: bool = False
    """EVENT, MANY: the function takes the metadata as with `reads_meta`, and as a third argument the batch that the
    event came with, for its ``ingest_ns`` and ``origin``. It must neither change nor keep the batch."""

    emits_errors: bool = False
    """EVENT, MANY, HOLD: it may itself send events to ``err`` by `Emit`. They leave as they are."""

    writes_meta: bool = False
    """Whether events may have other metadata afterwards."""

    may_fail: bool = True
    """False if it never raises, which saves nothing but the code for it."""

    drop_reason: str = "dropped"
    """INLINE, ROUTE, EVENT, MANY, BATCH: the word for its drops in the account."""

    takes_over: bool = False
    """BATCH: whether a source may forget what this operator has given out by ``out``: it is kept, and sent again until
    it is delivered. It has to stand alone in its pipeline, and may raise `pipelines.errors.NotNow`."""

    stored: int = 0
    """BATCH: events that it has taken over, and does not know to be delivered."""

    wants_ticks: bool = False
    """Whether `release` is to be called about every 100 ms."""

    wants_contraflow: bool = False
    """Whether `on_insight` is to be called."""

    holds_tickets: bool = False
    """HOLD: whether it forks the tickets of what it holds (`pipelines.ticket.HeldTickets`), so that nothing is
    confirmed before it was given out. Without that, a flow that promises at-least-once refuses it."""

    held: int = 0
    """HOLD: events that it keeps at this moment. It counts them itself, as it does the next two."""
    merged: int = 0
    """HOLD: events that went into others so far. Three that leave as one count two."""
    created: int = 0
    """HOLD, and BATCH by `release`: events that it made so far on top of those that came in."""
    discarded: Mapping[str, int] = {}
    """HOLD: events that it gave up so far, by reason. They count as dropped."""

    component: str = ""
    """What its pipeline is called in error events that it makes itself (`pipelines.failure`); set with `clock_ns`."""

    clock_ns: Callable[[], int] = staticmethod(time.time_ns)
    """The pipeline's wall clock, nanoseconds since 1970; set when the graph is compiled."""

    stored_where: str = ""
    """What keeps the events that are `stored`, for people: a file's path."""

    def inline(self, scope: Scope) -> Inline:
        """INLINE: the code for one event. Called once or more when the graph is compiled, for the same state.

        It must depend on the options only, because copies of a pipeline share their code; what differs is bound.
        """
        raise NotImplementedError(f"{self.name}: inline")

    def route(self, value: Any, meta: dict[str, Any] | None, ingest_ns: int) -> str | None:
        """ROUTE: the output port for this event, ``None`` to drop it. Must neither change nor keep value and meta."""
        raise NotImplementedError(f"{self.name}: route")

    @property
    def named_ports(self) -> tuple[str, ...]:
        """The ports that its code or its function may name."""
        return (*self.outputs, "err") if self.emits_errors else self.outputs

    def inline_route(self, scope: Scope, port: str) -> tuple[ast.stmt, ...]:
        """ROUTE: the code for one event that leaves in the variable ``port`` what `route` would return. By default it
        calls `route`; an operator with a quick answer for most events gives it here. Where each branch ends with
        an assignment of ``port``, the event leaves right there, which is quickest.
        """
        function = scope.bind("route", self.route)
        return (assign(port, call(function, scope.value(), scope.meta(), scope.ingest_ns())),)

    def event_function(self) -> Callable[..., Any]:
        """EVENT, MANY: what is called for each event, with its value, and more if `reads_meta` or `reads_batch`."""
        raise NotImplementedError(f"{self.name}: event_function")

    def hold(self, value: Any, meta: dict[str, Any] | None, batch: Batch) -> Iterable[Emit]:
        """HOLD: take the event in, and give out what that makes ready. ``batch`` is the one that it came with."""
        raise NotImplementedError(f"{self.name}: hold")

    def on_batch(self, batch: Batch, port: str) -> list[tuple[str, Batch]]:
        """BATCH: what leaves, by which port. The batch belongs to the operator."""
        raise NotImplementedError(f"{self.name}: on_batch")

    def open(self, workplace: Workplace) -> None:
        """Get ready, before the first event; may wait by `Workplace.run_blocking`. Raises
        `pipelines.errors.CannotStart`.
        """

    def close(self) -> str:
        """Let go of what `open` took, after `finish`, however the pipeline ended. May be called again, and may wait as
        `open` does. Returns what a person should know of what stays behind, usually nothing.
        """
        return ""

    def release(self, now_ns: int) -> list[tuple[str, Batch]]:
        """HOLD, BATCH: what has become due with time, by which port. Called on ticks, and after `on_insight`."""
        return []

    def finish(self) -> list[tuple[str, Batch]]:
        """HOLD: everything that is held; the stream is at its end."""
        return []

    def on_insight(self, insight: Insight, ports: frozenset[str], now_ns: int) -> Insight | None:
        """Contraflow about events that left by ``ports`` of this operator (one of them, unless their ways join again
        before they leave the pipeline). Returns what goes further up: the insight, another one, or ``None``.
        """
        return insight


operators: Registry[Operator] = Registry("operator", "aftershock.operators", "pipelines.operators")
"""All operators by name."""
