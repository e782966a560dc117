"""A supervisor on a virtual clock, and a journal of what its children live through."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import gevent
import pytest

from actors import Actor, ActorRef, ActorSystem
from actors.testing import Flawless, VirtualClock, settle
from pipelines.retry import BackoffOptions
from supervisor.supervision import ChildSpec, Supervisor

# The longest chain of hand-overs in these tests: nested supervisors that start or stop all their children.
HUB_PASSES = 40


class Stage:
    """An actor system on a virtual clock."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.system = ActorSystem(clock=self.clock)
        self.backoff = BackoffOptions(initial="100ms", factor=2, maximum="2s", jitter=0)
        self.journal: list[str] = []
        """``"start a"``, ``"stop a"``, ``"a got 1"``, in the order in which it happened."""

    def child(
        self, id: str, actor: Callable[..., Actor[Any]] = Flawless, /, *args: Any, **options: Any
    ) -> ChildSpec:
        """A spec for an actor of `actors.testing` that writes into the journal."""
        return ChildSpec(id, partial(actor, *args, on_event=partial(self._note, id)), **options)

    def supervise(self, *children: ChildSpec, **options: Any) -> ActorRef[Any]:
        """A running supervisor called ``top`` with exact backoff, whose children are ready."""
        options.setdefault("backoff", self.backoff)
        ref = self.system.spawn(partial(Supervisor, children, **options), name="top")
        self.settle()
        return ref

    def find(self, name: str) -> ActorRef[Any]:
        ref = self.system.find(name)
        assert ref is not None, f"no actor is called {name}"
        return ref

    def tell(self, name: str, *messages: Any) -> None:
        for message in messages:
            self.find(name).tell(message)
        self.settle()

    def settle(self) -> None:
        settle(HUB_PASSES)

    def advance(self, seconds: float) -> None:
        """Move the clock from call to call, with time for long chains in between."""
        self.settle()
        end = self.clock.now() + seconds
        while (wait := self.clock.next_call()) is not None and self.clock.now() + wait <= end:
            self.clock.advance(wait)
            self.settle()
        self.clock.advance(end - self.clock.now())
        self.settle()

    def news(self) -> list[str]:
        """What the journal holds since the last look."""
        news, self.journal[:] = list(self.journal), []
        return news

    def in_background(self, function: Callable[..., Any], *args: Any) -> Any:
        """Run something that waits for virtual time in a greenlet of its own."""
        greenlet = gevent.spawn(function, *args)
        self.settle()
        return greenlet

    def close(self) -> None:
        """End all actors, whatever they hang in."""
        closing = gevent.spawn(self.system.shutdown, 5.0)
        for _ in range(200):
            self.settle()
            if closing.ready():
                break
            self.clock.advance(1.0)
        closing.get(timeout=5.0)
        assert self.system.actors() == []

    def _note(self, id: str, event: str, value: Any) -> None:
        self.journal.append(f"{id} got {value}" if event == "message" else f"{event} {id}")


@pytest.fixture
def stage() -> Iterator[Stage]:
    with new_stage() as stage:
        yield stage


@pytest.fixture(scope="session")
def make_stage() -> Callable[[], AbstractContextManager[Stage]]:
    """For property tests, which need a new stage for each example."""
    return new_stage


@contextmanager
def new_stage() -> Iterator[Stage]:
    stage = Stage()
    try:
        yield stage
    finally:
        stage.close()


@pytest.fixture
def log_lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """The lines that supervision logged so far."""
    caplog.set_level(logging.INFO, logger="supervisor")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "supervisor"]
