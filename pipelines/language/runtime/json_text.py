"""JSON text as the language writes and reads it: `encode`, `encode_pretty`, `encode_sorted`, `decode`, and kin.

What scripts see must not depend on which libraries are installed. A C encoder or decoder does the work wherever what
it does is exactly what is wanted, which is nearly always; the rest is done here, slowly:

* floats have the layout of Ryu's reference printer: ``0.00001``, ``1e16``, ``1.5e-7``; what is not finite is null;
* integers go from -2**63 to 2**64 - 1 and no further; exponents from -323 to 308; no NaN, no lone surrogates;
* `NESTING` levels, both ways. Everything that cannot be done is a `Fault`, never a `RecursionError`.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable
from decimal import Decimal
from json import encoder
from math import isfinite
from typing import Any, Final, NoReturn

try:
    import orjson
except ImportError:
    orjson = None  # type: ignore[assignment]

from pipelines.language.faults import Fault
from pipelines.language.limits import Limits
from pipelines.language.values import INTEGER_MIN, UNSIGNED_MAX

__all__ = [
    "NESTING", "check_nesting", "decode", "display", "encode", "encode_pretty", "encode_sorted", "float_text",
    "interpolate",
]  # fmt: skip

NESTING: Final = 250
"""How many levels a value may have to be written, or to be read."""

LONGEST_TEXT: Final = Limits().string
"""How many characters a text may have where nobody says otherwise."""

_quote: Callable[[str], str] = encoder.encode_basestring

# What Python's encoder writes otherwise than we do: an exponent. (In a string it is a false alarm, which does no harm.)
_EXPONENT_WRITTEN = re.compile(r"[0-9]e[+-][0-9]")
# What a C decoder may read otherwise than we do: a long integer, or an exponent.
_DOUBTFUL = re.compile(r"[0-9](?:[0-9]{18}|[eE])")
_LEAST_EXPONENT, _GREATEST_EXPONENT = -323, 308


def encode(value: Any, limit: int = LONGEST_TEXT) -> str:
    """Compact JSON. Raises `Fault` for a value that is nested too deeply, and for a text longer than ``limit``."""
    kind = value.__class__
    if kind is list or kind is dict:
        _measure(value, limit)
    try:
        return _checked(_encode_compact(value), limit)
    except (TypeError, ValueError, RecursionError):
        return _write_text(value, limit)


def encode_sorted(value: Any, limit: int = LONGEST_TEXT) -> str:
    """Compact JSON with the keys of records in the order of their code points: equal values give equal texts."""
    _measure(value, limit)
    try:
        return _checked(_encode_ordered(value), limit)
    except (TypeError, ValueError, RecursionError):
        return _write_text(value, limit, ordered=True)


def encode_pretty(value: Any, limit: int = LONGEST_TEXT) -> str:
    """JSON on many lines, each level indented by two spaces."""
    _measure(value, limit, indented=True)
    return _write_text(value, limit, indent="\n")


def interpolate(value: Any) -> str:
    """What stands for a value within a string: a string itself, of everything else its JSON."""
    return value if value.__class__ is str else encode(value)


def display(value: Any) -> str:
    """What `array::join` makes of a value: as `interpolate`, but no float has an exponent or ends with ``.0``."""
    if value.__class__ is float:
        if not isfinite(value):
            return "NaN" if value != value else "inf" if value > 0 else "-inf"
        return format(Decimal(repr(value)), "f").removesuffix(".0")
    return interpolate(value)


def float_text(value: float) -> str:
    """A float as JSON has it, in Ryu's layout."""
    if not isfinite(value):
        return "null"
    text = repr(value)
    if "e" not in text:
        return text
    if text.endswith("e-05"):
        return format(Decimal(text), "f")
    mantissa, exponent = text.split("e")
    return f"{mantissa}e{int(exponent)}"


def decode(text: str) -> Any:
    """The value of a JSON text. Raises `Fault` with the place of what is wrong. Of duplicate keys the last wins."""
    if _DOUBTFUL.search(text) is None:
        try:
            value = _decode_quickly(text)
        except (ValueError, RecursionError):
            value = _decode_exactly(text)
    else:
        value = _decode_exactly(text)
    if text.count("[") + text.count("{") > NESTING:
        check_nesting(value)
    return value


def check_nesting(value: Any, levels: int = NESTING) -> None:
    """Raise a `Fault` if there are more containers within each other than ``levels``."""
    containers = [value] if value.__class__ is list or value.__class__ is dict else []
    for _ in range(levels):
        if not containers:
            return
        containers = [
            child
            for container in containers
            for child in (container.values() if container.__class__ is dict else container)
            if child.__class__ is list or child.__class__ is dict
        ]
    if containers:
        raise _too_deep(levels)


def _too_deep(levels: int = NESTING) -> Fault:
    return Fault(f"the value is nested deeper than {levels} levels", "make it flatter", "too-deep")


# Writing


def _plain(value: Any) -> str:
    """What has no JSON of its own: binaries in base64, as upstream does; for anything else its text."""
    if isinstance(value, bytes):
        return b64encode(value).decode("ascii")
    return str(value)


def _measure(value: Any, limit: int, indented: bool = False) -> None:
    """Raise a `Fault` for what is nested too deeply, or surely has more than ``limit`` characters.

    An encoder cannot be stopped, and a script can make a value that holds one container a million times over, at each
    of many levels. So this has to be known before; each container of a level is looked at once, and counted as often
    as it is there.
    """
    characters = 0
    containers = {id(value): (value, 1)}
    for level in range(NESTING):
        children: dict[int, tuple[Any, int]] = {}
        for container, count in containers.values():
            if container.__class__ is dict:
                characters += count * _length_of_keys(container)
                container = container.values()
            elif container.__class__ is not list:
                continue
            characters += count * len(container) * (2 * level + 1 if indented else 1)
            for child in container:
                kind = child.__class__
                if kind is str:
                    characters += count * len(child)
                elif kind is list or kind is dict:
                    place = id(child)
                    known = children.get(place)
                    children[place] = (child, count if known is None else known[1] + count)
        if characters > limit:
            raise _too_long(limit)
        if not children:
            return
        containers = children
    raise _too_deep()


def _length_of_keys(record: dict[Any, Any]) -> int:
    try:
        return sum(map(len, record))
    except TypeError:
        # A codec may have made keys that are no strings.
        return sum(len(str(key)) for key in record)


def _too_long(limit: int) -> Fault:
    return Fault(f"the value's text would be longer than {limit} characters", "take a part of it", "limit")


def _checked(text: str, limit: int) -> str:
    if len(text) > limit:
        raise _too_long(limit)
    return text


def _make_encoder(ordered: bool) -> Callable[[Any], str]:
    """A C encoder that raises `ValueError` where it may have written a float otherwise than we do."""
    if orjson is None:
        compact = json.JSONEncoder(
            ensure_ascii=False,
            check_circular=False,
            allow_nan=False,
            sort_keys=ordered,
            separators=(",", ":"),
            default=_plain,
        ).encode

        def encode_with_json(value: Any) -> str:
            text = compact(value)
            if _EXPONENT_WRITTEN.search(text) is not None:
                raise ValueError("there may be a float with an exponent")
            return text

        return encode_with_json
    dumps = orjson.dumps
    options = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
    if ordered:
        options |= orjson.OPT_SORT_KEYS

    def encode_with_orjson(value: Any) -> str:
        data = dumps(value, _plain, options)
        # From some version on it writes a plus before exponents.
        if b"e+" in data:
            raise ValueError("there may be a float with a plus")
        return data.decode()

    return encode_with_orjson


_encode_compact = _make_encoder(ordered=False)
_encode_ordered = _make_encoder(ordered=True)


def _write_text(value: Any, limit: int, indent: str = "", ordered: bool = False) -> str:
    pieces: list[str] = []
    try:
        _write(value, pieces.append, indent, ordered, NESTING)
    except RecursionError:
        raise _too_deep() from None
    text = "".join(pieces)
    if len(text) > limit:
        raise _too_long(limit)
    return text


def _write(value: Any, add: Callable[[str], None], indent: str, ordered: bool, levels: int) -> None:
    """``indent``: newline and blanks of the level, or "" for compact text."""
    kind = value.__class__
    if kind is str:
        add(_quote(value))
    elif value is None or kind is bool:
        add("null" if value is None else "true" if value else "false")
    elif kind is int:
        add(int.__repr__(value))
    elif kind is float:
        add(float_text(value))
    elif isinstance(value, (dict, list, tuple)):
        if levels <= 0:
            raise _too_deep()
        _write_container(value, add, indent, ordered, levels - 1)
    else:
        add(_quote(_plain(value)))


def _write_container(value: Any, add: Callable[[str], None], indent: str, ordered: bool, levels: int) -> None:
    is_record = isinstance(value, dict)
    if not value:
        add("{}" if is_record else "[]")
        return
    inner = indent and indent + "  "
    separator = ("{" if is_record else "[") + inner
    if is_record:
        colon = ": " if indent else ":"
        for key in sorted(value, key=str) if ordered else value:
            add(f"{separator}{_quote(str(key))}{colon}")
            _write(value[key], add, inner, ordered, levels)
            separator = "," + inner
    else:
        for element in value:
            add(separator)
            _write(element, add, inner, ordered, levels)
            separator = "," + inner
    add(indent + ("}" if is_record else "]"))


# Reading


def _refuse_constant(text: str) -> NoReturn:
    raise Fault(f"the text is not JSON: {text} is no number of JSON", code="json")


def _read_integer(text: str) -> int:
    # The length first: to read a long number takes time that grows with its square.
    value = int(text) if len(text) <= 20 else UNSIGNED_MAX + 1
    if not INTEGER_MIN <= value <= UNSIGNED_MAX:
        raise Fault(
            f"the number {text[:40]} does not fit into 64 bits",
            "write it as a string, or with .0 at its end",
            "json",
        )
    return value


def _read_float(text: str) -> float:
    exponent = text.lower().partition("e")[2]
    value = float(text)
    too_long = len(exponent) > 8 and len(exponent.lstrip("+-0")) > 8
    if not isfinite(value) or too_long or (exponent and not _fits(int(exponent))):
        raise Fault(f"the number {text[:40]} does not fit into a float", "write it as a string", "json")
    return value


def _fits(exponent: int) -> bool:
    return _LEAST_EXPONENT <= exponent <= _GREATEST_EXPONENT


_exact = json.JSONDecoder(
    parse_constant=_refuse_constant, parse_int=_read_integer, parse_float=_read_float
).decode
_plain_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode


def _decode_exactly(text: str) -> Any:
    try:
        value = _exact(text)
    except json.JSONDecodeError as error:
        raise Fault(f"the text is not JSON: {_place(error)}", code="json") from None
    except RecursionError:
        raise _too_deep() from None
    return _without_surrogates(text, value)


def _place(error: json.JSONDecodeError) -> str:
    message = error.msg.removesuffix(" at").lower() if error.msg else "error"
    return f"{message} at line {error.lineno}, column {error.colno}"


def _decode_with_json(text: str) -> Any:
    return _without_surrogates(text, _plain_decode(text))


def _without_surrogates(text: str, value: Any) -> Any:
    if text.isascii() and "\\ud" not in text and "\\uD" not in text:
        return value
    try:
        encode(value, 8 * len(text)).encode() if "\\u" in text else text.encode()
    except UnicodeEncodeError:
        raise Fault("the text is not JSON: a string has half of a surrogate pair", code="json") from None
    return value


_decode_quickly: Callable[[str], Any] = _decode_with_json if orjson is None else orjson.loads
