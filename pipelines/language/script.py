"""`Script`: a compiled script. `ScriptInstance`: one that keeps its ``state`` between events.

Both are thin: the work is done by the Python function that the code generator made, `RunFunction`.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from pipelines.emit import Emit
from pipelines.language.diagnostic import Diagnostic
from pipelines.language.library.function import Occasion

__all__ = ["RunFunction", "Script", "ScriptInstance", "SimpleOccasion"]


class SimpleOccasion(NamedTuple):
    """When an event came in, and from where."""

    ingest_ns: int = 0
    origin: str = ""


class RunFunction(Protocol):
    """A script as a Python function, in the form that the pipeline compiler calls (`Kind.EVENT`, ``reads_batch``).

    It owns the event's outermost record and ``meta``, and changes them in place; what is inside of them is copied
    along the path of an assignment. It returns the new value of the event if that leaves by ``out``, an
    `pipelines.emit.Emit` for another port, or `pipelines.emit.Drop`. Raises `ScriptError`, with the event as it was
    when it failed. What it returns shares nothing with the script's constants or its state.
    """

    def __call__(self, event: Any, meta: dict[str, Any], occasion: Occasion) -> Any:
        """Work on one event."""


class Script:
    """A compiled script, which any number of threads of events can use. Made by `compile_script`."""

    warnings: tuple[Diagnostic, ...]
    ports: frozenset[str]
    """Output ports that the script names, besides ``out`` and ``err``."""
    open_ports: bool
    """Whether it may also emit to ports whose names it computes."""
    assigns_event: bool
    """Whether it may change an event in place. If not, an event that it emits as it is stays the very same object."""
    assigns_meta: bool
    """Whether it may change metadata."""

    def run(
        self,
        value: Any,
        meta: dict[str, Any] | None = None,
        state: Any = None,
        ingest_ns: int = 0,
        origin: str | None = None,
    ) -> Emit | None:
        """Work on one event: what it emits, or ``None`` for a drop. Changes neither ``value`` nor ``meta``.

        The result's ``meta`` is the metadata afterwards. Raises `ScriptError` if the script fails.
        """
        raise NotImplementedError

    def start(self, args: dict[str, Any] | None = None) -> ScriptInstance:
        """An instance that keeps ``state`` between events, and has these ``args``."""
        raise NotImplementedError

    def python_source(self) -> str:
        """The Python that it was compiled to, for reading only."""
        raise NotImplementedError


class ScriptInstance:
    """A script with a state of its own."""

    function: RunFunction
    """What the pipeline compiler calls."""
    state: Any

    def run(
        self, value: Any, meta: dict[str, Any] | None = None, ingest_ns: int = 0, origin: str | None = None
    ) -> Emit | None:
        """As `Script.run`, with this instance's state."""
        raise NotImplementedError
