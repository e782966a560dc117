"""An actor that only listens, for tests to ask what it heard."""

from __future__ import annotations

from collections import deque
from typing import Any

from actors.actor import Actor
from actors.ref import ActorRef
from actors.system import ActorSystem
from actors.testing.waiting import wait_until, wait_until_idle

__all__ = ["Probe"]


class _Listener(Actor[Any]):
    def __init__(self, heard: deque[Any]) -> None:
        self._heard = heard

    def on_message(self, message: Any) -> None:
        self._heard.append(message)


class Probe:
    """Spawns an actor (`ref`) that keeps what it is told in `heard`, oldest first."""

    def __init__(self, system: ActorSystem, name: str | None = None) -> None:
        self._system = system
        self.heard: deque[Any] = deque()
        self.ref: ActorRef[Any] = system.spawn(lambda: _Listener(self.heard), name=name)

    def watch(self, ref: ActorRef[Any]) -> None:
        """Hear `Terminated` when that actor ends."""
        ref._cell.add_watcher(self.ref._cell)

    def next(self, timeout: float = 5.0) -> Any:
        """The oldest message not seen yet; blocks until there is one, `AssertionError` after ``timeout`` seconds."""
        wait_until(lambda: self.heard, timeout, f"{self.ref.name} has heard something")
        return self.heard.popleft()

    def expect(self, message: Any, timeout: float = 5.0) -> None:
        """The next message must equal this one."""
        heard = self.next(timeout)
        assert heard == message, f"{self.ref.name} heard {heard!r} instead of {message!r}"

    def expect_none(self, timeout: float = 5.0) -> None:
        """Nothing may have come by the time that the system is idle."""
        wait_until_idle(self._system, timeout)
        assert not self.heard, f"{self.ref.name} heard {self.heard[0]!r}"
