"""`Script`: a compiled script. `ScriptInstance`: one that keeps its ``state`` between events.

Both are thin: the work is done by the Python function that the code generator made, `RunFunction`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pipelines.emit import Drop, Emit
from pipelines.language.diagnostic import Diagnostic
from pipelines.language.dialect import Dialect
from pipelines.language.library.function import Occasion
from pipelines.language.limits import Limits
from pipelines.language.routine import Program
from pipelines.values import copy_value

if TYPE_CHECKING:
    from pipelines.language.codegen import ProgramInstance

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

    def __init__(
        self, program: Program, dialect: Dialect, limits: Limits, warnings: Sequence[Diagnostic] = ()
    ) -> None:
        # The code generator needs this module.
        from pipelines.language.codegen import compile_program

        self._program = compile_program(program, dialect, limits)
        self.warnings = tuple(warnings)
        self.ports: frozenset[str] = program.ports - {"err"}
        """Output ports that the script names, besides ``out`` and ``err``."""
        self.open_ports: bool = program.open_ports
        """Whether it may also emit to ports whose names it computes."""
        self.emits_errors: bool = "err" in program.ports or program.open_ports
        """Whether it may itself emit to ``err``."""
        self.assigns_event: bool = program.assigns_event
        """Whether it may change an event in place. If not, one that it emits as it is stays the very same object."""
        self.assigns_meta: bool = program.assigns_meta
        """Whether it may change metadata."""
        self.growth: float = self._program.assembly.growth
        """How many times as large as what comes in that what leaves can be, at most."""

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
        instance = ScriptInstance(self._program.start(None, copy_value(state)))
        return instance.run(value, meta, ingest_ns, origin)

    def start(self, args: dict[str, Any] | None = None) -> ScriptInstance:
        """An instance that keeps ``state`` between events, and has these ``args``."""
        return ScriptInstance(self._program.start(copy_value(args)))

    def python_source(self) -> str:
        """The Python that it was compiled to, for reading only."""
        return self._program.python_source()


class ScriptInstance:
    """A script with a state of its own. Made by `Script.start`."""

    def __init__(self, instance: ProgramInstance) -> None:
        self._cell = instance.cell
        self.function: RunFunction = instance.function
        """What the pipeline compiler calls."""

    @property
    def state(self) -> Any:
        """The script's ``state``. It belongs to the script: only look at it, or replace it as a whole."""
        return self._cell.value

    @state.setter
    def state(self, value: Any) -> None:
        self._cell.value = value

    def run(
        self, value: Any, meta: dict[str, Any] | None = None, ingest_ns: int = 0, origin: str | None = None
    ) -> Emit | None:
        """As `Script.run`, with this instance's state."""
        # The function owns the outermost records only, and copies those inside before it changes them.
        event = value.copy() if value.__class__ is dict else value
        own_meta = dict(meta) if meta else {}
        result = self.function(event, own_meta, SimpleOccasion(ingest_ns, origin or ""))
        if result is Drop:
            return None
        if result.__class__ is Emit:
            return Emit(result.value, result.port, own_meta)
        return Emit(result, "out", own_meta)
