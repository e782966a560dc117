"""`call_in_thread`: a blocking system call in gevent's thread pool, so that only the calling greenlet waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, TypeVarTuple

import gevent
from gevent.monkey import get_original

__all__ = ["call_in_thread", "native_lock"]

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


def native_lock() -> Any:
    """A lock of the operating system, for what several such calls share. The one of `threading` is gevent's in a
    process that is monkey-patched, and that one may leave native threads waiting for ever.

    Take it in a native thread only, or without blocking.
    """
    return get_original("threading", "Lock")()


def call_in_thread(function: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
    """The result of ``function(*arguments)``, or what it raises. Blocks cooperatively.

    A thread that is under way cannot be interrupted: whoever is killed here leaves the call to end by itself.
    """

    def call() -> tuple[Result | None, Exception | None]:
        # An exception that leaves the thread would be printed by gevent before it is raised here.
        try:
            return function(*arguments), None
        except Exception as error:
            return None, error

    result, error = gevent.get_hub().threadpool.apply(call)
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]
