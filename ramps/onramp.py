"""`Onramp`: brings bytes or values in. What a connector implements, and what it is given to deliver them to.

A connector knows how to get bytes. It knows nothing of actors, codecs, batches or ports: the driver
(`ramps.onramp_actor`) opens it, calls `read` in a greenlet of its own, and hands it an `Intake`, which
frames, decodes, batches and sends, and blocks while downstream is full. That is the back-pressure: a
connector that does not return to its socket does not read from it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol

from structlog.stdlib import BoundLogger

from actors.clock import Clock, HubClock
from actors.log import get_logger
from pipelines.batch import Batch
from pipelines.registry import Component, Registry
from pipelines.ticket import Ticket
from ramps.confirmations import Confirmations

__all__ = ["InboundStream", "Intake", "Onramp", "Progress", "onramps"]


class Progress(NamedTuple):
    """How far an input is read, in bytes as they are stored: compressed ones, where it is compressed."""

    position: int
    size: int


class InboundStream(Protocol):
    """One ordered source of bytes with its own framing state: a connection, a file, a request body.

    All methods may block (cooperatively) while downstream is full, and must be called from one greenlet at a
    time.
    """

    reasons: list[str]
    """What was wrong with the errors that the latest call counted, in order, the first ten: for the peer's
    answer."""

    @property
    def held(self) -> int | None:
        """Bytes of the latest that were fed whose frame is not complete yet, so that no event has them; ``None`` where
        the framing cannot tell (it decompresses, or joins messages).
        """

    def feed(
        self,
        data: bytes,
        *,
        meta: dict[str, Any] | None = None,
        timeout: float | None = None,
        ticket: Ticket | None = None,
    ) -> tuple[int, int]:
        """Take in the next bytes, in chunks of any size. Returns how many events and how many errors came of
        it.

        ``ticket`` is answered when all events and errors that leave now have been: at once if there are none. One
        that `IntakeFull` was raised with is spent.

        ``meta`` becomes the metadata of each event of this chunk. With ``timeout`` (seconds), `IntakeFull` is
        raised when not even the first batch found room in that time; the chunk is then not taken at all.
        """

    def feed_frames(
        self,
        frames: list[bytes],
        *,
        ingest_ns: int,
        meta: dict[str, Any] | None = None,
        ticket: Ticket | None = None,
    ) -> tuple[int, int]:
        """Take in frames that somebody else has cut out of a stream, and when (nanoseconds since 1970): they go
        straight to the codec. Returns like `feed`.
        """

    def end(self, *, timeout: float | None = None, ticket: Ticket | None = None) -> tuple[int, int]:
        """The bytes are at their end: deliver what the framing still holds. Returns like `feed`."""

    def abort(self, reason: str) -> tuple[int, int]:
        """The stream broke off (a peer that vanished in mid-frame): what the framing still holds leaves by
        ``err`` with this reason instead of being delivered as if it were complete. Returns like `feed`.
        """


class Intake(Protocol):
    """Where an onramp delivers. All methods may block (cooperatively) while downstream is full."""

    def stream(
        self,
        origin: str,
        *,
        codec: str | None = None,
        preprocessors: Sequence[str] | None = None,
        framed: bool = False,
    ) -> InboundStream:
        """A new stream from ``origin`` (shown in error events, e.g. ``"tcp://127.0.0.1:5123"``).

        ``codec`` overrides the configured one (a request's content type), ``preprocessors`` the configured
        ones, by name, with their defaults (a content type that says how it is framed); ``framed`` means that
        each `feed` is one whole frame (a datagram, a message): it begins and ends a stream for each step, and
        no state leaks from one to the next, but for the steps that join messages on purpose (`gelf-chunking`:
        keep one stream a sender). After `IntakeFull` a framed stream goes on; any other is over.
        """

    def emit(
        self,
        values: list[Any],
        *,
        origin: str,
        metas: list[dict[str, Any] | None] | None = None,
        ticket: Ticket | None = None,
    ) -> None:
        """Deliver values that need no decoding (ticks, rows). ``ticket`` as with `InboundStream.feed`."""

    def pass_on(self, batch: Batch) -> None:
        """Deliver a batch that another process of the same deployment has made."""

    def reject(self, data: bytes, error: str, *, origin: str) -> None:
        """Send bytes that the connector itself could not accept to ``err`` (a body beyond the limit)."""

    def content_type_codec(self, content_type: str) -> str | None:
        """The codec's name for a MIME type (parameters are ignored), or ``None`` if there is none."""


class Onramp(Component):
    """The contract of a connector that brings events in.

    Life: ``__init__(options)`` → ``open()`` → ``read(intake)`` again and again → ``close()``; after a failure
    again from ``open()`` on the same object. One greenlet calls all of them, except `close`, which may come
    from another to make a blocked `read` end: it then returns, as if it had had nothing more at hand.
    """

    default_codec: ClassVar[str] = "json"
    """The codec where the file names none."""

    default_preprocessors: ClassVar[tuple[str, ...]] = ()
    """The preprocessors where the file names none."""

    feeds_frames: ClassVar[bool] = False
    """Whether each piece that it feeds is one whole frame (a datagram, a request, a message), so that a test of a
    deployment feeds its stub in the same way."""

    listens: ClassVar[bool] = False
    """Whether it waits for others to connect (so that it never ends by itself)."""

    passive: ClassVar[bool] = False
    """Whether the deployment does not wait for its end: those whose events it takes are waited for elsewhere."""

    takes_over: ClassVar[bool] = False
    """Whether its events have come in by another onramp of the same deployment, and were counted there."""

    replays: bool = False
    """Whether it can promise at-least-once: it takes tickets for what it reads while ``at_least_once`` is set, confirms
    a position (or answers a sender) only when they are answered, and reads again, or has it sent again, what is not.
    An option may decide it for an instance, which then sets its own."""

    counts_bytes: bool = False
    """Whether it confirms positions in streams, so that preprocessors and codec must say what they hold back
    (`InboundStream.held`). An instance may set its own."""

    at_least_once: bool = False
    """Whether this one has to keep that promise now. The driver sets it before `open`."""

    single_owner: ClassVar[bool] = True
    """Whether two of it, in two processes, would get the same events, or in each other's way. False where the system
    deals what comes to all who listen (an address that is shared by SO_REUSEPORT)."""

    @cached_property
    def clock(self) -> Clock:
        """Where it takes its time from. The driver sets its own before `open`; alone, it is the hub's."""
        return HubClock()

    @cached_property
    def log(self) -> BoundLogger:
        """Where it reports. The driver sets one that knows the component's name before `open`."""
        return get_logger("onramp", onramp=self.name)

    def check(self) -> None:
        """Look, without opening anything, for what `open` would refuse later. Called by ``supervisor check``.

        Raises `CannotOpen`. Must not block, touch the network or change anything. A file that does not exist
        yet but may well exist when the deployment runs is not an error here.
        """

    @abstractmethod
    def open(self) -> None:
        """Acquire what reading needs: open the file, bind the socket, connect. May block.

        Raises `CannotOpen` when waiting will not help (start-up fails and says why), `ConnectionLost` (or any
        ``OSError``) when it may: the driver then retries with backoff.
        """

    @abstractmethod
    def read(self, intake: Intake) -> None:
        """Move what is at hand into the intake; block until there is something. The driver calls again at
        once.

        A server may serve inside one call until it is closed. Raises `EndOfInput` when nothing more will ever
        come, `ConnectionLost` or ``OSError`` to be closed, reopened after a backoff and read on. Anything
        else is a crash: the supervisor decides. ``gevent.GreenletExit`` means stop now and must pass through.
        """

    @property
    def checkpoint_path(self) -> Path | None:
        """The file in which it keeps, while ``at_least_once`` is set, how far it has come; ``None`` if it has none. Two
        with the same one are refused.
        """
        return None

    def progress(self) -> Progress | None:
        """How far a finite input is read; ``None`` where it has no end, or nobody knows it. Asked about once a second,
        from another greenlet, also when it is closed. Must not block.
        """
        return None

    @property
    def awaits_delivery(self) -> bool:
        """Whether it has read all that there is, and `read` only waits until that is delivered. What operators hold
        may not be before the deployment stops, so such an onramp is no reason to wait with that.
        """
        return False

    def keep_place(self) -> None:
        """Make durable how far everything is delivered, if what is durable is more than a second old. Called ten times
        a second while ``at_least_once`` is kept, also while `read` is held back. May block for as long as a disk takes.
        """

    def confirmations(self) -> Confirmations:
        """What became of the events that were sent, where ``at_least_once`` is kept. Must not block."""
        return Confirmations()

    def end_input(self) -> bool:
        """Take nothing more in, because the deployment stops. True: what was accepted before is still to be read, and
        `read` raises `EndOfInput` after it. False (most connectors): there is no such thing, so it is closed.

        Like `close`, it may come from another greenlet while `read` blocks, and more than once.
        """
        return False

    @abstractmethod
    def close(self) -> None:
        """Release everything, also after a failed or repeated `open`. Called at least once; must not raise,
        must not wait for the other side. No greenlet, thread, socket or file of the connector outlives it.
        """


onramps: Registry[Onramp] = Registry("onramp", "aftershock.onramps", "ramps.onramps")
"""All onramps by name."""
