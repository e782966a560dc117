"""Frames of a link. Pure: bytes in, frames out.

A frame is a prefix of 27 bytes, a head (a short MessagePack array), and a payload::

    magic  kind  sequence  ingest_ns  bytes of the head  bytes of the payload
    2      u8    u64       i64        u32                u32

========  =======================================================================================================
HELLO     to the server, first: [version, identity of the sender, whether its input has ended]
WELCOME   the answer: [why the server can take nothing now, or ""]
BATCH     to the server: [form, origin, lengths, counts, metadata]; the payload is all packets in one piece
END       to the server: the sender's input has ended, nothing more comes
ANSWER    to a BATCH or END by its sequence number: [outcome, why, indices of refused events, exit code]
CLOSED    to the sender, unasked: [why]; the server can take nothing until OPEN
OPEN      to the sender, unasked
ENOUGH    to the sender, unasked: send what was meant for us, then END, and no more
SETTLED   to the sender, unasked: [sequence numbers, what became of each in the end], where at-least-once is promised
========  =======================================================================================================

Both ends are the same program on the same machine, so numbers in arrays are as the machine writes them. A frame that
makes no sense is a `WireError` all the same: whoever sent it is cut off.
"""

from __future__ import annotations

import struct
from array import array
from enum import IntEnum
from itertools import accumulate
from typing import Any, NamedTuple

import msgpack

from ramps.errors import ConnectionLost, Rejected

__all__ = [
    "VERSION",
    "Answer",
    "Form",
    "Frame",
    "FrameReader",
    "Kind",
    "Outcome",
    "Shipment",
    "WireError",
    "packed",
]

VERSION = 2

_PREFIX = struct.Struct("!2sBQqII")
_MAGIC = b"\xafL"
_READ_BYTES = 65536
# The path of a file may hold bytes that are no text.
_SURROGATES = "surrogatepass"
_MAX_WHY_CHARACTERS = 4096


class WireError(ConnectionLost):
    """The other side does not keep to the protocol."""


class Kind(IntEnum):
    """What a frame is for."""

    HELLO = 1
    WELCOME = 2
    BATCH = 3
    END = 4
    ANSWER = 5
    CLOSED = 6
    OPEN = 7
    ENOUGH = 8
    SETTLED = 9


class Form(IntEnum):
    """What the packets of a BATCH are."""

    PACKETS = 1
    """Encoded events, ready for the outside."""
    FRAMES = 2
    """Whole frames from the outside, to be decoded."""
    VALUES = 3
    """Events in MessagePack, for those who want their values."""


class Outcome(IntEnum):
    """What became of a batch."""

    TAKEN = 0
    """All of it was taken, but for the events that are refused for good."""
    STOPPED = 1
    """Nobody will ever take it: the sender's deployment is to stop."""


class Frame(NamedTuple):
    """One frame."""

    kind: Kind
    sequence: int
    ingest_ns: int
    head: list[Any]
    payload: bytes


def packed(
    kind: Kind,
    head: list[Any] | tuple[Any, ...] = (),
    payload: bytes = b"",
    *,
    sequence: int = 0,
    ingest_ns: int = 0,
    max_bytes: int,
) -> bytes:
    """The bytes of a frame. Raises `Rejected` if the head and the payload have more than ``max_bytes``."""
    packed_head = msgpack.packb(head, unicode_errors=_SURROGATES)
    size = len(packed_head) + len(payload)
    if size > max_bytes:
        raise Rejected(
            f"{size} bytes are too much for one frame of a link between executors, {max_bytes} is the limit"
        )
    prefix = _PREFIX.pack(_MAGIC, kind, sequence, ingest_ns, len(packed_head), len(payload))
    return b"".join((prefix, packed_head, payload))


class FrameReader:
    """Makes frames of the bytes of one connection, in chunks of any size. Holds one frame at most."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._prefix: tuple[int, int, int, int, int] | None = None

    @property
    def wanted(self) -> int:
        """How many bytes to read at a time: what the frame lacks, if that is much."""
        prefix = self._prefix
        missing = 0 if prefix is None else prefix[3] + prefix[4] - len(self._buffer)
        return max(missing, _READ_BYTES)

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete with this chunk. Raises `WireError` as soon as one cannot be right; the reader
        is of no use then.
        """
        buffer = self._buffer
        buffer += data
        frames: list[Frame] = []
        while True:
            prefix = self._prefix
            if prefix is None:
                if len(buffer) < _PREFIX.size:
                    self._check_magic()
                    return frames
                prefix = self._prefix = self._read_prefix()
            kind, sequence, ingest_ns, head_bytes, payload_bytes = prefix
            end = head_bytes + payload_bytes
            if len(buffer) < end:
                return frames
            with memoryview(buffer) as view:
                head, payload = bytes(view[:head_bytes]), bytes(view[head_bytes:end])
            del buffer[:end]
            self._prefix = None
            frames.append(Frame(Kind(kind), sequence, ingest_ns, _unpacked(head), payload))

    def _check_magic(self) -> None:
        if not _MAGIC.startswith(bytes(self._buffer[:2])):
            raise WireError("what comes over the link is no frame")

    def _read_prefix(self) -> tuple[int, int, int, int, int]:
        self._check_magic()
        _, kind, sequence, ingest_ns, head_bytes, payload_bytes = _PREFIX.unpack_from(self._buffer)
        if not Kind.HELLO <= kind <= Kind.SETTLED:
            raise WireError(f"there is no frame of kind {kind}")
        if head_bytes + payload_bytes > self._max_bytes:
            raise WireError(f"a frame of {head_bytes + payload_bytes} bytes; {self._max_bytes} is the limit")
        del self._buffer[: _PREFIX.size]
        return kind, sequence, ingest_ns, head_bytes, payload_bytes


def _unpacked(head: bytes) -> list[Any]:
    try:
        value = msgpack.unpackb(head, raw=False, strict_map_key=True, unicode_errors=_SURROGATES)
    except (ValueError, TypeError, OverflowError, msgpack.UnpackException) as error:
        raise WireError(f"the head of a frame is broken: {error}") from None
    if not isinstance(value, list):
        raise WireError("the head of a frame is no list")
    return value


class Shipment(NamedTuple):
    """What a BATCH holds. ``lengths`` has the bytes of each packet, ``counts`` the packets of each event; it is empty
    where each event has one. ``metas`` is the events' metadata in MessagePack, or empty.
    """

    form: Form
    origin: str
    lengths: array[int]
    counts: array[int]
    metas: bytes
    payload: bytes
    ingest_ns: int

    def __len__(self) -> int:
        return len(self.counts) or len(self.lengths)

    def packed(self, sequence: int, max_bytes: int) -> bytes:
        """The bytes of the frame. Raises `Rejected` if there are too many."""
        head = (self.form, self.origin, self.lengths.tobytes(), self.counts.tobytes(), self.metas)
        return packed(
            Kind.BATCH, head, self.payload, sequence=sequence, ingest_ns=self.ingest_ns, max_bytes=max_bytes
        )

    @classmethod
    def of(cls, frame: Frame) -> Shipment:
        """What is in a frame of the kind BATCH. Raises `WireError` if it does not fit together."""
        match frame.head:
            case [int(form), str(origin), bytes(lengths), bytes(counts), bytes(metas)] if (
                form in Form._value2member_map_ and not len(lengths) % 4 and not len(counts) % 4
            ):
                shipment = cls(
                    Form(form),
                    origin,
                    array("I", lengths),
                    array("I", counts),
                    metas,
                    frame.payload,
                    frame.ingest_ns,
                )
            case _:
                raise WireError("the head of a batch is broken")
        if sum(shipment.lengths) != len(frame.payload):
            raise WireError("the lengths of a batch do not add up")
        if shipment.counts and sum(shipment.counts) != len(shipment.lengths):
            raise WireError("the counts of a batch do not add up")
        return shipment

    def packets(self) -> list[bytes]:
        """All packets, one after the other."""
        payload, lengths = self.payload, self.lengths
        return [payload[end - length : end] for length, end in zip(lengths, accumulate(lengths), strict=True)]

    def packets_by_event(self) -> list[list[bytes]]:
        """The packets of each event."""
        packets, counts = self.packets(), self.counts
        if not counts:
            return [[packet] for packet in packets]
        return [packets[end - count : end] for count, end in zip(counts, accumulate(counts), strict=True)]


class Answer(NamedTuple):
    """What became of a batch: ``refused`` are indices of events that will never be taken, and ``why`` says why."""

    outcome: Outcome = Outcome.TAKEN
    why: str = ""
    refused: tuple[int, ...] = ()
    exit_code: int = 0

    def taken_of(self, count: int) -> int:
        """How many of so many events were taken."""
        return 0 if self.outcome is Outcome.STOPPED else count - len(self.refused)

    def packed(self, sequence: int, max_bytes: int) -> bytes:
        """The bytes of the frame."""
        head = (
            self.outcome,
            self.why[:_MAX_WHY_CHARACTERS],
            array("I", self.refused).tobytes(),
            self.exit_code,
        )
        return packed(Kind.ANSWER, head, sequence=sequence, max_bytes=max_bytes)

    @classmethod
    def of(cls, frame: Frame) -> Answer:
        """What is in a frame of the kind ANSWER. Raises `WireError` if it does not fit together."""
        match frame.head:
            case [int(outcome), str(why), bytes(refused), int(exit_code)] if (
                outcome in Outcome._value2member_map_ and not len(refused) % 4
            ):
                return cls(Outcome(outcome), why, tuple(array("I", refused)), exit_code)
        raise WireError("the head of an answer is broken")
