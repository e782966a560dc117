"""Which cores this process may use: what `auto` means, and where executors are pinned."""

from __future__ import annotations

import os

__all__ = ["core_of", "usable_cores"]


def usable_cores() -> tuple[int, ...]:
    """The numbers of the cores that the system lets this process run on, in order. At least one."""
    return tuple(sorted(os.sched_getaffinity(0)))


def core_of(executor: int, cores: tuple[int, ...]) -> int:
    """The core that executor k (from 1) is pinned to: the k-th, and round again where there are fewer."""
    return cores[(executor - 1) % len(cores)]
