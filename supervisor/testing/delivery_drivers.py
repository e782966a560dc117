"""`SourceDriver` and `SinkDriver`: the outsides of an onramp and an offramp, as `DeliveryBattery` needs them.

What they do runs in the same hub as the deployment, beside it: servers and senders are greenlets.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from supervisor.deployment.deployment import Deployment

__all__ = ["SinkDriver", "SourceDriver"]

Event = Mapping[str, Any]


class SourceDriver(ABC):
    """Whoever has events, and sends each again until it is acknowledged. One for each test; ``directory`` is its own,
    and empty. It outlives deployments, as the outside does.
    """

    keeps_order: ClassVar[bool] = True
    """Whether what is sent by one call after the other also arrives in this order, where nothing fails. What is sent
    by a single call always has to.
    """

    forgets_delivered: ClassVar[bool] = True
    """Whether nothing that was acknowledged comes again behind an orderly stop."""

    connects: ClassVar[bool] = False
    """Whether there are connections that can be cut."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @abstractmethod
    def options(self) -> dict[str, Any]:
        """The keys of ``[onramps.in]``, with bounds so small that `most_in_flight` events fit into a test."""

    @abstractmethod
    def most_in_flight(self, event_bytes: int) -> int:
        """How many events of about this size it has under way at most: what it holds back by itself."""

    def attach(self, deployment: Deployment) -> None:  # noqa: B027 there may be nothing to do
        """A deployment runs now, with this source as the onramp ``in``. Must not block."""

    def detach(self) -> None:  # noqa: B027
        """It is gone; another one may follow. Must not block for long."""

    @abstractmethod
    def send(self, events: Sequence[Event]) -> None:
        """Begin to send these events, now and in each deployment until they are acknowledged. Objects with a number
        ``n``. Must not block; may be called while no deployment runs.
        """

    @abstractmethod
    def acknowledged(self) -> set[int]:
        """The numbers of the events that the sender need not keep any more."""

    def cut(self) -> None:  # noqa: B027
        """Cut all connections, with what is under way on them. Called where ``connects`` is set."""

    def close(self) -> None:  # noqa: B027
        """Release everything."""


class SinkDriver(ABC):
    """Whatever takes events. One or two for each test; ``directory`` is its own, and empty."""

    keeps_order: ClassVar[bool] = True
    """Whether events arrive in the order in which they come to the offramp, where nothing fails."""

    takes_over: ClassVar[bool] = False
    """Whether something in front of the offramp (`pipelines`) acknowledges to the source before the outside has the
    event, as it keeps it itself.
    """

    faults: ClassVar[tuple[str, ...]] = ()
    """What `begin` knows. During each of them nothing is confirmed, and all of it ends by `mend`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @abstractmethod
    def options(self) -> dict[str, Any]:
        """The keys of ``[offramps.…]``."""

    def pipelines(self) -> dict[str, dict[str, Any]]:
        """Pipelines that belong in front of the offramp, by name, the first that events come to first."""
        return {}

    def most_kept(self, event_bytes: int) -> int:
        """How many events of about this size the `pipelines` keep at most."""
        return 0

    @abstractmethod
    def news(self) -> Sequence[Event]:
        """What the outside has for good since the last call, in order, repetitions included. Must not wait for more."""

    @abstractmethod
    def begin(self, fault: str) -> None:
        """Fail from now on, in one of the ways of ``faults``."""

    @abstractmethod
    def mend(self) -> None:
        """Take everything again. May be called when nothing is broken."""

    def close(self) -> None:  # noqa: B027
        """Release everything."""
