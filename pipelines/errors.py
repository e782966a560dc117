"""The error tree of `pipelines`, sorted by what the caller does next.

::

    PipelineError                  root
    ├── ConfigurationError         the user's text must change: message says what, where, and what to do
    │   └── UnknownComponent       no such name in a registry; carries suggestions
    ├── CannotStart                an operator cannot begin: the start fails, says why
    └── EventError                 this one event cannot be processed: it leaves by ``err``, the flow goes on

    NotNow (a BaseException)       an operator cannot take this batch yet: it is given again, after a while
"""

from __future__ import annotations

__all__ = ["CannotStart", "ConfigurationError", "EventError", "NotNow", "PipelineError", "UnknownComponent"]


class PipelineError(Exception):
    """Root of the errors that `pipelines` raises on purpose."""


class ConfigurationError(PipelineError):
    """What the user wrote cannot work. Shown to the user without a traceback.

    ``path`` leads to the offending value from the part that was being checked, as keys and indices, for instance
    ``("operators", 1, "rate")``, so that a caller that knows the file can point at line and column.
    """

    def __init__(self, message: str, path: tuple[str | int, ...] = (), hint: str = "") -> None:
        super().__init__(message)
        self.path = path
        self.hint = hint


class UnknownComponent(ConfigurationError):
    """A registry has no entry of that name."""

    def __init__(self, family: str, name: str, suggestions: list[str], known: list[str]) -> None:
        hint = f"did you mean {suggestions[0]!r}?" if suggestions else f"known: {', '.join(known)}"
        super().__init__(f"there is no {family} called {name!r}", hint=hint)
        self.family = family
        self.name = name
        self.suggestions = suggestions


class CannotStart(PipelineError):
    """An operator cannot begin its work. The message names the thing, the reason and the remedy."""


class EventError(PipelineError):
    """One event cannot be processed; it leaves by the ``err`` port and costs nothing but itself."""


class NotNow(BaseException):
    """An operator that stands alone in its pipeline cannot take a batch yet. Nothing was changed, and the batch is to
    be given again after a while, with ticks meanwhile. The text says for what it waits (``"room in the wal"``).

    Not an ``Exception``, so that it does not cost the events.
    """
