"""The aggregates: one file a family. Importing this fills `aggregate.AGGREGATES`."""

from pipelines.language.aggregates import (
    collecting,
    counting,
    ddsketch,
    ends,
    extremes,
    hdr_histogram,
    spread,
)

__all__ = ["collecting", "counting", "ddsketch", "ends", "extremes", "hdr_histogram", "spread"]
