"""The preprocessor `gelf-chunking`: joins the chunks of GELF messages that came in several datagrams."""

from __future__ import annotations

import time
from collections.abc import Callable

from pydantic import Field

from pipelines.options import Duration, Options, Size, format_duration, format_size
from ramps.errors import FrameError
from ramps.framing.gelf import CHUNK_MAGIC, HEADER, MAX_CHUNKS, is_unchunked
from ramps.preprocessor import BadFrame, Frame, Framing, Preprocessor, preprocessors

_PLAIN_MAGIC = b"\x1f\x3c"
# What holding a part costs beside its bytes: a part may be empty.
_PART_BYTES = 100


class GelfChunkingOptions(Options):
    """The limits."""

    max_frame: Size = Field(
        default="1MiB", gt=0, validate_default=True, description="The longest message, joined."
    )
    expire_after: Duration = Field(
        default="5s",
        gt=0,
        validate_default=True,
        description="How long the chunks of one message may take. An incomplete message leaves by err.",
    )
    max_messages: int = Field(
        default=1024,
        ge=1,
        description="The most incomplete messages at a time. One more drives out the oldest, which leaves by err.",
    )
    max_held: Size = Field(
        default="4MiB",
        gt=0,
        validate_default=True,
        description="The most memory for incomplete messages at a time. The oldest are driven out.",
    )


class _Message:
    __slots__ = ("count", "parts", "since", "size")

    @property
    def held_bytes(self) -> int:
        return self.size + len(self.parts) * _PART_BYTES

    def __init__(self, count: int, since: float) -> None:
        self.count = count
        self.since = since
        self.size = 0
        self.parts: dict[int, bytes] = {}

    def joined(self) -> bytes:
        return b"".join([self.parts[number] for number in sorted(self.parts)])


@preprocessors.register
class GelfChunking(Preprocessor):
    """Joins the chunks of GELF messages, in whatever order they come. Each datagram is taken as a whole.

    A chunk that comes twice counts once; but one that comes again after its message was complete begins a new message,
    which then expires. Expiry is looked at when a datagram comes. A message without chunks passes: a JSON object,
    gzip or zlib data, and what follows the bytes ``1f 3c``. ``now`` is the clock, in seconds.
    """

    name = "gelf-chunking"
    summary = "Joins the chunks of GELF messages from datagrams."
    example = 'preprocessors = ["gelf-chunking", "decompress"]'
    framing = Framing.NEEDED
    joins_frames = True
    options: GelfChunkingOptions
    Options = GelfChunkingOptions

    def __init__(
        self, options: GelfChunkingOptions | None = None, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(options)
        self._now = now
        # In the order of their first chunks, so that the oldest come first.
        self._messages: dict[bytes, _Message] = {}
        self._held_bytes = 0

    def feed(self, data: bytes) -> list[Frame]:
        """The message that this datagram is or completes, behind those that it drives out."""
        frames = self._expired() if self._messages else []
        if data.startswith(CHUNK_MAGIC):
            frames += self._take_chunk(data)
        elif data.startswith(_PLAIN_MAGIC):
            frames.append(data[len(_PLAIN_MAGIC) :])
        elif is_unchunked(data):
            frames.append(data)
        else:
            frames.append(BadFrame(data, FrameError("neither a GELF chunk nor JSON, gzip or zlib data")))
        return frames

    def feed_frame(self, frame: bytes) -> list[Frame]:
        """Like `feed`: what is under way outlives the datagram."""
        return self.feed(frame)

    def end(self) -> list[Frame]:
        """A `BadFrame` for each incomplete message."""
        return [
            self._driven_out(identity, "truncated: the stream ended") for identity in list(self._messages)
        ]

    def _take_chunk(self, data: bytes) -> list[Frame]:
        if len(data) < HEADER.size:
            return [
                BadFrame(data, FrameError(f"a GELF chunk of {len(data)} bytes; its header has {HEADER.size}"))
            ]
        _, identity, number, count = HEADER.unpack_from(data)
        if not number < count <= MAX_CHUNKS:
            return [
                BadFrame(
                    data, FrameError(f"GELF chunk number {number} of {count}; at most {MAX_CHUNKS}, from 0")
                )
            ]
        message = self._messages.get(identity)
        if message is None:
            message = self._messages[identity] = _Message(count, self._now())
        elif message.count != count:
            return [
                BadFrame(data, FrameError(f"a GELF chunk says {count} chunks, earlier ones {message.count}"))
            ]
        if number in message.parts:
            return []
        part = data[HEADER.size :]
        message.parts[number] = part
        message.size += len(part)
        self._held_bytes += len(part) + _PART_BYTES
        if message.size > self.options.max_frame:
            limit = format_size(self.options.max_frame)
            return [self._driven_out(identity, f"the message is longer than max_frame = {limit!r}")]
        if len(message.parts) == count:
            return [self._remove(identity).joined()]
        return self._over_limits()

    def _expired(self) -> list[Frame]:
        frames: list[Frame] = []
        horizon = self._now() - self.options.expire_after
        while self._messages:
            oldest = next(iter(self._messages))
            if self._messages[oldest].since > horizon:
                break
            allowed = format_duration(self.options.expire_after)
            frames.append(
                self._driven_out(oldest, f"the rest did not come within expire_after = {allowed!r}")
            )
        return frames

    def _over_limits(self) -> list[Frame]:
        frames: list[Frame] = []
        options = self.options
        while len(self._messages) > options.max_messages or self._held_bytes > options.max_held:
            oldest = next(iter(self._messages))
            frames.append(
                self._driven_out(oldest, "more incomplete messages than max_messages or max_held allow")
            )
        return frames

    def _driven_out(self, identity: bytes, reason: str) -> BadFrame:
        message = self._remove(identity)
        came = f"{len(message.parts)} of {message.count} chunks of a GELF message came"
        return BadFrame(message.joined(), FrameError(f"{came}; {reason}"))

    def _remove(self, identity: bytes) -> _Message:
        message = self._messages.pop(identity)
        self._held_bytes -= message.held_bytes
        return message
