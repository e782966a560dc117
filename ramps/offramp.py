"""`Offramp`: sends bytes out. What a connector implements; `ramps.offramp_actor` drives it.

A connector knows how to put packets on a wire or a disk. The driver encodes, postprocesses, retries with backoff,
answers contraflow and counts.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from pipelines.batch import Batch
from pipelines.registry import Component, Registry

__all__ = ["Offramp", "Outgoing", "offramps"]


@dataclass(slots=True)
class Outgoing:
    """One batch, encoded.

    ``packets`` holds, per event, what the codec and the postprocessors made of it (usually one packet, several where a
    postprocessor splits). ``batch`` is the batch that they came from: same length, same order. Read only.
    """

    packets: list[list[bytes]]
    batch: Batch

    def joined(self) -> bytes:
        """Everything in one piece, for byte streams."""
        return b"".join([packet for event in self.packets for packet in event])


class Offramp(Component):
    """The contract of a connector that sends events out.

    Life: ``__init__(options)`` → ``open()`` → ``write(outgoing)`` again and again → ``close()``; after a failure again
    from ``open()`` on the same object. One greenlet calls all of them.
    """

    default_codec: ClassVar[str] = "json"
    """The codec where the file names none."""

    default_postprocessors: ClassVar[tuple[str, ...]] = ()
    """The postprocessors where the file names none; stream-like offramps have ``("lines",)``."""

    encodes: ClassVar[bool] = True
    """False for a connector that wants values only (``outgoing.packets`` is then empty)."""

    def check(self) -> None:  # noqa: B027 optional
        """Look, without opening anything, for what `open` would refuse later. Called by ``supervisor check``.

        Raises `CannotOpen`. Must not block, touch the network or change anything.
        """

    @abstractmethod
    def open(self) -> None:
        """Acquire what writing needs. May block. Raises `CannotOpen` when waiting will not help, `ConnectionLost` (or
        any ``OSError``) when it may: the driver retries with backoff while the mailbox holds events back.
        """

    @abstractmethod
    def write(self, outgoing: Outgoing) -> None:
        """Hand everything to the outside; returning means that it took it (as far as the connector's options promise).
        May block.

        Raises `Rejected` for events that the outside refuses for good (they leave by ``err``), `ConnectionLost` or
        ``OSError`` when it may work later: the driver closes, backs off, reopens and writes the *whole* batch again,
        so the outside may see some events twice, but none is lost. Anything else is a crash.
        """

    def flush(self) -> None:  # noqa: B027 optional
        """Push out what is buffered. Called before a clean stop, and on each tick (about ten times a second) when
        something was written since. May block. Raises like `write`.
        """

    @abstractmethod
    def close(self) -> None:
        """Release everything, also after a failed or repeated `open`. Called at least once; must not raise."""


offramps: Registry[Offramp] = Registry("offramp", "aftershock.offramps", "ramps.offramps")
"""All offramps by name."""
