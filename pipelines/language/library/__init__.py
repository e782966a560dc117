"""The function library: one file a module. Importing this fills `function.FUNCTIONS`."""

from __future__ import annotations

from pipelines.language.library import (
    array,
    base64,
    binary,
    chash,
    datetime,
    json,
    math,
    numbers,
    origin,
    otel,
    random,
    range,
    re,
    record,
    string,
    system,
    test,
    type,
    url,
)

__all__ = [
    "array", "base64", "binary", "chash", "datetime", "json", "math", "numbers", "origin", "otel", "random", "range",
    "re", "record", "string", "system", "test", "type", "url",
]  # fmt: skip
