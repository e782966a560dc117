"""For the tests of the library: expressions that use its modules."""

from __future__ import annotations

import re
from typing import Any

from pipelines.language.dialect import DEFAULT_DIALECT
from pipelines.language.library.modules import MODULES
from tests.language.script_runs import value_of


def evaluate(expression: str, event: Any = None, dialect: str = DEFAULT_DIALECT) -> Any:
    """The value of an expression that names modules by their last word, such as ``array::len(event)``."""
    uses = [
        f"use {'::'.join(path)};\n"
        for path in MODULES
        if len(path) > 1 and re.search(rf"(?<![\w:]){path[-1]}::", expression)
    ]
    return value_of("".join(uses) + expression, event, dialect)
