"""The control channel between the parent and one executor: all messages as types, and their bytes.

A message travels as four bytes of length (big endian) and so many bytes of msgpack: a list of its type's name and its
fields in order. Both ends are ours and of one version, so there is nothing to negotiate; what cannot be read is a
broken channel, and the end of the executor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import msgpack

from supervisor.executors.errors import ChannelBroken

__all__ = [
    "MAX_MESSAGE_BYTES", "Answer", "Ask", "Decoder", "Final", "GaveUp", "Heartbeat", "Load", "Look", "Message",
    "Records", "Refused", "Run", "Started", "Stop", "StopAsked", "StopReading", "Told", "encode",
]  # fmt: skip

MAX_MESSAGE_BYTES = 128 * 1024 * 1024
"""The account of the largest deployment that may be written takes a third of that."""

_LENGTH_BYTES = 4


# --- from the parent -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Load:
    """The first message: what to make a plan of. Nothing runs before `Run`."""

    file: str
    text: str
    executors: int
    executor: int
    link_directory: str
    core: int | None
    """Where to run, if it is pinned."""
    heartbeat_seconds: float
    log_level: int
    python_path: str | None
    """``PYTHONPATH`` as the user has it: the parent has hidden it behind its own ``sys.path``."""


@dataclass(frozen=True, slots=True)
class Run:
    """Start the deployment; answered by `Started` or `Refused`."""

    ended: list[str]
    """The onramps whose input came to its end in an earlier incarnation: it must not be read again."""
    closing: bool
    """Whether the fleet is about to stop: nothing is to be read any more."""


@dataclass(frozen=True, slots=True)
class Begin:
    """All executors have started: let events come in."""


@dataclass(frozen=True, slots=True)
class StopReading:
    """Take nothing more in, and let what is under way arrive."""


@dataclass(frozen=True, slots=True)
class Look:
    """Is anything under way? Answered by `Answer`."""

    number: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop in order within so many seconds, and end. Answered by `Final`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Ask:
    """A question or an order that is answered by `Told` of that number: ``what`` is one of `Inquiries`."""

    number: int
    what: str
    arguments: list[Any]


# --- from the executor -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """All components of it are ready."""

    addresses: dict[str, str]


@dataclass(frozen=True, slots=True)
class Refused:
    """A component cannot start, and nothing runs; the process ends."""

    why: str
    component: str


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """It is alive. ``ended`` are the onramps that came to their end, ``awaiting`` how many others have read everything
    and wait for it to be delivered; ``account`` is not in each.
    """

    inputs: int
    ended: list[str]
    awaiting: int
    account: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Answer:
    """To `Look` of that number. ``moved`` grows with each event that any component took or gave."""

    number: int
    idle: bool
    moved: int


@dataclass(frozen=True, slots=True)
class Told:
    """To `Ask` of that number: plain data, or what went wrong, by the name of its class and in words."""

    number: int
    answer: Any
    error: list[str]


@dataclass(frozen=True, slots=True)
class StopAsked:
    """An offramp asks that the whole deployment stops."""

    why: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class GaveUp:
    """Its root supervisor gave up; the process ends, after `Final`."""

    why: str


@dataclass(frozen=True, slots=True)
class Final:
    """The account when everything has stopped. Nothing comes after it."""

    account: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Records:
    """Log records as plain data, see `supervisor.executors.records`; ``dropped`` more did not find room."""

    records: list[dict[str, Any]]
    dropped: int


Message = (
    Load | Run | Begin | StopReading | Look | Stop | Ask
    | Started | Refused | Heartbeat | Answer | Told | StopAsked | GaveUp | Final | Records
)  # fmt: skip

_TYPES: dict[str, type[Any]] = {
    type_.__name__: type_
    for type_ in (
        Load, Run, Begin, StopReading, Look, Stop, Ask,
        Started, Refused, Heartbeat, Answer, Told, StopAsked, GaveUp, Final, Records,
    )
}  # fmt: skip


def encode(message: Message) -> bytes:
    """The bytes of one message. Raises `ChannelBroken` when there are too many of them."""
    values = [getattr(message, field.name) for field in fields(message)]
    body: bytes = msgpack.packb([type(message).__name__, *values], unicode_errors="surrogatepass")
    if len(body) > MAX_MESSAGE_BYTES:
        raise ChannelBroken(f"a message of {len(body)} bytes is too long for the control channel")
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


class Decoder:
    """Messages from bytes that come in pieces of any size."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that are complete with these bytes. Raises `ChannelBroken` for what is none of ours."""
        buffer = self._buffer
        buffer += data
        start = 0
        try:
            while len(buffer) - start >= _LENGTH_BYTES:
                end = start + _LENGTH_BYTES + int.from_bytes(buffer[start : start + _LENGTH_BYTES], "big")
                if end - start > MAX_MESSAGE_BYTES + _LENGTH_BYTES:
                    raise ChannelBroken("a message on the control channel is too long")
                if len(buffer) < end:
                    return
                body = bytes(buffer[start + _LENGTH_BYTES : end])
                start = end
                yield _decode(body)
        finally:
            del buffer[:start]


def _decode(body: bytes) -> Message:
    try:
        name, *values = msgpack.unpackb(body, unicode_errors="surrogatepass", strict_map_key=False)
        message: Message = _TYPES[name](*values)
    except Exception as error:
        # msgpack has a dozen ways to fail, and one of ours to construct the wrong thing.
        raise ChannelBroken(f"a message on the control channel cannot be read: {error!r}") from error
    return message
