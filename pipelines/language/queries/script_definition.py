"""From ``define script`` to a `Script`."""

from __future__ import annotations

from pipelines.language.analysis import analyse_script
from pipelines.language.diagnostic import Problems
from pipelines.language.dialect import Dialect
from pipelines.language.limits import Limits
from pipelines.language.script import Script
from pipelines.language.tree import DefineScript

__all__ = ["compile_definition"]


def compile_definition(
    node: DefineScript, dialect: Dialect, limits: Limits, problems: Problems
) -> Script | None:
    """The script; ``None`` with errors noted if it cannot be used. Call it once for a definition."""
    before = len(problems.errors)
    program = analyse_script(node.script, dialect, problems, limits=limits)
    if len(problems.errors) > before:
        return None
    return Script(program, dialect, limits)
