"""The analysis: names, constants, placement and warnings. From the parser's tree to `routine.Program` and its kin.

A tree is analysed once, since its nodes are changed. Everything that is wrong goes to `Problems`; what is returned is
of use only if no error was noted there.
"""

from __future__ import annotations

from pipelines.language.analysis import expressions as _expressions  # noqa: F401 - registers its visitors
from pipelines.language.analysis.declarations import analyse_declarations
from pipelines.language.analysis.routines import (
    analyse_parameters,
    analyse_script,
    analyse_select,
    analyse_window_script,
)
from pipelines.language.analysis.scope import Definition, Scope

__all__ = [
    "Definition", "Scope", "analyse_declarations", "analyse_parameters", "analyse_script",
    "analyse_select", "analyse_window_script",
]  # fmt: skip
