"""What `backpressure` and `percentile` have in common: the judgement on how a write went."""

from __future__ import annotations

from pipelines.contraflow import Insight, InsightKind

__all__ = ["is_good"]


def is_good(insight: Insight, timeout_seconds: float) -> bool:
    """Whether downstream is well: it wrote the batch in time, or its connection is back."""
    if insight.kind in (InsightKind.FAIL, InsightKind.CLOSE):
        return False
    return insight.elapsed_seconds is None or insight.elapsed_seconds <= timeout_seconds
