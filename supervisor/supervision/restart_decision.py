"""Is a child that has ended to be started again? Restart type against kind of exit, as in OTP."""

from __future__ import annotations

from typing import Final

from actors import ExitKind
from supervisor.supervision.child_spec import Restart

__all__ = ["is_restarted"]

_FAILURES: Final = frozenset({ExitKind.CRASH, ExitKind.KILLED})

_RESTARTED_AFTER: Final = {
    Restart.PERMANENT: frozenset(ExitKind),
    Restart.TRANSIENT: _FAILURES,
    Restart.TEMPORARY: frozenset[ExitKind](),
}


def is_restarted(restart: Restart, kind: ExitKind) -> bool:
    """Whether a child of this restart type is started again after this kind of exit."""
    return kind in _RESTARTED_AFTER[restart]
