"""A system for each test, and a look around afterwards: no test may leave a greenlet behind."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import gevent
import greenlet
import pytest

from actors import ActorSystem
from actors.testing import VirtualClock


def _greenlets() -> set[int]:
    return {id(each) for each in gc.get_objects() if isinstance(each, gevent.Greenlet) and bool(each)}


@pytest.fixture
def system() -> Iterator[ActorSystem]:
    before = _greenlets()
    with ActorSystem() as made:
        yield made
        assert made.shutdown(timeout=2.0)
    assert not _greenlets() - before


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def timed_system(clock: VirtualClock) -> Iterator[ActorSystem]:
    """A system whose time stands still unless the test moves it."""
    before = _greenlets()
    made = ActorSystem(clock=clock)
    yield made
    for ref in made.actors():
        ref.stop()
    made.shutdown(timeout=0.0)
    assert not _greenlets() - before


@pytest.fixture(autouse=True)
def deadline() -> Iterator[None]:
    """No test of the kernel takes half a minute; a lost wake-up must fail, not hang."""
    current = greenlet.getcurrent()
    with gevent.Timeout(30, AssertionError("a wake-up was lost: the test waited for 30 s")):
        yield
    assert greenlet.getcurrent() is current


@pytest.fixture
def run_patched() -> Callable[[str], str]:
    """Run a program in a process of its own that monkey-patches first; returns what it printed."""

    def run(program: str, timeout: float = 50.0) -> str:
        done = subprocess.run(
            [sys.executable, "-c", "from gevent import monkey; monkey.patch_all()\n" + program],
            capture_output=True,
            text=True,
            timeout=timeout,
            env=os.environ | {"PYTHONPATH": os.getcwd()},
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
