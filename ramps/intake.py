"""`StreamIntake`: the `Intake` that frames, decodes, batches and sends, and counts what it does."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from pipelines.batch import Batch
from pipelines.ticket import Outcome, Ticket, forked_for, has_begun
from ramps.codec import Codec, codecs
from ramps.error_events import Fault, error_batch
from ramps.errors import FrameError, IntakeFull
from ramps.inbound_stream import DecodingStream
from ramps.preprocessor import Preprocessor, PreprocessorChain, preprocessors

__all__ = ["Send", "StreamIntake", "WallClock"]

Send = Callable[[str, Batch, float | None], None]
"""Sends a batch by a port (``out`` or ``err``); blocks while downstream is full, and raises `IntakeFull` after the
timeout in seconds, if there is one.
"""


class WallClock(Protocol):
    """Where ingest times come from."""

    def time_ns(self) -> int:
        """Nanoseconds since 1970."""


class StreamIntake:
    """Where an onramp delivers. See `Intake` for the contract.

    ``component`` is the onramp in error events (``"onramp:access"``). ``make_codec`` and ``make_preprocessors`` are
    called for each stream, a codec without state only once; ``codec_named`` makes the codec of a stream that names its
    own. At most ``batch_max`` events go into a batch.
    """

    def __init__(
        self,
        component: str,
        *,
        make_codec: Callable[[], Codec],
        send: Send,
        clock: WallClock,
        make_preprocessors: Sequence[Callable[[], Preprocessor]] = (),
        codec_named: Callable[[str], Codec] = lambda name: codecs.get(name)(),
        batch_max: int = 128,
    ) -> None:
        self.component = component
        self.batch_max = batch_max
        self.frames = 0
        """Frames that came out of the preprocessors, the bad ones too."""
        self.events = 0
        """Events sent by ``out``."""
        self.errors = 0
        """Error events sent by ``err``."""
        self.skipped = 0
        """Frames that hold no event (comments, headers)."""
        self.bytes_in = 0
        """Bytes as they came, before the preprocessors."""
        self._make_codec = make_codec
        self._make_preprocessors = make_preprocessors
        self._codec_named = codec_named
        self._codecs: dict[str | None, Codec] = {}
        self.undelivered: deque[tuple[str, Batch]] = deque()
        """What was not sent yet when whoever sent it was killed; `deliver_again` sends it."""
        self._send = send
        self.now_ns = clock.time_ns

    def stream(
        self,
        origin: str,
        *,
        codec: str | None = None,
        preprocessors: Sequence[str] | None = None,
        framed: bool = False,
    ) -> DecodingStream:
        """A new stream. Raises `UnknownComponent` for a name that does not exist."""
        steps = (
            [make() for make in self._make_preprocessors] if preprocessors is None else _steps(preprocessors)
        )
        chain = PreprocessorChain(steps, framed=framed)
        return DecodingStream(self, origin, self._codec(codec), chain, reusable=framed)

    def emit(
        self,
        values: list[Any],
        *,
        origin: str,
        metas: list[dict[str, Any] | None] | None = None,
        ticket: Ticket | None = None,
    ) -> None:
        """Deliver values that need no decoding. Blocks while downstream is full."""
        ingest_ns = self.now_ns()
        parts = [slice(start, start + self.batch_max) for start in range(0, len(values), self.batch_max)]
        deliveries = [
            ("out", Batch(values[part], metas=metas and metas[part], ingest_ns=ingest_ns, origin=origin))
            for part in parts
        ]
        try:
            self.deliver(deliveries, ticket=ticket)
        finally:
            # What was not sent waits in `undelivered`, with a fork of its own; or `deliver` had not even begun.
            if ticket is not None:
                ticket.answer(Outcome.DELIVERED if has_begun(deliveries) else Outcome.FAILED)

    def pass_on(self, batch: Batch) -> None:
        """Deliver a batch that another process has made. Blocks while downstream is full."""
        self.deliver([("out", batch)])

    def reject(self, data: bytes, error: str, *, origin: str) -> None:
        """Send bytes that the connector itself could not accept to ``err``. Blocks while downstream is full."""
        fault = Fault("stream", data, FrameError(error))
        batch = error_batch([fault], component=self.component, origin=origin, ingest_ns=self.now_ns())
        self.deliver([("err", batch)])

    def deliver(
        self,
        deliveries: list[tuple[str, Batch]],
        timeout: float | None = None,
        ticket: Ticket | None = None,
    ) -> None:
        """Send these batches by these ports, in order. Blocks while downstream is full.

        ``ticket``: each gets a fork of it; the caller's own is his to answer, also when he is killed in here.

        Only the first is bound to the timeout, because then they are taken in. A kill in between leaves the rest in
        `undelivered`.
        """
        done = 0
        try:
            if ticket is not None:
                forked_for(ticket, [batch for _port, batch in deliveries])
            for port, batch in deliveries:
                count = len(batch.values)
                self._send(port, batch, timeout)
                done += 1
                self._count(port, count)
                timeout = None
        except IntakeFull:
            raise
        except BaseException:
            rest = deliveries[done:]
            if ticket is not None and rest and rest[-1][1].ticket is None:
                # Killed before it began.
                forked_for(ticket, [batch for _port, batch in rest])
            self.undelivered.extend(rest)
            raise

    def deliver_again(self) -> None:
        """Send what is in `undelivered`. Blocks while downstream is full."""
        while self.undelivered:
            port, batch = self.undelivered[0]
            # It may have arrived, just before who sent it was killed; `_send` knows.
            count = batch.taken or len(batch.values)
            self._send(port, batch, None)
            self._count(port, count)
            self.undelivered.popleft()

    def _count(self, port: str, count: int) -> None:
        if port == "err":
            self.errors += count
        else:
            self.events += count

    def content_type_codec(self, content_type: str) -> str | None:
        """The codec's name for a MIME type (parameters are ignored), or ``None`` if there is none."""
        essence = content_type.partition(";")[0].strip().lower()
        return next((member.name for member in codecs.members() if essence in member.content_types), None)

    def _codec(self, name: str | None) -> Codec:
        shared = self._codecs.get(name)
        if shared is not None:
            return shared
        codec = self._make_codec() if name is None else self._codec_named(name)
        if not codec.stateful:
            self._codecs[name] = codec
        return codec


def _steps(names: Sequence[str]) -> list[Preprocessor]:
    return [preprocessors.get(name)() for name in names]
