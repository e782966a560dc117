"""What generated code may take for granted: what batches bring, and where the outputs of the graph lead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["Ends", "Shape"]


class Shape(NamedTuple):
    """What a batch brings besides its values; each shape has a function of its own."""

    metas: bool
    raws: bool


class Ends(NamedTuple):
    """What is known of the places that the outputs of a graph lead to.

    ``joined``: outputs whose events leave among those of another one, because both lead to the same place: one batch is
    half the work of two, and the events stay in order. ``without_meta``: outputs behind which nobody reads metadata.
    """

    joined: Mapping[str, str] = {}
    without_meta: frozenset[str] = frozenset()
