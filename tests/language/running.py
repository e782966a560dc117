"""For the tests of the library: scripts that use its modules, run."""

import re
from typing import Any

from pipelines.language import compile_script
from pipelines.language.library.modules import MODULES


def evaluate(expression: str, event: Any = None, dialect: str = "0.11") -> Any:
    """The value of an expression that names modules by their last word, such as ``array::len(event)``."""
    uses = [
        f"use {'::'.join(path)};\n"
        for path in MODULES
        if len(path) > 1 and re.search(rf"(?<![\w:]){path[-1]}::", expression)
    ]
    emitted = compile_script("".join(uses) + expression, dialect=dialect).run(event)
    assert emitted is not None
    return emitted.value
