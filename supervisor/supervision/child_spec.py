"""`ChildSpec`: everything a supervisor has to know about one child (OTP: child specification)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from actors import Actor, MailboxLimits
from supervisor.supervision.errors import InvalidSupervision

__all__ = ["ChildKind", "ChildSpec", "Restart", "check_child_ids"]


class Restart(Enum):
    """After which ends a child is started again."""

    PERMANENT = "permanent"
    """After every one."""
    TRANSIENT = "transient"
    """After a crash or a kill; an expected end means that its work is done."""
    TEMPORARY = "temporary"
    """Never, and it is forgotten when it is gone."""


class ChildKind(Enum):
    """What a child is."""

    WORKER = "worker"
    SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """How to start, stop, restart and watch over one child. Raises `InvalidSupervision`, naming the setting.

    ``id``                         what people call it; also the actor's name, so unique in the actor system.
    ``factory``                    makes the actor, once for each incarnation, in the child's own greenlet.
    ``restart``                    after which ends it is started again.
    ``kind``                       a worker is stopped when its mailbox is empty (drained), a supervisor at once.
    ``shutdown_timeout_seconds``   how long it may take to stop before it is killed. ``None``: wait for ever, which is
                                   right for supervisors, as their children have timeouts; 0: kill at once.
    ``start_timeout_seconds``      how long its ``on_start`` may take before that counts as a failed start; ``None``:
                                   for ever, which is right for supervisors.
    ``limits``                     bounds of its mailbox.
    ``poison_after``               a message that was in hand in so many crashes in a row goes to dead letters. Above
                                   the supervisor's ``max_restarts``, the supervisor gives up first.
    ``max_message_time_seconds``   CPU time for one message before it counts as a crash; ``None``: no bound.
    ``stall_after_seconds``        how long it may process nothing while input waits, unless it waits itself for room
                                   downstream, before it is killed and restarted; ``None``: for ever.
    ``counts_in_hand``             what it has in hand is input that waits, too: for one that hands over to the outside
                                   world, where somebody waits for the answer and not for room in its mailbox.
    """

    id: str
    factory: Callable[[], Actor[Any]] = field(repr=False)
    restart: Restart = Restart.PERMANENT
    kind: ChildKind = ChildKind.WORKER
    shutdown_timeout_seconds: float | None = 5.0
    start_timeout_seconds: float | None = 30.0
    limits: MailboxLimits = field(default_factory=MailboxLimits)
    poison_after: int = 3
    max_message_time_seconds: float | None = None
    stall_after_seconds: float | None = None
    counts_in_hand: bool = False

    def __post_init__(self) -> None:
        self._check_id()
        self._check_types()
        self._check_seconds("shutdown_timeout_seconds", zero=True)
        self._check_seconds("start_timeout_seconds")
        self._check_seconds("max_message_time_seconds")
        self._check_seconds("stall_after_seconds")
        if (
            isinstance(self.poison_after, bool)
            or not isinstance(self.poison_after, int)
            or self.poison_after < 1
        ):
            raise self._invalid("poison_after", "write a whole number, 1 or more")
        if self.kind is ChildKind.SUPERVISOR and self.stall_after_seconds is not None:
            raise self._invalid(
                "stall_after_seconds", "no flow passes through a supervisor; set it on its children"
            )

    def _check_id(self) -> None:
        if not isinstance(self.id, str) or not self.id or not self.id.isprintable():
            raise InvalidSupervision(
                f"the id of a child is {self.id!r}; write a printable text that is not empty"
            )

    def _check_types(self) -> None:
        if not callable(self.factory):
            raise self._invalid("factory", "give a callable that makes the actor, such as its class")
        for name, expected in (("restart", Restart), ("kind", ChildKind), ("limits", MailboxLimits)):
            if not isinstance(getattr(self, name), expected):
                raise self._invalid(name, f"give a {expected.__name__}")

    def _check_seconds(self, name: str, *, zero: bool = False) -> None:
        value = getattr(self, name)
        if value is None:
            return
        number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not number or value < 0 or (value == 0 and not zero):
            bound = "0 or more" if zero else "above 0"
            raise self._invalid(name, f"write a number of seconds {bound}, or None for no limit")

    def _invalid(self, setting: str, remedy: str) -> InvalidSupervision:
        return InvalidSupervision(f"child {self.id!r}: {setting} is {getattr(self, setting)!r}; {remedy}")


def check_child_ids(specs: Iterable[ChildSpec]) -> None:
    """Raise `InvalidSupervision` when two children of one supervisor have the same id."""
    seen: set[str] = set()
    for spec in specs:
        if spec.id in seen:
            raise InvalidSupervision(f"two children have the id {spec.id!r}; give each its own")
        seen.add(spec.id)
