"""YAML 1.2's core schema on PyYAML: what a document may hold, and how values are written.

PyYAML follows YAML 1.1, where ``no`` is false, ``1:30`` is ninety and ``2024-01-01`` an object. The core schema of
YAML 1.2.2 (section 10.3) knows null, booleans, integers and floats, and so do we.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, ClassVar, Final

import yaml

from ramps.errors import DecodeError

__all__ = ["CoreDumper", "CoreLoader", "check_events"]

_TAG: Final = "tag:yaml.org,2002:"
_ALLOWED_TAGS = frozenset(
    {"!"} | {_TAG + name for name in ("map", "seq", "str", "null", "bool", "int", "float", "binary")}
)

_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_IMPLICIT = (
    ("null", re.compile(r"(?:null|Null|NULL|~|)\Z"), ["n", "N", "~", ""]),
    ("bool", re.compile(rf"(?:{_BOOL.pattern})\Z"), list("tTfF")),
    ("int", re.compile(rf"(?:{_INT.pattern})\Z"), list("-+0123456789")),
    ("float", re.compile(rf"(?:{_FLOAT.pattern})\Z"), list("-+.0123456789")),
)


def _core_resolvers() -> dict[str | None, list[tuple[str, re.Pattern[str]]]]:
    resolvers: dict[str | None, list[tuple[str, re.Pattern[str]]]] = {}
    for name, pattern, first_characters in _IMPLICIT:
        for character in first_characters:
            resolvers.setdefault(character, []).append((_TAG + name, pattern))
    return resolvers


def check_events(text: str, *, max_depth: int, max_nodes: int) -> None:
    """Refuse a document whose value would be too deep or too large, before anything is built.

    An alias counts as all that its anchor holds, which is what defeats the "billion laughs". Raises `DecodeError`,
    or ``yaml.YAMLError`` for what is not YAML.
    """
    nodes, depth, documents = 0, 0, 0
    sizes: dict[str, int] = {}
    depths: dict[str, int] = {}
    open_collections: list[tuple[str | None, int, int]] = []
    deepest = 0
    for event in yaml.parse(text, Loader=CoreLoader):
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise DecodeError("the frame holds more than one YAML document")
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes:
                raise DecodeError(f"*{event.anchor} refers to what is not complete before it")
            nodes += sizes[event.anchor]
            deepest = max(deepest, depth + depths[event.anchor])
        elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            if event.tag is not None and event.tag not in _ALLOWED_TAGS:
                raise DecodeError(f"the tag {event.tag[:80]} has no meaning here")
            nodes += 1
            if isinstance(event, yaml.CollectionStartEvent):
                open_collections.append((event.anchor, nodes - 1, deepest))
                depth += 1
                deepest = depth
            if event.anchor is not None:
                sizes.pop(event.anchor, None)
                if isinstance(event, yaml.ScalarEvent):
                    sizes[event.anchor], depths[event.anchor] = 1, 0
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before, deepest_before = open_collections.pop()
            depth -= 1
            if anchor is not None:
                sizes[anchor], depths[anchor] = nodes - before, deepest - depth
            deepest = max(deepest, deepest_before)
        if deepest > max_depth:
            raise DecodeError(f"the document is nested deeper than {max_depth} levels")
        if nodes > max_nodes:
            raise DecodeError(
                f"the document holds more than {max_nodes} values, those behind aliases included"
            )


class CoreLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Builds only what events can hold. Give it only what `check_events` let through."""

    yaml_implicit_resolvers = _core_resolvers()
    yaml_constructors: ClassVar[dict[str | None, Any]] = {}


def _null(loader: Any, node: Any) -> None:
    if loader.construct_scalar(node) not in ("null", "Null", "NULL", "~", ""):
        raise DecodeError("a value with the tag !!null is not null")


def _bool(loader: Any, node: Any) -> bool:
    text = loader.construct_scalar(node)
    if not _BOOL.fullmatch(text):
        raise DecodeError(f"{text[:40]!r} is not a boolean")
    return text[0] in "tT"


def _int(loader: Any, node: Any) -> int:
    text = loader.construct_scalar(node)
    # The length first: int() of a long text takes quadratic time.
    if not _INT.fullmatch(text) or len(text) > 40:
        raise DecodeError(f"{text[:40]!r} is not an integer of 64 bits")
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


def _float(loader: Any, node: Any) -> float:
    text = loader.construct_scalar(node)
    if not _FLOAT.fullmatch(text):
        raise DecodeError(f"{text[:40]!r} is not a number")
    is_word = text.lower().lstrip("+-") in (".inf", ".nan")
    value = float(text.replace(".", "") if is_word else text)
    if not is_word and value in (float("inf"), float("-inf")):
        raise DecodeError(f"the number {text[:40]} is beyond what a double can hold")
    return value


def _binary(loader: Any, node: Any) -> bytes:
    try:
        return base64.b64decode("".join(loader.construct_scalar(node).split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise DecodeError(f"a value with the tag !!binary is not base64: {error}") from None


_SAFE = yaml.constructor.SafeConstructor
for _name, _constructor in {
    "null": _null,
    "bool": _bool,
    "int": _int,
    "float": _float,
    "binary": _binary,
    "str": _SAFE.construct_yaml_str,
    "seq": _SAFE.construct_yaml_seq,
    "map": _SAFE.construct_yaml_map,
}.items():
    CoreLoader.add_constructor(_TAG + _name, _constructor)


class CoreDumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes what the core schema reads back, without aliases."""

    yaml_implicit_resolvers = _core_resolvers()

    def ignore_aliases(self, data: Any) -> bool:
        """Equal parts are written twice; a cycle is refused before it comes here."""
        return True
