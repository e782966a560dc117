"""What generated code asks about the results of functions: which port, which value, which metadata."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Coroutine, Generator, Iterable, Iterator
from operator import length_hint
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any

from pipelines.batch import Batch
from pipelines.emit import Drop, DropType, Emit
from pipelines.errors import EventError
from pipelines.values import copy_value

__all__ = ["SPECIAL_RESULTS", "Resolved", "collect", "place_of", "resolve", "unless_empty"]

Meta = dict[str, Any] | None
Resolved = tuple[str | None, Any, Meta]
"""The port (``None``: dropped), the value, the metadata."""

SPECIAL_RESULTS = frozenset({DropType, Emit, GeneratorType, CoroutineType, AsyncGeneratorType})
"""The types of results that are not simply the event's new value."""


def resolve(result: Any, meta: Meta, outputs: tuple[str, ...]) -> Resolved:
    """What a result of a special type means. Raises `EventError` for a port that was not declared and the like."""
    if result is Drop:
        return None, None, None
    if isinstance(result, Emit):
        if result.port not in outputs:
            raise EventError(
                f"Emit to the port {result.port!r}, which is not declared: the ports are {', '.join(outputs)}; "
                f'add @ports("{result.port}") to the function'
            )
        if result.meta is None:
            return result.port, result.value, meta or None
        if not isinstance(result.meta, dict):
            raise EventError(f"Emit with metadata of type {type(result.meta).__name__}; it must be a dict")
        return result.port, result.value, result.meta
    if isinstance(result, Coroutine | AsyncGenerator):
        result.close() if isinstance(result, Coroutine) else None
        raise EventError("the function is asynchronous; pipelines call plain functions")
    if isinstance(result, Generator):
        result.close()
        raise EventError(
            "the function returned a generator; to emit several events, write yield in the function itself"
        )
    return "out", result, meta or None


def collect(results: Iterable[Any], meta: Meta, outputs: tuple[str, ...]) -> list[Resolved]:
    """What several results of one event mean, drops left out. All or nothing: an error costs them all.

    Events must not share objects, or an operator that changes one would change the other; a value or metadata that
    comes a second time is therefore copied.
    """
    found: list[Resolved] = []
    seen: set[int] = set()
    for result in results:
        port, value, own_meta = resolve(result, meta, outputs)
        if port is None:
            continue
        if id(value) in seen:
            value = copy_value(value)
        if own_meta is not None and id(own_meta) in seen:
            own_meta = copy_value(own_meta)
        # The objects themselves stay alive in ``found``, so no id is given to a second one meanwhile.
        seen.update((id(value), id(own_meta)))
        found.append((port, value, own_meta))
    return found


def place_of(batch: Batch, events: Iterator[Any]) -> int:
    """The index in the batch of the event that an iterator over the list of its values has just given out."""
    return len(batch.values) - 1 - length_hint(events)


def unless_empty(items: list[Any]) -> list[Any] | None:
    """The list of metadata, or ``None`` if none of them holds anything, so that later stages need not look."""
    return items if any(items) else None
