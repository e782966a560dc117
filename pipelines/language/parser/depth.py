"""`find_too_deep`: whether a tree is deeper than what works on it can bear. Rows of operators are deep as well."""

from __future__ import annotations

from dataclasses import fields

from pipelines.language import tree

__all__ = ["find_too_deep"]

_CHILDREN: dict[type, tuple[str, ...]] = {}


def find_too_deep(root: tree.Node, most: int) -> tree.Node | None:
    """The first expression or pattern that stands within ``most`` others; without recursion."""
    waiting: list[tuple[tree.Node, int]] = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        if isinstance(node, (tree.Expression, tree.Pattern)):
            depth += 1
            if depth > most:
                return node
        waiting += [(child, depth) for child in _children(node)]
    return None


def _children(node: tree.Node) -> list[tree.Node]:
    names = _CHILDREN.get(type(node))
    if names is None:
        names = tuple(field.name for field in fields(node) if field.name != "span")
        _CHILDREN[type(node)] = names
    found: list[tree.Node] = []
    for name in names:
        value = getattr(node, name)
        if isinstance(value, tree.Node):
            found.append(value)
        elif isinstance(value, list):
            found += [item for item in value if isinstance(item, tree.Node)]
    return found
