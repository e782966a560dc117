"""`python`: a user's function as a step of a chain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from pipelines.errors import ConfigurationError
from pipelines.operator import operators
from pipelines.options import Options
from pipelines.python_function import PythonFunction, find_callable

__all__ = ["Python"]


class PythonOptions(Options):
    """Which function."""

    function: str = Field(description='"module:function" or "module:Class".')
    options: dict[str, Any] = Field(default_factory=dict, description="The keyword arguments of a class.")
    search_path: Path = Field(
        default=Path(),
        description="The directory where the module is looked for first, before the installed ones.",
    )


@operators.register
class Python(PythonFunction):
    """See `pipelines.python_function` for what a function may take and return."""

    name = "python"
    summary = "Calls a Python function for each event, or for each batch."
    example = """
[pipelines.scored]
operators = [{ type = "python", function = "scoring:Score", options = { threshold = 0.5 } }]
"""

    options: PythonOptions
    Options = PythonOptions

    def __init__(self, options: PythonOptions) -> None:
        spec = options.function
        try:
            found = find_callable(spec, search_path=options.search_path, options=options.options)
            super().__init__(found.function, declared=found.declared, where=spec, options=options)
        except ConfigurationError as error:
            error.path = error.path or ("function",)
            raise
