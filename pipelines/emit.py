"""What a per-event function returns besides a plain value: `Drop`, and `Emit` for another port or other metadata."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["Drop", "DropType", "Emit"]


class DropType:
    """The type of `Drop`, for annotations."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Drop"


Drop: Final = DropType()
"""Return it and the event ends here: counted as dropped on purpose, and confirmed to its source."""


class Emit:
    """An event on its way out of a function.

    ``port`` is one of the function's declared output ports. ``meta`` replaces the event's metadata; ``None`` keeps it.
    """

    __slots__ = ("meta", "port", "value")

    def __init__(self, value: Any, port: str = "out", meta: dict[str, Any] | None = None) -> None:
        self.value = value
        self.port = port
        self.meta = meta

    def __repr__(self) -> str:
        return f"Emit({self.value!r}, port={self.port!r}, meta={self.meta!r})"
