"""`DecodingStream`: one stream of a `StreamIntake`, from chunks to batches, a chunk at a time."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

from pipelines.batch import Batch
from pipelines.frames import Frames
from pipelines.ticket import Outcome, Ticket, forked_for, has_begun
from ramps.codec import SKIP, Codec
from ramps.error_events import Fault, error_batch
from ramps.errors import FrameError, IntakeFull
from ramps.preprocessor import BadFrame, Frame, PreprocessorChain, StampedFrame
from ramps.time_slice import TimeSlice

if TYPE_CHECKING:
    from ramps.intake import StreamIntake

__all__ = ["DecodingStream"]

_MAX_REASONS = 10
# Decoded and sent at a time. A chunk of 64 KiB may hold as many frames, and an error event takes a kilobyte.
_SLICE_FRAMES = 1024
_PLAIN = {bytes}
# What is decoded by one call, between whose lines nobody else can run.
_MAX_TEXT_BYTES = 128 * 1024


class DecodingStream:
    """See `InboundStream` for the contract.

    When `IntakeFull` is raised, no event of the chunk was sent, but the framing has seen it. A stream of whole frames
    (``reusable``) goes on as if that frame had not come. Any other one is at its end: drop it, and let the peer send
    again from the beginning. So a body that is to be taken as a whole or not at all is best fed as one whole frame.

    A chunk of many frames is decoded and sent in slices, and others run in between.
    """

    def __init__(
        self, intake: StreamIntake, origin: str, codec: Codec, chain: PreprocessorChain, *, reusable: bool
    ) -> None:
        self.reasons: list[str] = []
        self._intake = intake
        self._origin = origin
        self._codec = codec
        self._chain = chain
        self._reusable = reusable
        self._refused = False
        self._frames = 0
        self._time_slice = TimeSlice()
        self._ingest_ns = 0
        """When the frames in hand came in; 0: now."""

    @property
    def held(self) -> int | None:
        """Bytes whose frame is not complete yet; ``None`` where the preprocessors cannot tell, or where the codec needs
        what came before (a header).
        """
        return None if self._codec.stateful else self._chain.held

    def feed(
        self,
        data: bytes,
        *,
        meta: dict[str, Any] | None = None,
        timeout: float | None = None,
        ticket: Ticket | None = None,
    ) -> tuple[int, int]:
        """Take in the next bytes. Blocks while downstream is full. Returns how many events and errors came of it."""
        if self._refused:
            self._check_usable()
        try:
            text = self._chain.feed_lines(data) if len(data) <= _MAX_TEXT_BYTES else None
            if text is None:
                counts = self._take(self._chain.portions(data), meta, timeout, ticket)
            else:
                counts = self._take_lines(text, meta, timeout, ticket)
                # Not in there: who waits must not keep hold of a batch, and many may wait.
                self._time_slice.give_way()
        except BaseException as error:
            _broken_off(ticket, error)
            raise
        self._intake.bytes_in += len(data)
        return counts

    def feed_frames(
        self,
        frames: list[bytes],
        *,
        ingest_ns: int,
        meta: dict[str, Any] | None = None,
        ticket: Ticket | None = None,
    ) -> tuple[int, int]:
        """Take in frames that somebody else has cut out of a stream. Blocks and returns like `feed`."""
        self._check_usable()
        self._ingest_ns = ingest_ns
        try:
            counts = self._take([cast("list[Frame]", frames)], meta, None, ticket)
        except BaseException as error:
            _broken_off(ticket, error)
            raise
        finally:
            self._ingest_ns = 0
        self._intake.bytes_in += sum(map(len, frames))
        return counts

    def end(self, *, timeout: float | None = None, ticket: Ticket | None = None) -> tuple[int, int]:
        """Deliver what the framing still holds. Blocks and returns like `feed`."""
        self._check_usable()
        try:
            return self._take([self._chain.end()], None, timeout, ticket)
        except BaseException as error:
            _broken_off(ticket, error)
            raise

    def abort(self, reason: str) -> tuple[int, int]:
        """Send what the framing still holds to ``err``, with this reason. Blocks and returns like `feed`."""
        if self._refused:
            return 0, 0
        error = FrameError(reason)
        faults = [
            Fault("stream", frame.data if isinstance(frame, BadFrame) else bytes(frame), error, number)
            for number, frame in enumerate(self._chain.end(), self._frames + 1)
        ]
        self.reasons = [reason] * min(len(faults), _MAX_REASONS)
        self._intake.deliver(self._error_batches(faults, self._intake.now_ns(), None))
        return 0, len(faults)

    def _take_lines(
        self, text: bytes, meta: dict[str, Any] | None, timeout: float | None, ticket: Ticket | None
    ) -> tuple[int, int]:
        """Frames in one piece: the quick way for a codec that has one, if there is nothing wrong with any."""
        values = self._codec.decode_lines(text)
        if values is None:
            return self._take([cast("list[Frame]", Frames(text=text).pieces)], meta, timeout, ticket)
        intake, count = self._intake, len(values)
        deliveries = [("out", batch) for batch in self._line_batches(values, text, meta)]
        # While downstream works, and long after it if others have their turns, this waits in `deliver`.
        del values
        self.reasons = []
        try:
            intake.deliver(deliveries, timeout, ticket)
        except IntakeFull:
            self._refused = not self._reusable
            raise
        except BaseException:
            # What was not sent waits in `undelivered`, with forks of its own; or `deliver` had not even begun.
            if ticket is not None and has_begun(deliveries):
                ticket.answer()
            raise
        if ticket is not None:
            ticket.answer()
        self._frames += count
        intake.frames += count
        return count, 0

    def _line_batches(self, values: list[Any], text: bytes, meta: dict[str, Any] | None) -> list[Batch]:
        intake, frames = self._intake, Frames(text=text)
        now_ns, count, step = intake.now_ns(), len(values), intake.batch_max
        batches: list[Batch] = []
        for start in range(0, count, step):
            part = values if count <= step else values[start : start + step]
            batch = Batch(
                part,
                ingest_ns=now_ns,
                metas=None if meta is None else _metas(meta, len(part)),
                raw_codec=self._codec.name,
                origin=self._origin,
                size=len(text) * len(part) // count,
            )
            batch.frames = frames
            if part is not values:
                batch.places = range(start, start + len(part))
            batches.append(batch)
        return batches

    def _take(
        self,
        portions: Iterable[list[Frame]],
        meta: dict[str, Any] | None,
        timeout: float | None,
        ticket: Ticket | None = None,
    ) -> tuple[int, int]:
        intake = self._intake
        slices = self._slices(portions)
        first_frame, events, errors = self._frames, 0, 0
        self.reasons = []
        for frames in slices:
            deliveries, skipped = self._decode(frames, meta)
            sent = {"out": 0, "err": 0}
            for port, batch in deliveries:
                sent[port] += len(batch)
            try:
                intake.deliver(deliveries, timeout, ticket)
                self._time_slice.give_way()
            except IntakeFull:
                self._refused = not self._reusable
                self._frames = first_frame
                raise
            except BaseException:
                if ticket is not None and not has_begun(deliveries):
                    raise
                # Whoever is killed here has taken the whole chunk in.
                for rest in slices:
                    rest_of_it = self._decode(rest, meta)[0]
                    if ticket is not None:
                        forked_for(ticket, [batch for _port, batch in rest_of_it])
                    intake.undelivered.extend(rest_of_it)
                if ticket is not None:
                    ticket.answer()
                raise
            if deliveries:
                # With its first batch the chunk is taken in.
                timeout = None
            intake.frames += len(frames)
            intake.skipped += skipped
            events += sent["out"]
            errors += sent["err"]
        if ticket is not None:
            ticket.answer()
        return events, errors

    def _slices(self, portions: Iterable[list[Frame]]) -> Iterator[list[Frame]]:
        batch_max = self._intake.batch_max
        # A multiple, so that no batch is smaller for the cut.
        step = batch_max * max(1, _SLICE_FRAMES // batch_max)
        for frames in portions:
            for start in range(0, len(frames), step):
                yield frames[start : start + step]

    def _decode(
        self, frames: list[Frame], meta: dict[str, Any] | None
    ) -> tuple[list[tuple[str, Batch]], int]:
        """What is to be sent for these frames, and how many of them hold no event."""
        now_ns = self._ingest_ns or self._intake.now_ns()
        numbers: Sequence[int] = range(self._frames + 1, self._frames + 1 + len(frames))
        self._frames += len(frames)
        faults: list[Fault] = []
        stamps: list[int] | None = None
        if set(map(type, frames)) <= _PLAIN:
            good = cast("list[bytes]", frames)
        else:
            good, stamps, numbers, faults = _sorted_out(frames, numbers, now_ns)
        values, errors = self._codec.decode_many(good)
        if errors:
            for _, error in errors:
                error.forget_traceback()
            faults += [Fault("decode", good[index], error, numbers[index]) for index, error in errors]
            faults.sort(key=lambda fault: fault.frame or 0)
        if missing := len([None for value in values if value is SKIP]):
            kept = [index for index, value in enumerate(values) if value is not SKIP]
            values = [values[index] for index in kept]
            good = [good[index] for index in kept]
            stamps = stamps and [stamps[index] for index in kept]
        self.reasons += [str(fault.error) for fault in faults[: _MAX_REASONS - len(self.reasons)]]
        deliveries = [("out", batch) for batch in self._batches(values, good, stamps, now_ns, meta)]
        return deliveries + self._error_batches(faults, now_ns, meta), missing - len(errors)

    def _batches(
        self,
        values: list[Any],
        raws: list[bytes],
        stamps: list[int] | None,
        now_ns: int,
        meta: dict[str, Any] | None,
    ) -> list[Batch]:
        batches: list[Batch] = []
        for start, stop, ingest_ns in _spans(len(values), stamps, now_ns, self._intake.batch_max):
            part = raws[start:stop]
            batch = Batch(
                values[start:stop],
                ingest_ns=ingest_ns,
                metas=_metas(meta, len(part)),
                raws=cast("list[bytes | None]", part),
                raw_codec=self._codec.name,
                origin=self._origin,
                size=sum(map(len, part)),
            )
            batches.append(batch)
        return batches

    def _error_batches(
        self, faults: list[Fault], now_ns: int, meta: dict[str, Any] | None
    ) -> list[tuple[str, Batch]]:
        deliveries: list[tuple[str, Batch]] = []
        for start in range(0, len(faults), self._intake.batch_max):
            part = faults[start : start + self._intake.batch_max]
            batch = error_batch(
                part,
                component=self._intake.component,
                origin=self._origin,
                ingest_ns=now_ns,
                metas=_metas(meta, len(part)),
            )
            deliveries.append(("err", batch))
        return deliveries

    def _check_usable(self) -> None:
        if self._refused:
            raise RuntimeError(
                f"the stream from {self._origin} ended when the intake was full; open a new one"
            )


def _broken_off(ticket: Ticket | None, error: BaseException) -> None:
    """Whatever has not been answered by now lies nowhere in the engine: it broke off while it was framed or decoded."""
    if ticket is not None and not isinstance(error, IntakeFull):
        ticket.answer(Outcome.FAILED)


def _sorted_out(
    frames: list[Frame], numbers: Sequence[int], now_ns: int
) -> tuple[list[bytes], list[int], list[int], list[Fault]]:
    """The good frames, their time stamps and their numbers, and the bad ones."""
    good: list[bytes] = []
    stamps: list[int] = []
    kept: list[int] = []
    faults: list[Fault] = []
    for number, frame in zip(numbers, frames, strict=True):
        if isinstance(frame, BadFrame):
            faults.append(Fault("frame", frame.data, frame.error, number))
            continue
        kept.append(number)
        stamps.append(frame.ingest_ns if isinstance(frame, StampedFrame) else now_ns)
        # orjson takes bytes, but nothing derived from them.
        good.append(bytes(frame))
    return good, stamps, kept, faults


def _spans(
    count: int, stamps: list[int] | None, now_ns: int, batch_max: int
) -> Iterator[tuple[int, int, int]]:
    """Start, stop and time stamp of each batch: a new one for each other stamp, and after ``batch_max`` events."""
    runs = (
        [(now_ns, count)] if stamps is None else [(stamp, len(list(run))) for stamp, run in groupby(stamps)]
    )
    end = 0
    for stamp, length in runs:
        begin, end = end, end + length
        for start in range(begin, end, batch_max):
            yield start, min(start + batch_max, end), stamp


def _metas(meta: dict[str, Any] | None, count: int) -> list[dict[str, Any] | None] | None:
    """One copy of the metadata for each event, because whoever holds an event may change its metadata."""
    if meta is None:
        return None
    if any(isinstance(value, dict | list) for value in meta.values()):
        return [copy.deepcopy(meta) for _ in range(count)]
    return [meta.copy() for _ in range(count)]
