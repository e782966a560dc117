"""Where in a TOML text a value stands. `tomllib` gives values without positions; the syntax tree gives positions."""

from __future__ import annotations

import tomllib
from typing import Any

import tree_sitter
import tree_sitter_toml

from supervisor.deployment.problem import KeyPath, Position

__all__ = ["Place", "Positions"]

_LANGUAGE = tree_sitter.Language(tree_sitter_toml.language())
_KEYS = frozenset({"bare_key", "quoted_key", "dotted_key"})


class Place:
    """One key or item: where its key stands, where its value stands, and what is below it."""

    __slots__ = ("below", "key", "value")

    def __init__(self) -> None:
        self.key: tree_sitter.Node | None = None
        self.value: tree_sitter.Node | None = None
        self.below: dict[str | int, Place] = {}

    def child(self, step: str | int) -> Place:
        """The place below, made where it is missing."""
        return self.below.setdefault(step, Place())

    def next_item(self) -> Place:
        """A new place at the end of an array of tables."""
        return self.child(len(self.below))

    def last_item(self) -> Place:
        """The table that a header means by the name of an array of tables: its last."""
        return self.below[len(self.below) - 1] if 0 in self.below else self


class Positions:
    """The positions of all keys and values of one valid TOML text. Never raises for a text that `tomllib` takes."""

    def __init__(self, text: str) -> None:
        self._lines = text.encode("utf-8", "surrogatepass").split(b"\n")
        self._root = Place()
        tree = tree_sitter.Parser(_LANGUAGE).parse(b"\n".join(self._lines))
        for node in tree.root_node.children:
            if node.type == "pair":
                _add_pair(self._root, node)
            elif node.type in ("table", "table_array_element"):
                _add_table(self._root, node)

    def key(self, path: KeyPath) -> Position | None:
        """Where the last key of the path is written; the value's place for an item of an array."""
        place = self._find(path)
        return None if place is None else self._position(place.key or place.value)

    def value(self, path: KeyPath) -> Position | None:
        """Where the value begins; the key's place for a table that a header opened."""
        place = self._find(path)
        return None if place is None else self._position(place.value or place.key)

    def lines_of_value(self, path: KeyPath) -> range:
        """The lines, counted from 1, on which the value stands; empty where it is not known."""
        place = self._find(path)
        node = place.value if place else None
        return range(0) if node is None else range(node.start_point[0] + 1, node.end_point[0] + 2)

    def extent(self, path: KeyPath) -> tuple[int, int] | None:
        """The characters of the text that are the value as it is written: from, to before; counted from 0."""
        place = self._find(path)
        if place is None or place.value is None:
            return None
        data = b"\n".join(self._lines)
        start, end = place.value.start_byte, place.value.end_byte
        first = len(data[:start].decode("utf-8", "surrogatepass"))
        return first, first + len(data[start:end].decode("utf-8", "surrogatepass"))

    def _find(self, path: KeyPath) -> Place | None:
        place: Place | None = self._root
        for step in path:
            place = place.below.get(step) if place else None
        return place

    def _position(self, node: tree_sitter.Node | None) -> Position | None:
        if node is None:
            return None
        (row, start), (last_row, end) = node.start_point, node.end_point
        line = self._lines[row]
        # The tree counts bytes; people and editors count characters.
        column = len(line[:start].decode("utf-8", "replace"))
        stop = end if last_row == row else len(line.rstrip(b"\r"))
        length = len(line[start:stop].decode("utf-8", "replace"))
        return Position(row + 1, column + 1, max(length, 1))


def _add_table(root: Place, node: tree_sitter.Node) -> None:
    place = root
    header = next((child for child in node.children if child.type in _KEYS), None)
    if header is None:
        return
    keys = _keys(header)
    for key in keys[:-1]:
        place = place.child(_text(key))
        place.key = place.key or key
        place = place.last_item()
    last = place.child(_text(keys[-1]))
    last.key = last.key or keys[-1]
    place = last.next_item() if node.type == "table_array_element" else last.last_item()
    place.key = place.key or keys[-1]
    for child in node.children:
        if child.type == "pair":
            _add_pair(place, child)


def _add_pair(place: Place, node: tree_sitter.Node) -> None:
    parts = [child for child in node.named_children if child.type != "comment"]
    if len(parts) != 2:
        return
    for key in _keys(parts[0]):
        place = place.child(_text(key))
        place.key = place.key or key
    _add_value(place, parts[1])


def _add_value(place: Place, node: tree_sitter.Node) -> None:
    place.value = node
    if node.type == "inline_table":
        for child in node.named_children:
            if child.type == "pair":
                _add_pair(place, child)
    elif node.type == "array":
        items = (child for child in node.named_children if child.type != "comment")
        for index, child in enumerate(items):
            _add_value(place.child(index), child)


def _keys(node: tree_sitter.Node) -> list[tree_sitter.Node]:
    """The single keys of a key; the tree nests ``a.b.c`` to the left, as deep as there are dots."""
    keys: list[tree_sitter.Node] = []
    while node.type == "dotted_key":
        parts = [child for child in node.named_children if child.type in _KEYS]
        keys.append(parts[-1])
        node = parts[0]
    keys.append(node)
    return keys[::-1]


def _text(node: tree_sitter.Node) -> str:
    text = (node.text or b"").decode("utf-8", "replace")
    if node.type == "bare_key":
        return text
    try:
        # The only key of a one-line document: quotes and escapes are TOML's own business.
        table: dict[str, Any] = tomllib.loads(f"{text} = 0")
    except tomllib.TOMLDecodeError:
        return text
    return next(iter(table))
