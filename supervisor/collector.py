"""The collector of garbage in a process that is ours: what was made at the start is never looked at again.

Events are made and dropped by reference counts; what cycles there are come from exceptions and from users' code. Each
collection of the youngest generation looks at the events that are under way just then, for nothing. So it comes less
often, but still before what only it can free takes a few MiB. ``python -m benchmarks.collector`` measures the numbers.
"""

from __future__ import annotations

import gc
from typing import Final

__all__ = ["THRESHOLDS", "settle_collector"]

THRESHOLDS: Final = (10_000, 20, 50)
"""For `gc.set_threshold`: objects made minus objects freed before the youngest generation is looked at, and how often
that happens before the next older one is."""


def settle_collector() -> None:
    """Collect once, keep all that is left out of later collections, and collect less often. For a process that does
    nothing else than run a deployment, once it has started; a library must leave its host's collector alone.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
