"""Fail points: what an engine does to itself at named places. Runs in the engine's processes, never in a test's.

``CHAOS_POINTS="after-read:7:kill,before-write:3:crash"``: when the place is passed for the seventh time, and for the
third. The actions:

=========  ==========================================================
``kill``   SIGKILL to this process
``stop``   SIGSTOP to this process; somebody else lets it go on
``crash``  an exception, which crashes the actor
``slay``   the actor is killed from outside, as by the watchdog
``full``   the error of a full disk
=========  ==========================================================

`tests.chaos.stage`, which each deployment of the suite has in its pipeline, installs them. The product's files know
nothing of them: methods of the drivers are wrapped here.
"""

from __future__ import annotations

import errno
import functools
import os
import signal
from collections import Counter
from collections.abc import Callable
from typing import Any

import gevent

from pipelines.actor import PipelineActor
from pipelines.operators.wal import Wal
from ramps.intake import StreamIntake
from ramps.offramp_actor import OfframpActor
from supervisor.supervision.supervisor_actor import Supervisor

__all__ = ["POINTS", "WAL_POINTS", "install"]

POINTS = (
    "after-read",
    "before-process",
    "after-process",
    "before-write",
    "after-write",
    "before-answer",
    "checkpoint",
    "restart-backoff",
)

WAL_POINTS = ("before-store", "after-store", "before-forget", "after-forget")
"""Of deployments that have a wal."""


class ChaosCrash(Exception):
    """The exception of ``crash``."""


_plan: dict[tuple[str, int], str] = {}
_passed: Counter[str] = Counter()


def _pass(point: str, actor: Any = None) -> None:
    _passed[point] += 1
    action = _plan.get((point, _passed[point]))
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "stop":
        os.kill(os.getpid(), signal.SIGSTOP)
    elif action == "full":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    elif action == "slay" and actor is not None:
        # Not from its own greenlet: it is to be hit wherever it happens to be next.
        gevent.get_hub().loop.run_callback(actor.ref.kill)
    elif action is not None:
        raise ChaosCrash(f"at {point}")


def _wrap(owner: Any, name: str, before: str = "", after: str = "") -> None:
    original = getattr(owner, name)

    @functools.wraps(original)
    def wrapped(self: Any, *args: Any, **options: Any) -> Any:
        actor = self if isinstance(self, OfframpActor | PipelineActor) else None
        if isinstance(self, Wal):
            # It works in its actor's greenlet.
            actor = gevent.getcurrent().cell
        if before:
            _pass(before, actor)
        result = original(self, *args, **options)
        if after:
            _pass(after, actor)
        return result

    setattr(owner, name, wrapped)


def _around(function: Callable[..., Any], before: str, after: str, actor: Any) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapped(*args: Any, **options: Any) -> Any:
        _pass(before, actor)
        result = function(*args, **options)
        if after:
            _pass(after, actor)
        return result

    return wrapped


def _wrap_work_of_actors() -> None:
    start_offramp, start_pipeline = OfframpActor.on_start, PipelineActor.on_start

    def on_start_offramp(self: Any) -> None:
        connector = self._part.connector
        connector.write = _around(
            type(connector).write.__get__(connector), "before-write", "after-write", self
        )
        start_offramp(self)

    def on_start_pipeline(self: Any) -> None:
        start_pipeline(self)
        self._process = _around(self._process, "before-process", "after-process", self)

    OfframpActor.on_start = on_start_offramp  # type: ignore[method-assign]
    PipelineActor.on_start = on_start_pipeline  # type: ignore[method-assign]


def install() -> None:
    """Once a process, if there is anything to do."""
    if _plan or not os.environ.get("CHAOS_POINTS"):
        return
    for item in os.environ["CHAOS_POINTS"].split(","):
        point, count, action = item.split(":")
        assert point in (*POINTS, *WAL_POINTS), point
        _plan[point, int(count)] = action
    _wrap(StreamIntake, "deliver", before="after-read")
    _wrap_work_of_actors()
    _wrap(OfframpActor, "_settle", before="before-answer")
    _wrap(Wal, "_stored", before="before-store", after="after-store")
    _wrap(Wal, "_forget_delivered", before="before-forget", after="after-forget")
    _wrap(Supervisor, "_restart_later", after="restart-backoff")
    for name in ("replace", "fsync", "fdatasync"):
        setattr(os, name, _around(getattr(os, name), "checkpoint", "", None))
