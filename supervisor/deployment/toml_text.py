"""Values and tables as TOML text, through the package `toml`; what it writes wrongly is written here.

`toml` 0.10.2 breaks strings with control characters or ``\\x`` in them, and loses tables that stand in lists.
"""

from __future__ import annotations

import json
import re
from typing import Any

import toml
from toml.decoder import InlineTableDict

__all__ = ["toml_document", "toml_value", "without_nothing"]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
# No TOML has a bare NUL in it: `toml_value` escapes those of texts.
_BLOCK = "\x00"


class _InlineTable(dict[str, Any], InlineTableDict):  # type: ignore[misc, unused-ignore] # the base is untyped
    """A table that is written in braces instead of under a header of its own."""


class _Encoder(toml.TomlEncoder):  # type: ignore[type-arg, unused-ignore] # generic in the stubs only
    def __init__(self) -> None:
        super().__init__(preserve=True)
        self.blocks: list[str] = []

    def dump_value(self, v: Any) -> str:
        block = _block(v)
        if block is None:
            return toml_value(v)
        self.blocks.append(block)
        return _BLOCK

    def with_blocks(self, document: str) -> str:
        """The document with its texts of several lines in their places, untouched by what was done to it."""
        blocks = iter(self.blocks)
        return re.sub(_BLOCK, lambda _found: next(blocks), document)

    def dump_inline_table(self, section: Any) -> str:
        return toml_value(section) + "\n"


def toml_value(value: Any) -> str:
    """One value on one line, tables inline: ``{ name = "json", engine = "auto" }``."""
    if isinstance(value, dict):
        items = ", ".join(f"{_key(key)} = {toml_value(item)}" for key, item in value.items())
        return f"{{ {items} }}" if items else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    if isinstance(value, str):
        # JSON's escapes are a subset of TOML's; only DEL may stand bare in JSON but not in TOML.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(toml.TomlEncoder().dump_value(value))


def toml_document(tables: dict[str, Any]) -> str:
    """A whole document: a header for each table of the first two levels, deeper tables inline.

    A text of several lines that is a key's own value, such as a script, is written as it is, between three quotes.
    """
    prepared = {
        section: {key: _below_header(value) for key, value in content.items()}
        for section, content in tables.items()
    }
    encoder = _Encoder()
    document = re.sub(r"\n{3,}", "\n\n", str(toml.dumps(prepared, encoder=encoder)).strip("\n")) + "\n"
    return encoder.with_blocks(document)


def without_nothing(value: Any) -> Any:
    """The same value without keys that hold ``None``, which TOML cannot say and which mean "left out"."""
    if isinstance(value, dict):
        return {key: without_nothing(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nothing(item) for item in value]
    return value


def _block(value: Any) -> str | None:
    """A text of several lines between three quotes; ``None`` for anything that cannot or need not be written so."""
    if not isinstance(value, str) or "\n" not in value or _CONTROL.search(value):
        return None
    if "'''" not in value and not value.endswith("'"):
        return f"'''\n{value}'''"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"""\n{escaped}"""'


def _below_header(value: Any) -> Any:
    # `toml` fails on keys of unusual characters, so a table that has one stands inline.
    if isinstance(value, dict) and all(map(_BARE_KEY.fullmatch, value)):
        return {key: _inline(item) for key, item in value.items()}
    return _inline(value)


def _inline(value: Any) -> Any:
    if isinstance(value, dict):
        return _InlineTable(value)
    # A tuple, because `toml` looks into lists for tables and gives those headers.
    return tuple(value) if isinstance(value, list) else value


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else toml_value(key)
