"""The error tree of `pipelines`, sorted by what the caller does next.

::

    PipelineError                  root
    ├── ConfigurationError         the user's text must change: message says what, where, and what to do
    │   └── UnknownComponent       no such name in a registry; carries suggestions
    └── EventError                 this one event cannot be processed: it leaves by ``err``, the flow goes on
"""

from __future__ import annotations

__all__ = ["ConfigurationError", "EventError", "PipelineError", "UnknownComponent"]


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


class EventError(PipelineError):
    """One event cannot be processed; it leaves by the ``err`` port and costs nothing but itself."""
