"""The `http` offramp: sends events as the bodies of HTTP requests."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from pipelines.options import Duration, Options, Secret, SecretReference, Size, check_host
from ramps.errors import CannotOpen, ConnectionLost, Rejected
from ramps.network.http_client import HttpClient, HttpResponse
from ramps.network.requests_in_flight import RequestsInFlight
from ramps.network.tls import TlsClient, client_context
from ramps.offramp import Offramp, Outgoing, offramps

__all__ = ["HttpOfframp"]

# RFC 9110, section 5.6.2 (token) and 5.5 (field values; control characters are what splits a request in two).
_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_FRAMING_FIELDS = {"content-length", "transfer-encoding", "connection"}

# Client errors by number, but they say "later" (RFC 9110, 8470, 6585).
_LATER = {408, 425, 429}
_EXCERPT_CHARACTERS = 200

MOST_IN_FLIGHT = 256
"""Each takes a connection."""


def _checked_url(url: str) -> str:
    if not re.fullmatch(r"[\x21-\x7e]+", url):
        raise ValueError("a URL has neither spaces nor characters beyond ASCII; write them as %XX")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError('write a URL such as "https://example.org/events"')
    check_host(parts.hostname)
    if parts.username is not None or parts.password is not None:
        raise ValueError("credentials do not belong into a URL; use `token`, or `headers` with a secret")
    if parts.port == 0:
        raise ValueError("port 0 cannot be connected to")
    return parts._replace(fragment="").geturl()


class HttpOptions(Options):
    """Options of `http`."""

    url: Annotated[str, AfterValidator(_checked_url)] = Field(description="Where to send requests.")
    method: Literal["POST", "PUT", "PATCH"] = Field(default="POST", description="The request's method.")
    batch: Literal["none", "lines", "array"] = Field(
        default="none",
        description="One request per event, or one per batch: a line per event, or a JSON array of them.",
    )
    headers: dict[str, str | SecretReference] = Field(
        default_factory=dict, description='Headers of each request; { env = "NAME" } for what is secret.'
    )
    token: Secret | None = Field(
        default=None, description="Sent as `Authorization: Bearer`; in clear text unless the URL is https."
    )
    events_per_request: int | None = Field(
        default=None,
        ge=1,
        description="At most so many events in a request of `lines` or `array`; a batch of more becomes several.",
    )
    max_in_flight: Annotated[int, Field(ge=1, le=MOST_IN_FLIGHT)] | Literal["auto"] = Field(
        default=1,
        description="How many requests of a batch are under way at a time; above 1 their order is not kept. `auto`: as "
        "many as the server answers without taking much longer, found out while it goes.",
    )
    max_in_flight_limit: int = Field(
        default=64, ge=1, le=MOST_IN_FLIGHT, description='The most that `max_in_flight = "auto"` may come to.'
    )
    max_rate: float | None = Field(
        default=None,
        gt=0,
        le=1_000_000,
        allow_inf_nan=False,
        description="At most so many requests a second; as many at once as are due in a tenth of a second.",
    )
    connect_timeout: Duration = Field(
        default="10s", validate_default=True, gt=0, description="How long connecting may take."
    )
    timeout: Duration = Field(
        default="30s", validate_default=True, gt=0, description="How long a request and its answer may take."
    )
    max_retry_after: Duration = Field(
        default="5m", validate_default=True, description="The longest pause that the server may ask for."
    )
    max_response: Size = Field(
        default="64KiB", validate_default=True, ge=0, description="How much of an answer is read."
    )
    tls: TlsClient | None = Field(default=None, description="Whom to trust, for https.")


@offramps.register
class HttpOfframp(Offramp):
    """Requests over kept-alive connections.

    2xx is success. 5xx, 408, 425, 429, a timeout and a broken connection are tried again, after ``Retry-After`` if
    the server says so; any other answer is a refusal for good, also a redirect: following it would hand the events
    and the token to somebody whom nobody configured.

    A batch is confirmed to its source when the server has answered with 2xx.

    Where a batch is several requests, they are sent one after the other, or `max_in_flight` at a time. What the server
    took is not sent again when the rest is tried again. After a failure no request is begun until the wait is over.
    """

    name: ClassVar[str] = "http"
    summary: ClassVar[str] = (
        "Sends events to an HTTP server, one a request, or batches as lines or as an array."
    )
    example: ClassVar[str] = """
        [offramps.out]
        type = "http"
        url = "https://example.org/events"
        batch = "lines"
        token = { env = "EVENTS_TOKEN" }
        """
    single_owner: ClassVar[bool] = False
    confirms = "write"
    Options = HttpOptions
    options: HttpOptions

    def __init__(self, options: HttpOptions) -> None:
        super().__init__(options)
        self._client: HttpClient | None = None
        # For messages: queries hold keys rather often.
        self._peer = options.url.partition("?")[0]
        self._headers: dict[str, str] = {}
        self._requests = RequestsInFlight(
            options.max_in_flight, options.max_in_flight_limit, options.max_rate
        )

    def check(self) -> None:
        """Read certificates and secrets, and look at the headers."""
        secure = self.options.url.startswith("https:")
        if self.options.tls is not None:
            if not secure:
                raise CannotOpen(f"{self._peer}: there is no TLS without https; write https, or drop `tls`")
            client_context(self.options.tls)
        self._request_headers()

    def open(self) -> None:
        """Connect once, to see that the server is there. Blocks up to the connect timeout, twice that with TLS."""
        self.close()
        self.check()
        options = self.options
        tls = options.tls or TlsClient()
        self._headers = self._request_headers()
        client = HttpClient(
            urlsplit(options.url),
            context=client_context(tls) if options.url.startswith("https:") else None,
            server_name=tls.server_name,
            connect_timeout_seconds=options.connect_timeout,
            timeout_seconds=options.timeout,
            max_response_bytes=options.max_response,
        )
        client.connect()
        self._client = client

    def write(self, outgoing: Outgoing) -> None:
        """Send the batch and wait for the answers. Blocks."""

        def send(indices: list[int]) -> None:
            refusal = self._send(self._body([b"".join(outgoing.packets[index]) for index in indices]))
            if refusal:
                outgoing.refusals.update(dict.fromkeys(indices, refusal))
            else:
                outgoing.taken.update(indices)

        pending = outgoing.pending
        size = 1 if self.options.batch == "none" else self.options.events_per_request or len(pending)
        pieces = [pending[start : start + size] for start in range(0, len(pending), size)]
        self._requests.send_all(pieces, send, self.clock)
        if outgoing.refusals:
            indices = sorted(outgoing.refusals)
            raise Rejected(outgoing.refusals[indices[0]], indices)

    def close(self) -> None:
        """Close all connections."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _body(self, payloads: list[bytes]) -> bytes:
        if self.options.batch == "none":
            return payloads[0]
        if self.options.batch == "array":
            return b"[" + b",".join(payloads) + b"]"
        return b"".join([payload if payload.endswith(b"\n") else payload + b"\n" for payload in payloads])

    def _send(self, body: bytes) -> str:
        """Send one request. Returns why it was refused, or nothing. Raises `ConnectionLost`."""
        if self._client is None:
            raise ConnectionLost(f"{self._peer}: not open")
        response = self._client.request(self.options.method, self._headers, body)
        status = response.status
        if 200 <= status < 300:
            return ""
        answer = f"{self._peer}: {status} {_excerpt(response)}".rstrip()
        if status >= 500 or status in _LATER:
            raise ConnectionLost(answer, self._retry_after_seconds(response))
        if 300 <= status < 400:
            location = response.headers.get("Location", "")[:_EXCERPT_CHARACTERS]
            return f"{answer}: redirects are not followed; if {location!r} is right, configure it as the URL"
        return answer

    def _retry_after_seconds(self, response: HttpResponse) -> float | None:
        """RFC 9110, section 10.2.3: seconds, or a date."""
        text = (response.headers.get("Retry-After") or "").strip()
        if re.fullmatch(r"[0-9]{1,9}", text):
            seconds = float(text)
        else:
            try:
                seconds = parsedate_to_datetime(text).timestamp() - self.clock.time_ns() / 1e9
            except (ValueError, TypeError, OverflowError):
                return None
        return min(max(seconds, 0.0), self.options.max_retry_after)

    def _request_headers(self) -> dict[str, str]:
        content_type = "application/x-ndjson" if self.options.batch == "lines" else "application/json"
        headers = {"User-Agent": "aftershock", "Content-Type": content_type}
        defaults = {name.lower(): name for name in headers}
        for name, value in self.options.headers.items():
            if not _FIELD_NAME.fullmatch(name) or name.lower() in _FRAMING_FIELDS:
                raise CannotOpen(f"{self._peer}: the header {name!r} cannot be set; remove it")
            if name.lower() in defaults:
                del headers[defaults.pop(name.lower())]
            headers[name] = self._field_value(name, value)
        if self.options.token is not None:
            headers["Authorization"] = "Bearer " + self._field_value("Authorization", self.options.token)
        return headers

    def _field_value(self, name: str, value: str | SecretReference) -> str:
        try:
            text = value if isinstance(value, str) else value.reveal()
        except ValueError as error:
            raise CannotOpen(f"{self._peer}: the header {name!r}: {error}") from None
        if not _FIELD_VALUE.fullmatch(text):
            # Without the value: it may be a secret.
            raise CannotOpen(f"{self._peer}: the value of the header {name!r} has characters it cannot have")
        return text


def _excerpt(response: HttpResponse) -> str:
    """The beginning of the answer's body, harmless to a terminal."""
    text = response.body[: 4 * _EXCERPT_CHARACTERS].decode("utf-8", "replace")
    return "".join(
        [character if character.isprintable() else " " for character in text[:_EXCERPT_CHARACTERS]]
    )
