"""What ``otlp`` in ``[supervisor]`` may say."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, field_validator

from pipelines.options import Duration, Options, SecretReference

__all__ = ["OtlpOption", "OtlpTable", "is_installed"]


class OtlpTable(Options):
    """Where metrics are pushed to, by OpenTelemetry's protocol over HTTP."""

    endpoint: str = Field(
        description="The collector, such as `http://127.0.0.1:4318`; metrics go to its `/v1/metrics`, unless it "
        "has a path."
    )
    every: Duration = Field(
        default="10s", validate_default=True, ge=0.1, description="How often all metrics are pushed."
    )
    timeout: Duration = Field(
        default="5s",
        validate_default=True,
        gt=0,
        description="How long a push may take.",
    )
    headers: dict[str, str | SecretReference] = Field(
        default_factory=dict,
        description='Headers of each request; secrets as { env = "NAME" } or { file = "path" }.',
    )

    @field_validator("endpoint")
    @classmethod
    def _is_url(cls, endpoint: str) -> str:
        try:
            parts = urlsplit(endpoint)
            right = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            right = False
        if not right or not endpoint.isprintable() or " " in endpoint:
            raise ValueError("must be the URL of a collector, such as http://127.0.0.1:4318")
        if parts.username or parts.password:
            raise ValueError("credentials do not belong into a URL; use `headers` with a secret")
        return endpoint

    @property
    def url(self) -> str:
        """Where requests go."""
        return (
            f"{self.endpoint.rstrip('/')}/v1/metrics"
            if urlsplit(self.endpoint).path in ("", "/")
            else self.endpoint
        )

    def revealed_headers(self) -> dict[str, str]:
        """The headers with their secrets. Raises ``ValueError`` where one is not there."""
        return {
            name: value if isinstance(value, str) else value.reveal() for name, value in self.headers.items()
        }


def is_installed() -> bool:
    """Whether what pushes is there: the extra ``otlp``."""
    try:
        return find_spec("opentelemetry.exporter.otlp.proto.http") is not None
    except ModuleNotFoundError:
        return False


def _endpoint_alone(value: object) -> object:
    if isinstance(value, str):
        return {"endpoint": value}
    if value is not None and not isinstance(value, dict | OtlpTable):
        raise ValueError("must be the URL of a collector, or a table with more")
    return value


def _or_endpoint(schema: dict[str, Any]) -> None:
    schema["anyOf"].insert(0, {"type": "string", "format": "uri"})


OtlpOption = Annotated[
    OtlpTable | None, BeforeValidator(_endpoint_alone), Field(json_schema_extra=_or_endpoint)
]
"""A table, or the endpoint alone."""
