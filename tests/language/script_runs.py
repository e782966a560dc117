"""Helpers for tests that run scripts."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

from pipelines.language import Limits, Script, ScriptError, compile_script
from pipelines.language.dialect import DEFAULT_DIALECT


@lru_cache(maxsize=1000)
def _compiled(text: str, dialect: str, limits: Limits) -> Script:
    return compile_script(text, dialect=dialect, limits=limits)


def value_of(text: str, event: Any = None, dialect: str = DEFAULT_DIALECT, **limits: int) -> Any:
    """What a script emits."""
    emitted = _compiled(text, dialect, Limits(**limits)).run(event)
    assert emitted is not None
    return emitted.value


def failure_of(text: str, event: Any = None, dialect: str = DEFAULT_DIALECT, **limits: int) -> ScriptError:
    """How a script fails."""
    with pytest.raises(ScriptError) as caught:
        _compiled(text, dialect, Limits(**limits)).run(event)
    return caught.value


def failed_part(text: str, event: Any = None, dialect: str = DEFAULT_DIALECT) -> tuple[str, str]:
    """The message of a script's failure, and the part of the script where it is told."""
    diagnostic = failure_of(text, event, dialect).diagnostic
    assert diagnostic.span is not None
    return diagnostic.message, diagnostic.span.text
