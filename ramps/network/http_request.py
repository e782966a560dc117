"""What an HTTP request brings: its body, how that becomes events, and what is worth keeping of its head."""

from __future__ import annotations

import io
from typing import Any

import gevent

from pipelines.options import format_size
from ramps.errors import FrameError
from ramps.files.archives import decompressed
from ramps.network.limited_wsgi import Answer, RequestBody
from ramps.onramp import Intake
from ramps.time_slice import TimeSlice

__all__ = ["Refused", "decompress_body", "framing", "metadata", "read_body"]

# Small, because pywsgi parses chunk sizes byte by byte: a body in chunks of one byte must not hold up others.
_READ_BYTES = 8192

_ENCODINGS = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "zlib", "zstd": "zstd", "xz": "xz"}

_JSON_LINES = {"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}

# Never part of an event: events are shown, stored and sent on.
_SECRET_HEADERS = {"HTTP_AUTHORIZATION", "HTTP_PROXY_AUTHORIZATION", "HTTP_COOKIE"}


class Refused(Exception):
    """Ends the work on a request with this answer; nothing of it is taken in."""

    def __init__(self, status: int, reason: str, *headers: tuple[str, str]) -> None:
        super().__init__(reason)
        self.answer = Answer(status, {"accepted": 0, "error": reason}, headers)


def read_body(body: RequestBody, max_bytes: int, timeout_seconds: float) -> bytes:
    """The whole body. Blocks. Raises `Refused`, and ``OSError`` when the client is gone."""
    if not body.announced:
        raise Refused(411, "the request has no body; send one, with Content-Length or chunked")
    # Until it is read to its end, every way out of here leaves a connection that cannot be used again.
    body.abandoned = True
    pieces: list[bytes] = []
    size = body.content_length or 0
    if size <= max_bytes:
        size = 0
        late = Refused(408, f"the body took longer than {timeout_seconds:g} s (`body_timeout`)")
        with gevent.Timeout(timeout_seconds, late):
            while size <= max_bytes and (piece := body.read(min(_READ_BYTES, max_bytes + 1 - size))):
                size += len(piece)
                pieces.append(piece)
    if size > max_bytes:
        raise Refused(413, f"the body is larger than {format_size(max_bytes)} (`max_body`)")
    body.abandoned = False
    if not size:
        raise Refused(400, "the body is empty")
    return b"".join(pieces)


def decompress_body(data: bytes, encoding: str, max_bytes: int) -> bytes:
    """The body without its Content-Encoding. Lets others run meanwhile. Raises `Refused`."""
    encoding = encoding.strip().lower()
    if encoding in ("identity", ""):
        return data
    if encoding not in _ENCODINGS:
        known = ("Accept-Encoding", ", ".join(sorted(_ENCODINGS)))
        raise Refused(415, f"bodies with Content-Encoding {encoding!r} are not understood", known)
    pieces: list[bytes] = []
    size = 0
    time_slice = TimeSlice()
    try:
        for piece in decompressed(io.BytesIO(data), _ENCODINGS[encoding]):
            size += len(piece)
            pieces.append(piece)
            time_slice.give_way()
            if size > max_bytes:
                limit = format_size(max_bytes)
                raise Refused(413, f"the body is larger than {limit} when decompressed (`max_body`)")
    except FrameError as error:
        raise Refused(400, str(error)) from None
    return b"".join(pieces)


def framing(intake: Intake, content_type: str) -> tuple[str | None, tuple[str, ...] | None]:
    """The codec and the preprocessors that a content type means; ``None`` stands for the configured ones.

    Only types that say themselves how they are framed overrule the configured preprocessors.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    codec = intake.content_type_codec(media_type) if media_type else None
    if media_type == "application/json":
        return codec, ()
    if media_type in _JSON_LINES:
        return codec or "json", ("lines", "remove-empty")
    return codec, None


def metadata(environ: dict[str, Any]) -> dict[str, Any]:
    """``{"request": {"method", "path", "query", "headers"}}``, header names in lower case, secrets left out."""
    headers = {
        name.removeprefix("HTTP_").lower().replace("_", "-"): value
        for name, value in environ.items()
        if (name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH"))
        and name not in _SECRET_HEADERS
    }
    return {
        "request": {
            "method": environ["REQUEST_METHOD"],
            "path": environ["PATH_INFO"],
            "query": environ["QUERY_STRING"],
            "headers": headers,
        }
    }
