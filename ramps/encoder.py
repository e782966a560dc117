"""`Encoder`: from a batch of values to the packets that an offramp sends."""

from __future__ import annotations

from pipelines.batch import Batch
from ramps.codec import Codec
from ramps.errors import BadData
from ramps.offramp import Outgoing
from ramps.postprocessor import Postprocessor, PostprocessorChain

__all__ = ["Encoder"]


class Encoder:
    """Encodes batches with one codec and one chain of postprocessors.

    Postprocessors may keep state between events, so an encoder belongs to one connection: make a new one for each.
    Never blocks. The work is per batch wherever the postprocessors only append a terminator (or there is none).
    """

    def __init__(self, codec: Codec, postprocessors: list[Postprocessor]) -> None:
        self._codec = codec
        self._chain = PostprocessorChain(postprocessors)
        self._terminator: bytes | None = b""
        for step in postprocessors:
            if step.terminator is None:
                self._terminator = None
                break
            self._terminator += step.terminator

    def encode(self, batch: Batch) -> tuple[Outgoing, list[tuple[int, BadData]]]:
        """What can be sent of this batch, and what cannot: indices into ``batch`` with the reasons, ascending.

        Where something cannot be sent, the result's ``batch`` holds only the others; otherwise it is ``batch``
        itself. Raises nothing.
        """
        values = batch.values
        if not self._may_pass(batch):
            if self._terminator is not None and len(values) > 1:
                joined = self._codec.encode_joined(values)
                if joined is not None:
                    return Outgoing(None, batch, joined, self._terminator), []
            payloads, errors = self._codec.encode_many(values)
        else:
            text = self._unchanged_text(batch)
            if text is not None and self._terminator is not None:
                return Outgoing(None, batch, None, self._terminator, text), []
            payloads, errors = self._payloads(batch)
        if errors:
            for _, error in errors:
                error.forget_traceback()
        if self._terminator is None:
            return self._postprocess(payloads, batch, errors)
        if not errors:
            return Outgoing(None, batch, payloads, self._terminator), errors  # type: ignore[arg-type] # no None
        good = [index for index, payload in enumerate(payloads) if payload is not None]
        kept = [payload for payload in payloads if payload is not None]
        return Outgoing(None, batch.select(good), kept, self._terminator), errors

    def _may_pass(self, batch: Batch) -> bool:
        return (
            batch.frames is not None and self._codec.raw_passthrough and batch.raw_codec == self._codec.name
        )

    def _unchanged_text(self, batch: Batch) -> bytes | None:
        """The lines that the whole batch was decoded from, if it may go out as it came in."""
        frames = batch.frames
        return None if frames is None or batch.places is not None else frames.text

    def _payloads(self, batch: Batch) -> tuple[list[bytes | None], list[tuple[int, BadData]]]:
        codec = self._codec
        raws = batch.raws or []
        # A raw with a line break in it is one event on the way in (a message, a pretty-printed document), but
        # would be two for whoever reads lines on the other side.
        try:
            # One look at all of them in one piece is ten times faster than one at each.
            if b"\n" not in b"".join(raws):  # type: ignore[arg-type] # None is what the except is for
                return raws, []
        except TypeError:
            pass
        stale = [index for index, raw in enumerate(raws) if raw is None or b"\n" in raw]
        values = batch.values
        encoded, errors = codec.encode_many([values[index] for index in stale])
        payloads = list(raws)
        for index, payload in zip(stale, encoded, strict=True):
            payloads[index] = payload
        return payloads, [(stale[position], error) for position, error in errors]

    def _postprocess(
        self, payloads: list[bytes | None], batch: Batch, errors: list[tuple[int, BadData]]
    ) -> tuple[Outgoing, list[tuple[int, BadData]]]:
        process, ingest_ns = self._chain.process, batch.ingest_ns
        packets: list[list[bytes]] = []
        good: list[int] = []
        for index, payload in enumerate(payloads):
            if payload is None:
                continue
            try:
                packets.append(process(payload, ingest_ns))
            except BadData as error:
                error.forget_traceback()
                errors.append((index, error))
            else:
                good.append(index)
        if len(good) == len(payloads):
            return Outgoing(packets, batch), errors
        errors.sort(key=lambda item: item[0])
        return Outgoing(packets, batch.select(good)), errors
