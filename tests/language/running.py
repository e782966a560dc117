"""Helpers for tests that run scripts."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pipelines.language import Limits, ScriptError, compile_script
from pipelines.language.dialect import DEFAULT_DIALECT
from pipelines.language.library.modules import MODULES


def value_of(text: str, event: Any = None, dialect: str = DEFAULT_DIALECT, **limits: int) -> Any:
    """What a script emits."""
    emitted = compile_script(text, dialect=dialect, limits=Limits(**limits)).run(event)
    assert emitted is not None
    return emitted.value


def evaluate(expression: str, event: Any = None, dialect: str = DEFAULT_DIALECT) -> Any:
    """The value of an expression that names modules by their last word, such as ``array::len(event)``."""
    uses = [
        f"use {'::'.join(path)};\n"
        for path in MODULES
        if len(path) > 1 and re.search(rf"(?<![\w:]){path[-1]}::", expression)
    ]
    return value_of("".join(uses) + expression, event, dialect)


def failure_of(text: str, event: Any = None, dialect: str = DEFAULT_DIALECT, **limits: int) -> ScriptError:
    """How a script fails."""
    with pytest.raises(ScriptError) as caught:
        compile_script(text, dialect=dialect, limits=Limits(**limits)).run(event)
    return caught.value


def failed_part(text: str, event: Any = None, dialect: str = DEFAULT_DIALECT) -> tuple[str, str]:
    """The message of a script's failure, and the part of the script where it is told."""
    diagnostic = failure_of(text, event, dialect).diagnostic
    assert diagnostic.span is not None
    return diagnostic.message, diagnostic.span.text
