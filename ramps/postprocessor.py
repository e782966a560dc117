"""`Postprocessor`: from the payload of one event to the bytes that are sent; and the chain of several."""

from __future__ import annotations

from pipelines.registry import Component, Registry

__all__ = ["Postprocessor", "PostprocessorChain", "postprocessors"]


class Postprocessor(Component):
    """One step from an encoded event to what goes out: appends a separator, compresses, prefixes, splits into parts.

    An instance belongs to one offramp connection and may keep state between calls. It never blocks.
    """

    terminator: bytes | None = None
    """The bytes that it appends, where `process` does nothing else (``return [payload + terminator]``) and never
    raises: whole batches are then joined at once. An instance may set it from its options."""

    def process(self, payload: bytes, ingest_ns: int) -> list[bytes]:
        """What is to be sent for one payload, in order; usually one item. ``ingest_ns`` is the event's time stamp.
        Raises `EncodeError` for a payload that cannot be sent in this form (too long); nothing else.
        """
        raise NotImplementedError


class PostprocessorChain:
    """Several postprocessors in a row: each takes what the one before it gives."""

    def __init__(self, steps: list[Postprocessor]) -> None:
        self.steps = steps

    def process(self, payload: bytes, ingest_ns: int) -> list[bytes]:
        """All packets for one payload. Raises `EncodeError` like its steps."""
        packets = [payload]
        for step in self.steps:
            if len(packets) == 1:
                packets = step.process(packets[0], ingest_ns)
            else:
                packets = [new for packet in packets for new in step.process(packet, ingest_ns)]
        return packets


postprocessors: Registry[Postprocessor] = Registry(
    "postprocessor", "aftershock.postprocessors", "ramps.postprocessors"
)
"""All postprocessors by name."""
