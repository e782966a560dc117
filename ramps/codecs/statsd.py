"""`Statsd`: one StatsD metric a frame."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

from ramps.codec import Codec, codecs
from ramps.errors import DecodeError, EncodeError
from ramps.formats.codec_values import INTEGER_MAX, INTEGER_MIN, require_record

__all__ = ["Statsd"]

_METRIC = re.compile(r"([^:|@\s]+):([^|\r\n]*)\|(c|h|s|ms|g)(?:\|@([^|\r\n]+))?")
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_FLOAT = re.compile(
    r"[+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?|[+-]?[0-9]+[eE][+-]?[0-9]{1,4}"
)
_NAME = re.compile(r"[^:|@\s]+")
_MEMBER = re.compile(r"[^|\r\n]*")
_TYPES = ("c", "h", "s", "ms", "g")
_REQUIRED = frozenset({"metric", "type", "value"})
_OPTIONAL = frozenset({"action", "sample_rate"})
_SIGNS = {"add": "+", "sub": "-"}


@codecs.register
class Statsd(Codec):
    """``name:value|type[|@rate]`` as ``{metric, type, value, action?, sample_rate?}``, one metric a frame.

    ``type`` is ``c`` (counter), ``h`` (histogram), ``s`` (set), ``ms`` (timer) or ``g`` (gauge). A value is a
    ``float`` if it has a point or an exponent, else an ``int``; a member of a set may be text. A gauge with a sign
    has ``action`` ``"add"`` or ``"sub"`` and a value without its sign. Source: the metric types of StatsD,
    https://github.com/statsd/statsd/blob/master/docs/metric_types.md.
    """

    name = "statsd"
    summary = "One StatsD metric per frame."
    example = 'codec = "statsd"'

    def decode(self, frame: bytes) -> dict[str, Any]:
        """The metric. Raises `DecodeError`."""
        try:
            line = frame.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise DecodeError(f"not UTF-8: {error.reason} at byte {error.start}", error.start) from None
        match = _METRIC.fullmatch(line)
        if match is None:
            raise DecodeError("not a StatsD metric: expected name:value|type or name:value|type|@rate")
        metric, text, kind, rate = match.groups()
        event: dict[str, Any] = {"metric": metric, "type": kind}
        if kind == "g" and text[:1] in ("+", "-"):
            event["action"] = "add" if text[0] == "+" else "sub"
            text = text[1:]
            if text[:1] in ("+", "-"):
                raise DecodeError("the gauge has two signs")
        event["value"] = _number(text) if kind != "s" or _is_number(text) else text
        if rate is not None:
            event["sample_rate"] = _rate(rate)
        return event

    def encode(self, value: Any) -> bytes:
        """The metric's line. Raises `EncodeError`."""
        event = require_record(value, "statsd", _REQUIRED, _OPTIONAL)
        metric, kind, amount = event["metric"], event["type"], event["value"]
        if not isinstance(metric, str) or not _NAME.fullmatch(metric):
            raise EncodeError("the metric's name must be text without colon, bar, at sign and white space")
        if kind not in _TYPES:
            raise EncodeError(f"the type must be one of {', '.join(_TYPES)}")
        if kind == "s" and isinstance(amount, str):
            if not _MEMBER.fullmatch(amount):
                raise EncodeError("a set's member must be text without bar and line break")
            text = amount
        else:
            text = _number_text(amount)
        text = _sign(event.get("action"), kind, text) + text
        rate = event.get("sample_rate")
        suffix = "" if rate is None else f"|@{_rate_text(rate)}"
        try:
            return f"{metric}:{text}|{kind}{suffix}".encode()
        except UnicodeEncodeError:
            raise EncodeError("a text holds half of a surrogate pair, which UTF-8 cannot carry") from None


def _is_number(text: str) -> bool:
    return _INTEGER.fullmatch(text) is not None or _FLOAT.fullmatch(text) is not None


def _number(text: str) -> int | float:
    if _INTEGER.fullmatch(text):
        integer = int(text)
        if not INTEGER_MIN <= integer <= INTEGER_MAX:
            raise DecodeError(f"the value {text} does not fit into 64 bits")
        return integer
    if not _FLOAT.fullmatch(text):
        raise DecodeError(f"the value {text[:40]!r} is not a number")
    number = float(text)
    if math.isinf(number):
        raise DecodeError(f"the value {text[:40]} is beyond what a double can hold")
    return number


def _rate(text: str) -> float:
    rate = float(text) if _is_number(text) else 0.0
    if not 0.0 < rate <= 1.0:
        raise DecodeError(f"the sample rate {text[:40]!r} is not a number above 0 and up to 1")
    return rate


def _number_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise EncodeError(f"the value must be a number, not {type(value).__name__}")
    if isinstance(value, int):
        if not INTEGER_MIN <= value <= INTEGER_MAX:
            raise EncodeError("the value does not fit into 64 bits")
        return str(value)
    if not math.isfinite(value):
        raise EncodeError(f"the value {value} cannot be written")
    # Not every server reads exponents.
    text = format(Decimal(repr(value)), "f")
    return text if "." in text else text + ".0"


def _sign(action: Any, kind: str, text: str) -> str:
    if action is not None and (kind != "g" or action not in tuple(_SIGNS)):
        raise EncodeError('action must be "add" or "sub", and only a gauge (type "g") has one')
    if kind != "g" or (action is not None and not text.startswith("-")):
        return "" if action is None else _SIGNS[action]
    if text.startswith("-"):
        raise EncodeError('a gauge cannot be set below zero: the sign means a change; use action = "sub"')
    return ""


def _rate_text(rate: Any) -> str:
    text = _number_text(rate)
    if not 0 < rate <= 1:
        raise EncodeError("the sample rate must be above 0 and up to 1")
    return text
