"""Values: what they are in Python, their types' names, and the sentinels of generated code.

========  ==================================================================================================
null      ``None``
boolean   ``bool``: never an integer; ask for ``value.__class__ is int``, not ``isinstance``
integer   ``int`` within ``[-2**63, 2**64)``
float     ``float``
string    ``str``
array     ``list``: never changed by a script once it is visible, but copied along the path of an assignment
record    ``dict`` with ``str`` keys: likewise
binary    ``bytes`` (0.11)
========  ==================================================================================================

Values come from any codec, so a container may hold something else (a `datetime` of MessagePack, say): it is passed
through, compared by Python's ``==``, and its type's name is Python's.
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["MISSING", "INTEGER_MAX", "INTEGER_MIN", "UNSIGNED_MAX", "Value", "type_name"]

Value = Any
"""A value of the language."""

INTEGER_MIN: Final = -(2**63)
INTEGER_MAX: Final = 2**63 - 1
UNSIGNED_MAX: Final = 2**64 - 1


class _Missing:
    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""No value: an unset local, an extractor that did not match, a field that is not there."""

_NAMES = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "float",
    str: "string",
    list: "array",
    dict: "record",
    bytes: "binary",
}


def type_name(value: Value) -> str:
    """The word that messages use for a value's type."""
    return _NAMES.get(type(value), type(value).__name__)
