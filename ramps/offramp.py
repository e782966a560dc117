"""`Offramp`: sends bytes out. What a connector implements; `ramps.offramp_actor` drives it.

A connector knows how to put packets on a wire or a disk. The driver encodes, postprocesses, retries with backoff,
answers contraflow and counts.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import ClassVar, Literal

from structlog.stdlib import BoundLogger

from actors.clock import Clock, HubClock
from actors.log import get_logger
from pipelines.batch import Batch
from pipelines.registry import Component, Registry
from ramps.joined_payloads import JoinedPayloads

__all__ = ["Offramp", "Outgoing", "offramps"]


class Outgoing:
    """One batch, encoded. Read only.

    ``packets`` holds, per event, what the codec and the postprocessors made of it (usually one packet, several
    where a postprocessor splits). ``batch`` is the batch that they came from: same length, same order.

    Without packets, the common cases, made without any work per event: each event is one of ``payloads`` (a list, or in
    one piece that is cut apart at the first question for more than `size`) and the ``terminator``; or all go out as
    they came in, ``text`` has them, with a newline behind each (and in its place the terminator).

    It is the same object at each try. A connector that sends a batch in pieces notes in ``taken`` and ``refusals`` how
    far it came, by index, so that no piece is sent twice, and that only the rest is given up when it has to be.
    """

    __slots__ = ("_packets", "_payloads", "_size", "_terminator", "_text", "batch", "refusals", "taken")

    def __init__(
        self,
        packets: list[list[bytes]] | None,
        batch: Batch,
        payloads: list[bytes] | JoinedPayloads | None = None,
        terminator: bytes = b"",
        text: bytes | None = None,
    ) -> None:
        self.batch = batch
        self._packets = packets
        self._payloads = payloads
        self._terminator = terminator
        self._text = text
        self._size = -1
        self.taken: set[int] = set()
        """The events that the outside took at an earlier try."""
        self.refusals: dict[int, str] = {}
        """The events that it refused for good, with what it said."""

    @property
    def pending(self) -> list[int]:
        """The events that were neither taken nor refused so far."""
        return [
            index
            for index in range(len(self.batch))
            if index not in self.taken and index not in self.refusals
        ]

    @classmethod
    def terminated(cls, payloads: list[bytes], terminator: bytes, batch: Batch) -> Outgoing:
        """One packet per event: payload + terminator."""
        return cls(None, batch, payloads, terminator)

    @property
    def packets(self) -> list[list[bytes]]:
        """The packets of each event."""
        packets = self._packets
        if packets is None:
            terminator, payloads = self._terminator, self._payloads_apart()
            if payloads is None:
                payloads = (self._text or b"")[:-1].split(b"\n")
            packets = self._packets = [[payload + terminator] for payload in payloads]
        return packets

    @property
    def size(self) -> int:
        """Bytes in all packets."""
        if self._size < 0:
            count, terminator = len(self.batch.values), len(self._terminator)
            if self._text is not None:
                self._size = len(self._text) + count * (terminator - 1)
            elif isinstance(self._payloads, JoinedPayloads):
                self._size = self._payloads.size + count * terminator
            elif self._payloads is not None:
                self._size = sum(map(len, self._payloads)) + count * terminator
            else:
                self._size = sum([len(packet) for event in self.packets for packet in event])
        return self._size

    def lengths(self) -> tuple[list[int], list[int]]:
        """The bytes of each packet, and the packets of each event: none where each event has one."""
        payloads = self._payloads_apart()
        if payloads:
            terminator_bytes = len(self._terminator)
            return [len(payload) + terminator_bytes for payload in payloads], []
        events = self.packets
        counts = [len(packets) for packets in events]
        lengths = [len(packet) for packets in events for packet in packets]
        return lengths, [] if counts.count(1) == len(counts) else counts

    def joined(self) -> bytes:
        """Everything in one piece, for byte streams."""
        terminator = self._terminator
        if self._text is not None:
            return self._text if terminator == b"\n" else self._text.replace(b"\n", terminator)
        payloads = self._payloads_apart()
        if payloads:
            return terminator.join(payloads) + terminator
        return b"".join([packet for event in self.packets for packet in event])

    def _payloads_apart(self) -> list[bytes] | None:
        payloads = self._payloads
        return payloads.pieces if isinstance(payloads, JoinedPayloads) else payloads

    def __len__(self) -> int:
        return len(self.batch)

    def __repr__(self) -> str:
        return f"<Outgoing {self.size} bytes of {self.batch!r}>"


class Offramp(Component):
    """The contract of a connector that sends events out.

    Life: ``__init__(options)`` → ``open()`` → ``write(outgoing)`` again and again → ``close()``; after a failure
    again from ``open()`` on the same object. One greenlet calls all of them.
    """

    default_codec: ClassVar[str] = "json"
    """The codec where the file names none."""

    default_postprocessors: ClassVar[tuple[str, ...]] = ()
    """The postprocessors where the file names none; stream-like offramps have ``("lines",)``."""

    encodes: ClassVar[bool] = True
    """False for a connector that wants values only (``outgoing.packets`` is then empty)."""

    single_owner: ClassVar[bool] = True
    """Whether two of it, in two processes, would get in each other's way (they write to one file). False where each
    can have a connection of its own. One that is single and ``encodes`` may be given batches that another process has
    encoded: their packets are there, and each value is ``None``."""

    forwards: ClassVar[bool] = False
    """Whether it only hands events to another process of the same deployment, which counts them as written."""

    confirms: Literal["write", "flush", "never"] = "never"
    """When it can promise that the outside has what it was given, as far as its options say: when `write` returns, when
    `flush` returns, or never. At-least-once needs one of the first two. An option may decide it for an instance, which
    then sets its own."""

    wants_end: ClassVar[bool] = False
    """Whether it is to hear, by `end_input`, that the onramp in front of it has come to its end."""

    @property
    def unconfirmed(self) -> int:
        """How much of what `write` took it still waits to hear of: a stop in order gives it time for that."""
        return 0

    @property
    def sated(self) -> bool:
        """Whether the other side wants no more. It is told by `end_input` when all that was sent to it is written, and
        whoever can send elsewhere does.
        """
        return False

    reads_meta: ClassVar[bool] = False
    """Whether it looks at the metadata of events (``outgoing.batch.metas``). For one that does not, pipelines need not
    collect them, and they may be missing."""

    @cached_property
    def clock(self) -> Clock:
        """Where it takes its time from. The driver sets its own before `open`; alone, it is the hub's."""
        return HubClock()

    @cached_property
    def log(self) -> BoundLogger:
        """Where it reports. The driver sets one that knows the component's name before `open`."""
        return get_logger("offramp", offramp=self.name)

    def check(self) -> None:
        """Look, without opening anything, for what `open` would refuse later. Called by ``supervisor check``.

        Raises `CannotOpen`. Must not block, touch the network or change anything.
        """

    @abstractmethod
    def open(self) -> None:
        """Acquire what writing needs. May block.

        Raises `CannotOpen` when waiting will not help, `ConnectionLost` (or any ``OSError``) when it may: the
        driver retries with backoff while the mailbox holds events back; `StopDeployment` when nobody is there to
        take anything and nobody will be.
        """

    @abstractmethod
    def write(self, outgoing: Outgoing) -> None:
        """Hand everything to the outside; returning means that it took it (as far as the connector's options
        promise). May block.

        Raises `Rejected` for events that the outside refuses for good (they leave by ``err``; all others of the
        batch were taken), `ConnectionLost` or ``OSError`` when it may work later: the driver closes, backs off,
        reopens and writes the *whole* batch again, the same object, so the outside may see some events twice,
        but none is lost; `StopDeployment` when nobody will ever take it. Anything else is a crash.
        """

    def end_input(self) -> None:
        """All that will ever come was written. Called only where ``wants_end`` is set. May block; raises
        `ConnectionLost` or ``OSError`` to be called again after a backoff.
        """

    def flush(self) -> bool | None:
        """Push out what is buffered. Called before a clean stop, and on each tick (about ten times a second) when
        something was written since. May block.

        Returns True to be called on the next tick again although nothing was written. Raises like `write`; a
        `StopDeployment` from here asks for an orderly stop, with nothing in hand.
        """
        return None

    @abstractmethod
    def close(self) -> None:
        """Release everything, also after a failed or repeated `open`. Called at least once; must not raise."""


offramps: Registry[Offramp] = Registry("offramp", "aftershock.offramps", "ramps.offramps")
"""All offramps by name."""
