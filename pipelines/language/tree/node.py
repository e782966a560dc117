"""What every node of the tree has."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.language.source import Span

__all__ = ["Expression", "Node"]


@dataclass(slots=True, eq=False)
class Node:
    """Any node: ``span`` runs from its first to its last token; brackets around an expression are not part of it."""

    span: Span


class Expression(Node):
    """What has a value. `Let`, `Emit`, `Drop`, and `Match` and `For` as statements, are expressions as well."""

    __slots__ = ()
