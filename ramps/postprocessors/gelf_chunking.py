"""The postprocessor `gelf-chunking`: cuts what is too long for a datagram into GELF chunks."""

from __future__ import annotations

import os

from pydantic import Field

from pipelines.options import Options, Size, format_size
from ramps.errors import EncodeError
from ramps.framing.gelf import CHUNK_MAGIC, HEADER, MAX_CHUNKS, is_unchunked
from ramps.postprocessor import Postprocessor, postprocessors


class GelfChunkingOptions(Options):
    """How long a datagram may be."""

    chunk_size: Size = Field(
        default="8KiB",
        gt=HEADER.size,
        le=65507,
        validate_default=True,
        description="The longest packet, its header of 12 bytes included. 1420B suits the internet.",
    )


@postprocessors.register
class GelfChunking(Postprocessor):
    """Cuts a payload into at most 128 packets with a GELF header; one that fits into a packet goes as it is.

    A short payload that is no GELF by itself (not JSON, gzip or zlib) goes as the only chunk of a message, so that the
    other side gets back just these bytes.
    """

    name = "gelf-chunking"
    summary = "Cuts payloads that are too long for a datagram into GELF chunks."
    example = 'postprocessors = ["gzip", "gelf-chunking"]'
    options: GelfChunkingOptions
    Options = GelfChunkingOptions

    def __init__(self, options: GelfChunkingOptions | None = None) -> None:
        super().__init__(options)
        # A random start keeps the ids of several senders, and of one that was restarted, apart.
        self._next_id = int.from_bytes(os.urandom(8), "big")

    def process(self, payload: bytes, ingest_ns: int) -> list[bytes]:
        """The packets. Raises `EncodeError` for a payload that needs more than 128."""
        if len(payload) <= self.options.chunk_size and is_unchunked(payload):
            return [payload]
        room = self.options.chunk_size - HEADER.size
        count = max(1, -(-len(payload) // room))
        if count > MAX_CHUNKS:
            raise EncodeError(
                f"a payload of {len(payload)} bytes needs {count} GELF chunks of chunk_size = "
                f"{format_size(self.options.chunk_size)!r}, more than {MAX_CHUNKS}; compress it, or raise chunk_size"
            )
        identity = self._next_id.to_bytes(8, "big")
        self._next_id = (self._next_id + 1) % 2**64
        return [
            HEADER.pack(CHUNK_MAGIC, identity, number, count) + payload[number * room : (number + 1) * room]
            for number in range(count)
        ]
