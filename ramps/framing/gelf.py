"""GELF over datagrams: the header of a chunk, and what a message without one looks like.

Source: the Graylog Extended Log Format, "Chunking": https://go2docs.graylog.org/current/getting_in_log_data/gelf.html
"""

from __future__ import annotations

import struct

__all__ = ["CHUNK_MAGIC", "HEADER", "MAX_CHUNKS", "is_unchunked"]

CHUNK_MAGIC = b"\x1e\x0f"

HEADER = struct.Struct(">2s8sBB")
"""Magic, message id, number of the chunk (from 0), count of chunks."""

MAX_CHUNKS = 128


def is_unchunked(payload: bytes) -> bool:
    """Whether this is a whole message that needs no header: a JSON object, or gzip or zlib data."""
    if payload.startswith((b"{", b"\x1f\x8b")):
        return True
    # RFC 1950 §2.2: method 8 with a window of 32 KiB, and the two header bytes are a multiple of 31.
    return payload[:1] == b"\x78" and int.from_bytes(payload[:2], "big") % 31 == 0 and len(payload) >= 2
