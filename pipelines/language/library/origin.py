"""``origin``: where an event came from, as a URI: ``scheme://host:port/segment/segment``.

An origin that is no URI, such as a file's path or ``metronome``, has neither scheme nor host nor port; its path is the
text between its slashes.
"""

from __future__ import annotations

from typing import Any

from pipelines.language.library.function import Occasion, function


def _parts(origin: str) -> dict[str, Any]:
    scheme, mark, rest = origin.partition("://")
    if not mark:
        return {"scheme": None, "host": None, "port": None, "path": _segments(origin)}
    authority, _, path = rest.partition("/")
    host, colon, port = authority.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or len(port) > 5:
        host, port = authority, ""
    return {
        "scheme": scheme,
        "host": host.removeprefix("[").removesuffix("]"),
        "port": int(port) if port else None,
        "path": _segments(path),
    }


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]


def _part(occasion: Occasion, name: str) -> Any:
    return _parts(occasion.origin)[name] if occasion.origin else None


@function(
    "origin::scheme() -> any", package="tremor", takes_occasion=True, example=("origin::scheme()", "null")
)
def scheme(occasion: Occasion) -> Any:
    """The kind of the event's origin, such as "tcp"; null if nobody knows."""
    return _part(occasion, "scheme")


@function("origin::host() -> any", package="tremor", takes_occasion=True, example=("origin::host()", "null"))
def host(occasion: Occasion) -> Any:
    """The host from which the event came; null if nobody knows."""
    return _part(occasion, "host")


@function("origin::port() -> any", package="tremor", takes_occasion=True, example=("origin::port()", "null"))
def port(occasion: Occasion) -> Any:
    """The port from which the event came; null if nobody knows."""
    return _part(occasion, "port")


@function(
    "origin::path() -> any",
    package="tremor",
    fresh=True,
    takes_occasion=True,
    example=("origin::path()", "null"),
)
def path(occasion: Occasion) -> Any:
    """The path of the event's origin as an array of its segments; null if nobody knows."""
    return _part(occasion, "path")


@function(
    "origin::as_uri_string() -> any",
    package="tremor",
    takes_occasion=True,
    example=("origin::as_uri_string()", "null"),
)
def as_uri_string(occasion: Occasion) -> Any:
    """The event's origin, such as "tcp://127.0.0.1:51234"; null if nobody knows."""
    return occasion.origin or None


@function(
    "origin::as_uri_record() -> any",
    package="tremor",
    fresh=True,
    takes_occasion=True,
    example=("origin::as_uri_record()", "null"),
)
def as_uri_record(occasion: Occasion) -> Any:
    """The event's origin as a record of `scheme`, `host`, `port` and `path`; null if nobody knows."""
    return _parts(occasion.origin) if occasion.origin else None
