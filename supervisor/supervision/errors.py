"""The error tree of supervision, sorted by what the caller does next.

::

    SupervisionError                   root
    ├── InvalidSupervision             a spec or a number makes no sense: the program must change
    ├── RestartIntensityExceeded       a supervisor gave up: its parent decides, at the root the program ends
    ├── ChildStartFailed               a child did not come up: the start that was asked for did not happen
    ├── StartTimeout                   recorded as the cause when a child was killed because it was not ready in time
    └── ChildRequestRefused            the request does not fit the child's state
        ├── UnknownChild               no child with that id
        ├── ChildAlreadyPresent        the id is taken; delete_child or restart_child it
        └── ChildRunning               terminate_child it first

A child that is killed for lack of progress has `actors.Stalled` as the error of its exit reason.
"""

from __future__ import annotations

__all__ = [
    "ChildAlreadyPresent",
    "ChildRequestRefused",
    "ChildRunning",
    "ChildStartFailed",
    "InvalidSupervision",
    "RestartIntensityExceeded",
    "StartTimeout",
    "SupervisionError",
    "UnknownChild",
]


class SupervisionError(Exception):
    """Root of the errors that supervision raises on purpose."""


class InvalidSupervision(SupervisionError, ValueError):
    """A child spec, an intensity or a set of children that cannot work. The message names the setting."""


class RestartIntensityExceeded(SupervisionError):
    """A supervisor crashed because its children crashed more often than its restart intensity allows.

    ``child`` is the id of the last one that crashed; that crash is the ``__cause__``.
    """

    def __init__(self, message: str, child: str) -> None:
        super().__init__(message)
        self.child = child


class ChildStartFailed(SupervisionError):
    """A child's start failed, and everything that was begun for it is undone. The reason is the ``__cause__``."""

    def __init__(self, message: str, child: str) -> None:
        super().__init__(message)
        self.child = child


class StartTimeout(SupervisionError):
    """A child was not ready within its ``start_timeout_seconds`` and was killed."""


class ChildRequestRefused(SupervisionError):
    """Root of the refusals of requests about one child. ``child`` is its id."""

    def __init__(self, message: str, child: str) -> None:
        super().__init__(message)
        self.child = child


class UnknownChild(ChildRequestRefused):
    """The supervisor has no child with that id."""


class ChildAlreadyPresent(ChildRequestRefused):
    """The supervisor has a child with that id already, running or not."""


class ChildRunning(ChildRequestRefused):
    """The request is only for a child that does not run."""
