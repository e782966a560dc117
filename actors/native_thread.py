"""`call_in_thread`: a blocking system call in gevent's thread pool, so that only the calling greenlet waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

import gevent

__all__ = ["call_in_thread"]

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


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
