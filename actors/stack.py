"""Where greenlets are right now, for people: places in the code, and no values."""

from __future__ import annotations

import sys
import traceback
from typing import Any

from gevent import getcurrent

__all__ = ["stack_lines"]

_MAX_LINES = 100


def stack_lines(greenlet: Any) -> list[str]:
    """The calls that a greenlet is in, the innermost last, as ``"file:line function"``; none if it does not run.
    Of very many, the innermost.
    """
    frame = sys._getframe() if greenlet is getcurrent() else greenlet.gr_frame
    # The lines themselves are not read: that would be a look at the disk for each.
    calls = traceback.StackSummary.extract(
        traceback.walk_stack(frame) if frame is not None else (), limit=_MAX_LINES, lookup_lines=False
    )
    return [f"{call.filename}:{call.lineno} {call.name}" for call in reversed(calls)]
