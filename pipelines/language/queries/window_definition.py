"""From ``define … window`` to a `Window`."""

from __future__ import annotations

from pipelines.language.analysis import Definition, analyse_parameters, analyse_window_script
from pipelines.language.codegen import compile_expression
from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import Dialect
from pipelines.language.limits import Limits
from pipelines.language.queries.parameters import Reader
from pipelines.language.queries.window import Window, WindowScript
from pipelines.language.tree import DefineWindow

__all__ = ["define_window"]

_ALWAYS = ("size", "interval", "eviction_period")
_NEW = ("max_groups", "emit_empty_windows")


def define_window(
    definition: Definition, dialect: Dialect, limits: Limits, problems: Problems
) -> Window | None:
    """The window; ``None`` with errors noted if it cannot be used. Call it once for a definition."""
    node, scope = definition
    assert isinstance(node, DefineWindow)
    before = len(problems.errors)
    parameters = analyse_parameters(node.parameters, scope, dialect, problems)
    script: WindowScript | None = None
    if node.script is not None:
        routine = analyse_window_script(node.script, scope, dialect, problems)
        if len(problems.errors) == before:
            script = compile_expression(routine, dialect, limits)
    if node.kind != "tumbling":
        problems.error(
            f"{node.kind} windows are not available", node.span, "define a tumbling window", "window"
        )
    if len(problems.errors) > before:
        return None
    reader = Reader(parameters, node.parameters, f"the window `{node.name}`", node.span, problems)
    known = (*_ALWAYS, *_NEW) if dialect.group_limits else _ALWAYS
    if not dialect.group_limits:
        for name in _NEW:
            if reader.has(name):
                reader.unknown(f"`{name}` is not known in dialect {dialect.name}", name, "use dialect 0.11")
                del parameters.values[name]
    reader.only(known)
    size, interval_ns = reader.whole("size", 1), reader.whole("interval", 1)
    eviction_ns, max_groups = reader.whole("eviction_period", 1), reader.whole("max_groups", 1)
    emits_empty = reader.boolean("emit_empty_windows")
    if not reader.has("size") and not reader.has("interval"):
        problems.error(
            f"the window `{node.name}` has neither `size` nor `interval`",
            node.span,
            "say how many events it holds (`size = 10`) or for how many nanoseconds it is open (`interval = …`)",
            "window",
        )
    if len(problems.errors) > before:
        return None
    if interval_ns is not None:
        # Both are allowed, and time counts then.
        size = None
    span = node.script.span if node.script else node.span
    return Window(node.name, size, interval_ns, script, eviction_ns, max_groups, emits_empty, span)
