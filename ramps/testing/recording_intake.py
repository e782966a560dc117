"""`RecordingIntake`: an `Intake` for tests of onramps. It remembers everything, and can be full."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gevent
from gevent.event import Event

from pipelines.batch import Batch
from pipelines.ticket import Ticket
from ramps.errors import IntakeFull

__all__ = ["RecordingIntake", "RecordingStream"]


class RecordingStream:
    """What one `InboundStream` was given: ``chunks`` with their ``metas``, and how it ended.

    It does not frame: each chunk counts as one event. A chunk for which the intake's ``find_fault`` returns a
    reason counts as one error with that reason.
    """

    def __init__(
        self,
        intake: RecordingIntake,
        origin: str,
        codec: str | None,
        preprocessors: Sequence[str] | None,
        framed: bool,
    ) -> None:
        self._intake = intake
        self.origin = origin
        self.codec = codec
        self.preprocessors = preprocessors
        self.framed = framed
        self.chunks: list[bytes] = []
        self.metas: list[dict[str, Any] | None] = []
        self.ingest_times: list[int] = []
        """Of what came by `feed_frames`."""
        self.tickets: list[Ticket | None] = []
        """Of each chunk that was fed: the test answers them."""
        self.reasons: list[str] = []
        self.ended = False
        self.aborted: str | None = None

    @property
    def data(self) -> bytes:
        """All chunks in one piece."""
        return b"".join(self.chunks)

    @property
    def open(self) -> bool:
        """Whether it neither ended nor broke off."""
        return not self.ended and self.aborted is None

    @property
    def held(self) -> int | None:
        """Nothing: each chunk counts as one event."""
        return 0

    def feed(
        self,
        data: bytes,
        *,
        meta: dict[str, Any] | None = None,
        timeout: float | None = None,
        ticket: Ticket | None = None,
    ) -> tuple[int, int]:
        """Record a chunk. Blocks while the intake is full; raises `IntakeFull` after ``timeout`` seconds of
        that."""
        self._check_open("feed")
        self._intake.wait_for_room(timeout)
        self.chunks.append(data)
        self.metas.append(meta)
        self.tickets.append(ticket)
        fault = self._intake.find_fault(data)
        self.reasons = [] if fault is None else [fault]
        self._intake.changed()
        return (1, 0) if fault is None else (0, 1)

    def feed_frames(
        self,
        frames: list[bytes],
        *,
        ingest_ns: int,
        meta: dict[str, Any] | None = None,
        ticket: Ticket | None = None,
    ) -> tuple[int, int]:
        """Record each frame as a chunk, and when they came in. Blocks while the intake is full."""
        self._check_open("feed_frames")
        self._intake.wait_for_room(None)
        self.chunks += frames
        self.metas += [meta] * len(frames)
        self.ingest_times += [ingest_ns] * len(frames)
        if ticket is not None:
            ticket.answer()
        self._intake.changed()
        return len(frames), 0

    def end(self, *, timeout: float | None = None, ticket: Ticket | None = None) -> tuple[int, int]:
        """Record the end. Blocks while the intake is full; raises `IntakeFull` after ``timeout`` seconds of
        that."""
        self._check_open("end")
        self._intake.wait_for_room(timeout)
        self.ended = True
        if ticket is not None:
            ticket.answer()
        self._intake.changed()
        return (0, 0)

    def abort(self, reason: str) -> tuple[int, int]:
        """Record that it broke off. Blocks while the intake is full."""
        self._check_open("abort")
        self._intake.wait_for_room(None)
        self.aborted = reason
        self._intake.changed()
        return (0, 0)

    def _check_open(self, call: str) -> None:
        if not self.open:
            raise AssertionError(f"{call}() on a stream that had ended: {self.origin}")

    def __repr__(self) -> str:
        state = "ended" if self.ended else f"aborted: {self.aborted}" if self.aborted else "open"
        return f"<RecordingStream {self.origin} {len(self.data)} bytes, {state}>"


class RecordingIntake:
    """Records what an onramp delivers: ``streams``, ``values`` with their ``metas``, and ``rejected``.

    `fill` makes it full: whoever delivers then blocks, or gets `IntakeFull`, until `make_room`. Tests wait
    with `wait_until`, which is woken by every change and fails after its deadline.
    """

    def __init__(self, *, find_fault: Callable[[bytes], str | None] | None = None) -> None:
        self.streams: list[RecordingStream] = []
        self.values: list[Any] = []
        self.tickets: list[Ticket | None] = []
        """Of each `emit`: the test answers them."""
        self.metas: list[dict[str, Any] | None] = []
        self.rejected: list[tuple[bytes, str, str]] = []
        self.batches: list[Batch] = []
        """What came by `pass_on`."""
        self.content_types: dict[str, str] = {}
        """Codec names by MIME type, for `content_type_codec`."""
        self.waiting = 0
        """How many callers are blocked because it is full."""
        self.find_fault: Callable[[bytes], str | None] = find_fault or (lambda data: None)
        self._room = Event()
        self._room.set()
        self._changed = Event()

    @property
    def data(self) -> bytes:
        """The bytes of all streams, one stream after the other."""
        return b"".join([stream.data for stream in self.streams])

    def stream(
        self,
        origin: str,
        *,
        codec: str | None = None,
        preprocessors: Sequence[str] | None = None,
        framed: bool = False,
    ) -> RecordingStream:
        """A new stream that records."""
        stream = RecordingStream(self, origin, codec, preprocessors, framed)
        self.streams.append(stream)
        self.changed()
        return stream

    def emit(
        self,
        values: list[Any],
        *,
        origin: str,
        metas: list[dict[str, Any] | None] | None = None,
        ticket: Ticket | None = None,
    ) -> None:
        """Record values, and the ticket if there is one. Blocks while it is full."""
        self.wait_for_room(None)
        self.values.extend(values)
        self.tickets.append(ticket)
        self.metas.extend(metas or [None] * len(values))
        self.changed()

    def pass_on(self, batch: Batch) -> None:
        """Record a batch. Blocks while it is full."""
        self.wait_for_room(None)
        self.batches.append(batch)
        self.changed()

    def reject(self, data: bytes, error: str, *, origin: str) -> None:
        """Record refused bytes. Blocks while it is full."""
        self.wait_for_room(None)
        self.rejected.append((data, error, origin))
        self.changed()

    def content_type_codec(self, content_type: str) -> str | None:
        """What ``content_types`` says for the MIME type without its parameters."""
        return self.content_types.get(content_type.partition(";")[0].strip().lower())

    def fill(self) -> None:
        """Be full from now on."""
        self._room.clear()

    def make_room(self) -> None:
        """Have room from now on, and let the blocked go on."""
        self._room.set()

    def wait_for_room(self, timeout: float | None) -> None:
        """Block until there is room. Raises `IntakeFull` after ``timeout`` seconds."""
        if self._room.is_set():
            return
        self.waiting += 1
        self.changed()
        try:
            if not self._room.wait(timeout):
                raise IntakeFull(f"no room within {timeout} s")
        finally:
            self.waiting -= 1

    def changed(self) -> None:
        """Wake those who wait for something to be recorded."""
        self._changed.set()

    def wait_until(self, condition: Callable[[], object], *, seconds: float = 5.0) -> None:
        """Block until the condition holds. Raises ``AssertionError`` with what was recorded after this
        long."""
        with gevent.Timeout(seconds, False):
            while not condition():
                self._changed.clear()
                self._changed.wait()
            return
        raise AssertionError(f"not within {seconds} s; so far {self!r}")

    def __repr__(self) -> str:
        return f"<RecordingIntake {self.streams} values={self.values!r} rejected={self.rejected!r}>"
