"""The error tree of executors.

::

    SupervisionError
    └── ExecutorError                  root
        ├── ExecutorEnded              the process ended, or was killed, unasked: the supervisor decides
        ├── ExecutorGaveUp             the tree in the process gave up: the supervisor decides
        └── ChannelBroken              what came over the control channel cannot be read
"""

from __future__ import annotations

from supervisor.supervision import SupervisionError

__all__ = ["ChannelBroken", "ExecutorEnded", "ExecutorError", "ExecutorGaveUp"]


class ExecutorError(SupervisionError):
    """Root of what goes wrong with executors."""


class ExecutorEnded(ExecutorError):
    """The process of an executor is gone without having been told to end.

    ``how`` says in what way, behind the name of whoever it happened to: ``"was killed by SIGKILL"``.
    """

    def __init__(self, how: str) -> None:
        super().__init__(f"the process {how}")
        self.how = how


class ExecutorGaveUp(ExecutorError):
    """The root supervisor of an executor gave up. The message says on what."""


class ChannelBroken(ExecutorError):
    """A message on the control channel is too long or is none of ours."""
