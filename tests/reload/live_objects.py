"""Counts what lives of the engine's own classes: what grows from reload to reload is kept by somebody."""

from __future__ import annotations

import gc
from collections import Counter

__all__ = ["live_objects"]

_OWN = ("actors", "pipelines", "ramps", "supervisor")


def live_objects() -> Counter[str]:
    """How many there are of each class, when all garbage is gone."""
    gc.collect()
    kinds = map(type, gc.get_objects())
    # Some class has a descriptor there.
    own = (kind for kind in kinds if str(kind.__module__).partition(".")[0] in _OWN)
    return Counter(f"{kind.__module__}.{kind.__qualname__}" for kind in own)
