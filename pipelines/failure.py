"""The events that leave by ``err`` in place of one that could not be processed."""

from __future__ import annotations

import os
import traceback
from types import TracebackType
from typing import Any

from pipelines.errors import EventError

__all__ = ["describe_error", "error_event", "user_traceback"]

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_MAX_FRAMES = 20
_MAX_MESSAGE_CHARACTERS = 2_000
_MAX_TRACEBACK_CHARACTERS = 16_000

GENERATED_FILE = "<pipeline"
"""What the file names of compiled pipelines begin with."""


def error_event(component: str, operator: str, error: BaseException, value: Any) -> dict[str, Any]:
    """The value of an error event: ``error`` ("TypeError: …"), ``component``, ``operator`` (its id), ``event`` (the
    value as it was when the operator failed) and ``traceback`` (the user's own lines; empty for an `EventError`).

    For a `pipelines.language.ScriptError` ``event`` is what the script had made of the value, and ``position`` is the
    place in the script: ``file``, ``line``, ``column``.
    """
    if isinstance(error, EventError) and getattr(error, "event", None) is not None:
        value = error.event  # type: ignore[attr-defined] # the guard asks for it
    event = {
        "error": describe_error(error),
        "component": component,
        "operator": operator,
        "event": value,
        "traceback": user_traceback(error),
    }
    # Not asked by its class: the language stands above this module.
    diagnostic = getattr(error, "diagnostic", None) if isinstance(error, EventError) else None
    if diagnostic is not None and diagnostic.span is not None:
        event["position"] = {
            "file": diagnostic.file,
            "line": diagnostic.line,
            "column": diagnostic.column,
        }
    return event


def describe_error(error: BaseException) -> str:
    """The error in one line, of bounded length, even where its own ``__str__`` fails."""
    try:
        text = str(error)
    except Exception:
        text = "(its message cannot be shown)"
    if isinstance(error, EventError):
        return text[:_MAX_MESSAGE_CHARACTERS]
    name = type(error).__name__
    return f"{name}: {text[:_MAX_MESSAGE_CHARACTERS]}" if text else name


def user_traceback(error: BaseException) -> str:
    """The traceback from the user's first frame on, the engine's own frames left out; "" for an `EventError`."""
    if isinstance(error, EventError):
        return ""
    first = error.__traceback__
    while first is not None and _is_ours(first):
        first = first.tb_next
    try:
        lines = traceback.format_exception(
            type(error), error, first or error.__traceback__, limit=-_MAX_FRAMES, chain=first is not None
        )
    except Exception:
        # Formatting calls the exception's own methods and reads its own attributes, which may be broken as well.
        return describe_error(error)
    return "".join(lines)[-_MAX_TRACEBACK_CHARACTERS:]


def _is_ours(entry: TracebackType) -> bool:
    file = entry.tb_frame.f_code.co_filename
    return file.startswith((_PACKAGE, GENERATED_FILE))
