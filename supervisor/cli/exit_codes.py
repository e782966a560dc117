"""The exit codes of the command. They are fixed: scripts and service managers depend on them."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["ExitCode"]


class ExitCode(IntEnum):
    """What the command's exit code says."""

    OK = 0
    """All is well; a deployment ended by itself or was stopped in an orderly way, nothing lost."""
    INTERNAL_ERROR = 1
    """A bug in the command itself."""
    USAGE = 2
    """The command line is wrong (the code that click uses)."""
    INVALID_DEPLOYMENT = 3
    """The deployment's file, a script or a query has errors, or cannot be read."""
    CANNOT_START = 4
    """A component could not start: its port is in use, its file is missing."""
    GAVE_UP = 5
    """A component failed for good: it was restarted as often as its policy allows."""
    EVENTS_LOST = 6
    """It stopped, but events were lost, failed, or were left undelivered."""
    UNFORMATTED = 7
    """``format --check`` found a text that is not in the canonical layout."""
    CASES_FAILED = 8
    """``test``: a case did not come out as it expects."""
    UNHEALTHY = 9
    """``status``: a component or executor does not run, or is not connected."""
    UNREACHABLE = 10
    """A command for a running engine found none, or something else."""
    REFUSED = 11
    """A running engine was asked for something that it refuses: there is no such component, a token is missing."""
    INTERRUPTED = 130
    """Ended at once by SIGINT (128 + 2): a second one, or one to a command that has nothing to drain."""
    PIPE_CLOSED = 141
    """Whoever read the output has closed it (128 + SIGPIPE), as ``| head`` does."""
    TERMINATED = 143
    """Ended at once by a second SIGTERM (128 + 15)."""
