"""`ScriptOperator`: a script as a step of a pipeline, in a deployment's pipeline or in a query."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pipelines.emit import Emit
from pipelines.language.script import RunFunction, Script
from pipelines.operator import Kind, Operator

__all__ = ["UNLINKED", "ScriptOperator"]

UNLINKED = "unlinked port"
"""The reason in accounts for events to a computed port that nothing is linked to. No link can name it."""


class ScriptOperator(Operator):
    """One instance of a script, with a state of its own. ``args`` is what the script reads as ``args``.

    ``ports`` are the output ports that something is linked to. Those that the script names are always there; the others
    are for a script that computes names of ports (`Script.open_ports`): what it sends to any port that is not among
    them is dropped, and counted as `UNLINKED`, which is therefore the last of its ``outputs`` and to be left unlinked.
    """

    name = "script"
    summary = "Runs a script on each event."
    kind = Kind.EVENT
    reads_meta = True
    reads_batch = True

    def __init__(
        self,
        script: Script,
        args: dict[str, Any] | None = None,
        ports: Iterable[str] = (),
        options: Any = None,
    ) -> None:
        super().__init__(options)
        self.instance = script.start(args)
        self.changes_values = script.assigns_event
        self.writes_meta = script.assigns_meta
        self.emits_errors = script.emits_errors
        named = ["out", *sorted(script.ports)]
        self.outputs = tuple(dict.fromkeys(named))
        if script.open_ports:
            linked = dict.fromkeys([*named, *(port for port in ports if port != "err")])
            self.outputs = (*linked, UNLINKED)

    def event_function(self) -> Callable[..., Any]:
        """The script's own function; if it computes names of ports, one around it that looks at them."""
        if self.outputs[-1] != UNLINKED:
            return self.instance.function
        return _closed(self.instance.function, frozenset((*self.outputs, "err")))


def _closed(function: RunFunction, known: frozenset[str]) -> Callable[..., Any]:
    def run(event: Any, meta: dict[str, Any], occasion: Any) -> Any:
        result = function(event, meta, occasion)
        if type(result) is Emit and result.port not in known:
            return Emit(None, UNLINKED)
        return result

    return run
