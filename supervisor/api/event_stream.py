"""Server-sent events: answers that go on until their client has enough (WHATWG HTML, "Server-sent events")."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from werkzeug.wrappers import Response

__all__ = ["COMMENT", "CONTENT_TYPE", "event", "event_stream"]

CONTENT_TYPE = "text/event-stream"

COMMENT = b":\n\n"
"""What a stream sends while there is nothing to say, so that a client that is gone shows."""


def event(name: str, data: bytes) -> bytes:
    """The bytes of one event. ``data`` is JSON, and so has no line breaks of its own."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)


def event_stream(events: Iterable[bytes]) -> Response:
    """The answer that sends them as they come. The iterable is closed when the client goes away."""

    def stream() -> Iterator[bytes]:
        # At once, so that a client knows that it is heard.
        yield COMMENT
        yield from events

    return Response(stream(), content_type=CONTENT_TYPE)
