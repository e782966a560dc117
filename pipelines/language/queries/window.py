"""`Window`: one defined window, as a select uses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from pipelines.language.diagnostic import Diagnostic, ScriptError
from pipelines.language.library.function import Occasion
from pipelines.language.source import Span
from pipelines.language.values import UNSIGNED_MAX, type_name

__all__ = ["Window", "WindowScript"]


class WindowScript(Protocol):
    """What a window's ``script`` became."""

    def __call__(self, event: Any, meta: dict[str, Any], occasion: Occasion) -> Any:
        """How much the event counts, or what time it is. Raises `ScriptError`."""


@dataclass(frozen=True, slots=True)
class Window:
    """A tumbling window: of ``size`` events, or of ``interval_ns`` nanoseconds.

    With a ``script``, each event counts for as many as that says, or the time is what it says. ``eviction_ns``: what
    was not used for about that long is forgotten. ``max_groups``: how many groups may have such a window at once.
    ``emits_empty``: an interval in which nothing came emits as well, for each group that is known.
    """

    name: str
    size: int | None = None
    interval_ns: int | None = None
    script: WindowScript | None = None
    eviction_ns: int | None = None
    max_groups: int | None = None
    emits_empty: bool = False
    span: Span | None = None

    @property
    def follows_the_clock(self) -> bool:
        """Whether it closes with time, though nothing comes."""
        return self.interval_ns is not None and self.script is None

    def measure(self, event: Any, meta: dict[str, Any], occasion: Occasion) -> int:
        """How much an event counts, or its time in nanoseconds. Raises `ScriptError`."""
        if self.script is None:
            return 1 if self.interval_ns is None else occasion.ingest_ns
        value = self.script(event, meta, occasion)
        if type(value) is int and 0 <= value <= UNSIGNED_MAX:
            return value
        raise ScriptError(
            Diagnostic(
                f"the script of the window {self.name} gave {_shown(value)} for this event",
                self.span,
                "it must give a whole number of at least 0: how much the event counts, or its time in nanoseconds",
                "bad-window-value",
            ),
            event,
            meta,
        )


def _shown(value: Any) -> str:
    kind = type_name(value)
    return f"{value}" if type(value) in (int, float) else f"a value of the type {kind}"
