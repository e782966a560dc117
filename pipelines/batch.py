"""`Batch`: the unit that travels between actors. As many events as the source had at hand, never waiting for more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipelines.frames import Frames
from pipelines.values import copy_value

if TYPE_CHECKING:
    from pipelines.contraflow import Route
    from pipelines.ticket import Ticket

__all__ = ["Batch"]


# A few events must not keep hold of the text of a whole chunk, of which mailboxes would know nothing.
_MOST_TEXT = 4

_MANY = 256
_NUMBERS = list(range(_MANY))


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
    ``ticket``     how its source hears what became of it, ``None`` where it does not want to. Batches that are made of
                   this one (`like`, `part`, `select`, `copy`) have the same; whoever sends them on forks it.

    A batch belongs to whoever holds it: hand it on, or change it, not both.

    A pipeline empties the batches that it is done with (``taken`` tells how many events that were), because whoever
    sent one may be suspended with it at hand until its next turn, as may 64 others.

    Inside, the raws are `Frames` that several batches may share, and ``places``: where among them the bytes of each
    event are (``None``: nowhere); no places mean all of them, in order.
    """

    __slots__ = (
        "frames",
        "ingest_ns",
        "metas",
        "origin",
        "places",
        "raw_codec",
        "route",
        "size",
        "taken",
        "ticket",
        "values",
    )

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
        ticket: Ticket | None = None,
    ) -> None:
        self.values = values
        self.metas = metas
        self.frames = None if raws is None else Frames(raws)
        self.places: Sequence[int | None] | None = None
        self.raw_codec = raw_codec
        self.ingest_ns = ingest_ns
        self.origin = origin
        self.size = size
        self.route = route
        self.ticket = ticket
        self.taken = 0

    @property
    def raws(self) -> list[bytes | None] | None:
        """One for each event. A list of this batch's own, made at the first question."""
        frames = self.frames
        if frames is None:
            return None
        if frames.text is not None or self.places is not None:
            pieces, places = frames.pieces, self.places
            if places is None:
                places = range(len(pieces))
            own = [None if place is None else pieces[place] for place in places]
            self.frames, self.places = Frames(own), None
            return own
        return frames.pieces

    @raws.setter
    def raws(self, raws: list[bytes | None] | None) -> None:
        self.frames = None if raws is None else Frames(raws)
        self.places = None

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
        part = self.part(values, metas)
        if raws is not None:
            part.frames, part.raw_codec = Frames(raws), self.raw_codec
        return part

    def part(
        self,
        values: list[Any],
        metas: list[dict[str, Any] | None] | None = None,
        places: list[int | None] | None = None,
    ) -> Batch:
        """Like `like`, but ``places`` tells which event of this batch each is, if its value is still the same.

        ``None`` in it means that the value was changed. No bytes are copied, nor cut apart.
        """
        # Made without a call of the constructor: this runs for each batch that leaves a pipeline.
        part: Batch = Batch.__new__(Batch)
        count = len(self.values)
        part.values = values
        part.metas = metas
        part.ingest_ns = self.ingest_ns
        part.origin = self.origin
        part.size = self.size * len(values) // count if count else self.size
        part.route = self.route
        part.ticket = self.ticket
        part.frames = part.places = None
        part.raw_codec = ""
        part.taken = 0
        if not places or self.frames is None:
            return part
        # Mostly all events are there, and the same: a comparison with the first numbers is quicker than any other look.
        is_all = len(places) == count and places == (
            _NUMBERS[:count] if count <= _MANY else list(range(count))
        )
        if is_all or places.count(None) != len(places):
            part.frames, part.raw_codec = self.frames, self.raw_codec
            part.places = self.places if is_all else _composed(places, self.places)
            if part.frames.text is None:
                # Not the list itself: what somebody sets to None in it is his own.
                part.places = part.places or range(count)
            elif part.size * _MOST_TEXT < len(part.frames.text):
                part.raws = part.raws
        return part

    def part_of_errors(
        self,
        values: list[Any],
        metas: list[dict[str, Any] | None] | None = None,
        places: list[int | None] | None = None,
    ) -> Batch:
        """Error events about events of this batch; ``places`` tells which. The bytes of those stay known, for who keeps
        dead letters, but under no codec, so that nobody sends them in place of the error.
        """
        part = self.part(values, metas, places)
        part.raw_codec = ""
        return part

    def select(self, indices: list[int]) -> Batch:
        """The events at these indices, in this order, with their metadata and raw bytes."""
        values, metas = self.values, self.metas
        return self.part(
            [values[index] for index in indices],
            None if metas is None else [metas[index] for index in indices],
            list(indices),
        )

    def twin(self) -> Batch:
        """The same events under a ticket of its own, for somebody who does not change them."""
        twin = self.part(self.values, self.metas)
        twin.frames, twin.places, twin.raw_codec = self.frames, self.places, self.raw_codec
        return twin

    def copy(self) -> Batch:
        """An independent copy: changing a value of one does not change the other. Costs a deep copy per event.

        Never raises: what cannot be copied is shared (`pipelines.values.copy_value`).
        """
        copy = self.part(copy_value(self.values), copy_value(self.metas))
        if self.frames is not None:
            # What somebody sets to None in a list of raws is his own.
            shared = self.frames if self.frames.text is not None else Frames(list(self.frames.pieces))
            copy.frames, copy.places, copy.raw_codec = shared, self.places, self.raw_codec
        return copy


def _composed(places: list[int | None], inner: Sequence[int | None] | None) -> Sequence[int | None]:
    """Where the events are, if ``places`` counts in a batch whose own places are ``inner``."""
    if inner is None:
        return places
    return [None if place is None else inner[place] for place in places]
