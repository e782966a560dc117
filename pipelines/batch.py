"""`Batch`: the unit that travels between actors. As many events as the source had at hand, never waiting for more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.values import copy_value

if TYPE_CHECKING:
    from pipelines.contraflow import Route

__all__ = ["Batch"]


class Batch:
    """Events side by side in parallel lists, so that no object is made per event.

    ``values``     one decoded value per event.
    ``metas``      one metadata dict (or ``None``) per event; the list itself is ``None`` until somebody writes one.
    ``raws``       the bytes that each value was decoded from; ``None`` where they are not known any more. Whoever
                   changes a value must set its entry to ``None`` (or the whole list), because an offramp with the
                   same codec may send these bytes instead of encoding the value again.
    ``raw_codec``  the name of the codec that the raws were decoded with.
    ``ingest_ns``  when the batch came in: wall clock, nanoseconds since 1970. One stamp for all its events.
    ``origin``     where it came from, for people and error events: ``"tcp://127.0.0.1:51234"``, a file's path.
    ``size``       approximate bytes, for the byte bound of mailboxes.
    ``route``      where contraflow about this batch goes, ``None`` while nobody upstream wants to hear.

    A batch belongs to whoever holds it: hand it on, or change it, not both.
    """

    __slots__ = ("ingest_ns", "metas", "origin", "raw_codec", "raws", "route", "size", "values")

    def __init__(
        self,
        values: list[Any],
        *,
        ingest_ns: int,
        metas: list[dict[str, Any] | None] | None = None,
        raws: list[bytes | None] | None = None,
        raw_codec: str = "",
        origin: str = "",
        size: int = 0,
        route: Route | None = None,
    ) -> None:
        self.values = values
        self.metas = metas
        self.raws = raws
        self.raw_codec = raw_codec
        self.ingest_ns = ingest_ns
        self.origin = origin
        self.size = size
        self.route = route

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        return f"<Batch of {len(self.values)} from {self.origin or 'nowhere'}>"

    def like(
        self,
        values: list[Any],
        metas: list[dict[str, Any] | None] | None = None,
        raws: list[bytes | None] | None = None,
    ) -> Batch:
        """Other events with this batch's origin, time stamp and route; ``size`` in proportion to the count."""
        count = len(self.values)
        return Batch(
            values,
            metas=metas,
            raws=raws,
            raw_codec=self.raw_codec if raws is not None else "",
            ingest_ns=self.ingest_ns,
            origin=self.origin,
            size=self.size * len(values) // count if count else self.size,
            route=self.route,
        )

    def select(self, indices: list[int]) -> Batch:
        """The events at these indices, in this order, with their metadata and raw bytes."""
        values, metas, raws = self.values, self.metas, self.raws
        return self.like(
            [values[index] for index in indices],
            None if metas is None else [metas[index] for index in indices],
            None if raws is None else [raws[index] for index in indices],
        )

    def copy(self) -> Batch:
        """An independent copy: changing a value of one does not change the other. Costs a deep copy per event.

        Never raises: what cannot be copied is shared (`pipelines.values.copy_value`).
        """
        return self.like(copy_value(self.values), copy_value(self.metas), self.raws and list(self.raws))
