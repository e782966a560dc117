"""What ``api`` in ``[supervisor]`` may say."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from pipelines.options import Address, Duration, HostPort, Options, Secret, Size
from supervisor.taps.shown import SECRET_KEYS

__all__ = ["ApiOption", "ApiTable", "is_loopback"]


class ApiTable(Options):
    """The HTTP API and the dashboard."""

    address: Address = Field(
        default="127.0.0.1:9898",
        validate_default=True,
        description="Where they listen. Beyond this machine (not 127.0.0.1, ::1 or localhost) they need a `token`.",
    )
    token: Secret | None = Field(
        default=None, description="What clients must send as `Authorization: Bearer TOKEN`."
    )
    read_only: bool = Field(
        default=False, description="Let clients look, but change nothing: no pause, restart, reload, replay."
    )
    origins: list[str] = Field(
        default_factory=list,
        description="Other sites whose pages may ask, for instance `https://ops.example.org`.",
    )
    hidden_keys: list[str] = Field(
        default_factory=lambda: list(SECRET_KEYS),
        description="A tap shows nothing of what stands under a key with one of these words in its name: `api_key` "
        "is in `X-Api-Key`, too.",
    )
    max_body: Size = Field(
        default="1MiB", validate_default=True, ge=1024, description="Bytes that a request's body may have."
    )
    max_connections: int = Field(
        default=64, ge=1, description="Connections at a time; further clients wait until one is free."
    )
    header_timeout: Duration = Field(
        default="30s",
        validate_default=True,
        gt=0,
        description="How long headers may take, a connection be idle, and an answer wait to be read.",
    )


def _address_alone(value: object) -> object:
    if isinstance(value, str | HostPort):
        return {"address": value}
    if value is not None and not isinstance(value, dict | ApiTable):
        raise ValueError('must be an address, such as "127.0.0.1:9898", or a table with more')
    return value


def _or_address(schema: dict[str, Any]) -> None:
    schema["anyOf"].insert(0, {"type": "string", "format": "address"})


ApiOption = Annotated[ApiTable | None, BeforeValidator(_address_alone), Field(json_schema_extra=_or_address)]
"""A table, or the address alone."""


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address: ``localhost``, or one of 127.0.0.0/8 or ``::1``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
