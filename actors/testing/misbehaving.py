"""Actors named for their faults, to test whoever has to live with them.

All of them answer an ask with the message itself, and tell a listener what happens to them. ``CrashesOnStart`` is a
factory rather than an actor: it counts over the incarnations, which an actor, new each time, cannot do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gevent
from gevent.event import Event

from actors.actor import Actor
from actors.messages import ExitReason

__all__ = [
    "CrashesOn",
    "CrashesOnStart",
    "CrashesOnStop",
    "Flawless",
    "HangsOn",
    "HangsOnStart",
    "HangsOnStop",
    "IgnoresKill",
    "StopsNormally",
]


class Flawless(Actor[Any]):
    """Does nothing wrong: what the others are compared with.

    ``on_event`` is called with ``"start"`` and ``None``, with ``"message"`` and the message, with ``"stop"`` and the
    `ExitReason`.
    """

    def __init__(self, on_event: Callable[[str, Any], None] | None = None) -> None:
        self.on_event = on_event or _nothing

    def on_start(self) -> None:
        """Tell the listener."""
        self.on_event("start", None)

    def on_message(self, message: Any) -> Any:
        """Tell the listener, give the message back."""
        self.on_event("message", message)
        return message

    def on_stop(self, reason: ExitReason) -> None:
        """Tell the listener."""
        self.on_event("stop", reason)


class CrashesOn(Flawless):
    """Raises ``error`` whenever it gets ``message``."""

    def __init__(self, message: Any, error: Exception | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.message = message
        self.error = error or RuntimeError(f"crashes on {message!r}")

    def on_message(self, message: Any) -> Any:
        """Crash on that one."""
        super().on_message(message)
        if message == self.message:
            raise self.error
        return message


class StopsNormally(Flawless):
    """Has done its work when it gets ``message``."""

    def __init__(self, message: Any = "stop", **options: Any) -> None:
        super().__init__(**options)
        self.message = message

    def on_message(self, message: Any) -> Any:
        """Stop on that one."""
        if message == self.message:
            self.stop()
        return super().on_message(message)


class HangsOn(Flawless):
    """Never comes back from handling ``message``, until it is killed or ``released`` is set."""

    def __init__(self, message: Any = "hang", released: Event | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.message = message
        self.released = released or Event()

    def on_message(self, message: Any) -> Any:
        """Hang on that one."""
        super().on_message(message)
        if message == self.message:
            self.released.wait()
        return message


class HangsOnStart(Flawless):
    """Never becomes ready, until it is killed."""

    def on_start(self) -> None:
        """Hang."""
        super().on_start()
        Event().wait()


class HangsOnStop(Flawless):
    """Never comes back from `on_stop` when it is asked to stop, until it is killed."""

    def on_stop(self, reason: ExitReason) -> None:
        """Hang, unless it is too late for that."""
        super().on_stop(reason)
        if reason.expected:
            Event().wait()


class CrashesOnStop(Flawless):
    """Raises in `on_stop`."""

    def on_stop(self, reason: ExitReason) -> None:
        """Raise."""
        super().on_stop(reason)
        raise RuntimeError("crashes on stop")


class IgnoresKill(Flawless):
    """Swallows ``kills`` kills while it handles ``message``, which never ends otherwise."""

    def __init__(self, message: Any = "hang", kills: int = 1, **options: Any) -> None:
        super().__init__(**options)
        self.message = message
        self.kills = kills

    def on_message(self, message: Any) -> Any:
        """Hang on that one, and go on hanging."""
        super().on_message(message)
        if message == self.message:
            for _ in range(self.kills):
                try:
                    Event().wait()
                except gevent.GreenletExit:
                    continue
            Event().wait()
        return message


class CrashesOnStart:
    """A factory of actors of which the first ``times`` fail to start, after ``healthy`` that do not.

    ``factory`` makes the healthy ones.
    """

    def __init__(self, times: int, *, healthy: int = 0, factory: Callable[[], Actor[Any]] = Flawless) -> None:
        self.times = times
        self.healthy = healthy
        self.factory = factory
        self.made = 0
        """Incarnations so far."""

    def __call__(self) -> Actor[Any]:
        """The actor for the next incarnation."""
        self.made += 1
        if self.healthy < self.made <= self.healthy + self.times:
            return _CannotStart(self.made)
        return self.factory()


class _CannotStart(Actor[Any]):
    def __init__(self, incarnation: int) -> None:
        self.incarnation = incarnation

    def on_start(self) -> None:
        raise RuntimeError(f"incarnation {self.incarnation} crashes on start")


def _nothing(event: str, value: Any) -> None:
    pass
