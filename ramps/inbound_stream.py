"""`DecodingStream`: one stream of a `StreamIntake`, from chunks to batches, a chunk at a time."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

from pipelines.batch import Batch
from ramps.codec import SKIP, Codec
from ramps.error_events import Fault, error_batch
from ramps.errors import FrameError, IntakeFull
from ramps.preprocessor import BadFrame, Frame, PreprocessorChain, StampedFrame

if TYPE_CHECKING:
    from ramps.intake import StreamIntake

__all__ = ["DecodingStream"]

_MAX_REASONS = 10
_PLAIN = {bytes}


class DecodingStream:
    """See `InboundStream` for the contract.

    When `IntakeFull` is raised, no event of the chunk was sent, but the framing has seen it. A stream of whole frames
    (``reusable``) goes on as if that frame had not come. Any other one is at its end: drop it, and let the peer send
    again from the beginning. So a body that is to be taken as a whole or not at all is best fed as one whole frame.
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

    def feed(
        self, data: bytes, *, meta: dict[str, Any] | None = None, timeout: float | None = None
    ) -> tuple[int, int]:
        """Take in the next bytes. Blocks while downstream is full. Returns how many events and errors came of it."""
        self._check_usable()
        counts = self._take(self._chain.feed(data), meta, timeout)
        self._intake.bytes_in += len(data)
        return counts

    def end(self, *, timeout: float | None = None) -> tuple[int, int]:
        """Deliver what the framing still holds. Blocks and returns like `feed`."""
        self._check_usable()
        return self._take(self._chain.end(), None, timeout)

    def abort(self, reason: str) -> tuple[int, int]:
        """Send what the framing still holds to ``err``, with this reason. Blocks and returns like `feed`."""
        if self._refused:
            return 0, 0
        error = FrameError(reason)
        faults = [
            Fault("stream", frame.data if isinstance(frame, BadFrame) else bytes(frame), error, number)
            for number, frame in enumerate(self._chain.end(), self._frames + 1)
        ]
        return self._deliver([], faults, self._intake.now_ns(), None, None)

    def _take(
        self, frames: list[Frame], meta: dict[str, Any] | None, timeout: float | None
    ) -> tuple[int, int]:
        now_ns = self._intake.now_ns()
        numbers: Sequence[int] = range(self._frames + 1, self._frames + 1 + len(frames))
        faults: list[Fault] = []
        stamps: list[int] | None = None
        if set(map(type, frames)) <= _PLAIN:
            good = cast("list[bytes]", frames)
        else:
            good, stamps, numbers, faults = _sorted_out(frames, numbers, now_ns)
        values, errors = self._codec.decode_many(good)
        if errors:
            faults += [Fault("decode", good[index], error, numbers[index]) for index, error in errors]
            faults.sort(key=lambda fault: fault.frame or 0)
        if missing := len([None for value in values if value is SKIP]):
            kept = [index for index, value in enumerate(values) if value is not SKIP]
            values = [values[index] for index in kept]
            good = [good[index] for index in kept]
            stamps = stamps and [stamps[index] for index in kept]
        batches = self._batches(values, good, stamps, now_ns, meta)
        counts = self._deliver(batches, faults, now_ns, meta, timeout)
        self._frames += len(frames)
        self._intake.frames += len(frames)
        self._intake.skipped += missing - len(errors)
        return counts

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

    def _deliver(
        self,
        batches: list[Batch],
        faults: list[Fault],
        now_ns: int,
        meta: dict[str, Any] | None,
        timeout: float | None,
    ) -> tuple[int, int]:
        intake = self._intake
        self.reasons = [str(fault.error) for fault in faults[:_MAX_REASONS]]
        deliveries = [("out", batch) for batch in batches]
        for start in range(0, len(faults), intake.batch_max):
            part = faults[start : start + intake.batch_max]
            metas = _metas(meta, len(part))
            batch = error_batch(
                part, component=intake.component, origin=self._origin, ingest_ns=now_ns, metas=metas
            )
            deliveries.append(("err", batch))
        try:
            intake.deliver(deliveries, timeout)
        except IntakeFull:
            self._refused = not self._reusable
            raise
        return sum(map(len, batches)), len(faults)

    def _check_usable(self) -> None:
        if self._refused:
            raise RuntimeError(
                f"the stream from {self._origin} ended when the intake was full; open a new one"
            )


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
