"""The extractors: one file each. Importing this fills `extractor.EXTRACTORS`."""

from __future__ import annotations

from pipelines.language.extractors import (
    base64,
    cidr,
    datetime,
    dissect,
    glob,
    grok,
    influx,
    json,
    kv,
    re,
    rerg,
)

__all__ = ["base64", "cidr", "datetime", "dissect", "glob", "grok", "influx", "json", "kv", "re", "rerg"]
