"""``json``: values as JSON text, and back."""

from __future__ import annotations

from typing import Any

from pipelines.language.library.function import function
from pipelines.language.limits import Limits
from pipelines.language.runtime import json_text


@function(
    "json::decode(text: string) -> any",
    folds=True,
    fresh=True,
    example=('json::decode("[1, true, null]")', "[1,true,null]"),
)
def decode(text: str) -> Any:
    """The value of a JSON text."""
    return json_text.decode(text)


@function(
    "json::encode(value: any) -> string",
    folds=True,
    takes_limits=True,
    example=("json::encode([1, 2.0, null])", r'"[1,2.0,null]"'),
)
def encode(limits: Limits, value: Any) -> str:
    """The JSON text of a value, on one line and without blanks."""
    return json_text.encode(value, limits.string)


@function(
    "json::encode_pretty(value: any) -> string",
    folds=True,
    takes_limits=True,
    example=("json::encode_pretty([1, 2])", r'"[\n  1,\n  2\n]"'),
)
def encode_pretty(limits: Limits, value: Any) -> str:
    """The JSON text of a value, on many lines, with two blanks for each level."""
    return json_text.encode_pretty(value, limits.string)
