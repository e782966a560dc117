"""``system``: the machine and the time."""

from __future__ import annotations

import socket
import time
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from pipelines.language.library.function import Occasion, function


@function(
    "system::hostname() -> string", package="tremor", example=("type::is_string(system::hostname())", "true")
)
def hostname() -> str:
    """The name of this machine."""
    return socket.gethostname()


@function(
    "system::ingest_ns() -> integer",
    package="tremor",
    takes_occasion=True,
    example=("system::ingest_ns()", "0"),
)
def ingest_ns(occasion: Occasion) -> int:
    """When the event came in, in nanoseconds since 1970."""
    return occasion.ingest_ns


@function("system::nanotime() -> integer", package="tremor", example=("system::nanotime() > 0", "true"))
def nanotime() -> int:
    """The time now, in nanoseconds since 1970."""
    return time.time_ns()


@function("system::instance() -> string", package="tremor", example=("system::instance()", '"tremor"'))
def instance() -> str:
    """The name of what runs the script: "tremor", as upstream says."""
    return "tremor"


@function(
    "system::version() -> string",
    package="tremor",
    dialect="0.11",
    example=("type::is_string(system::version())", "true"),
)
@cache
def system_version() -> str:
    """The version of Aftershock."""
    try:
        return version("aftershock")
    except PackageNotFoundError:
        return "unknown"
