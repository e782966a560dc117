"""TLS for ramps: the options that name certificates, and the contexts made of them.

TLS 1.2 or newer, with the standard library's choice of ciphers. The contexts are of gevent's class, so that
handshakes are cooperative in an unpatched process too; `ssl.create_default_context` would make the blocking
one.
"""

from __future__ import annotations

import ssl
from pathlib import Path

from gevent import ssl as gevent_ssl
from pydantic import Field, model_validator

from pipelines.options import Options
from ramps.errors import CannotOpen

__all__ = ["TlsClient", "TlsServer", "client_context", "server_context"]


class TlsServer(Options):
    """How a listening ramp proves who it is, and whether it wants the same of its clients."""

    cert: Path = Field(
        description="PEM file with the server's certificate, followed by its intermediate ones"
    )
    key: Path = Field(description="PEM file with the certificate's private key, not encrypted")
    client_ca: Path | None = Field(
        default=None,
        description="PEM file with the authorities whose clients may connect; without it anybody may",
    )


class TlsClient(Options):
    """Whom a connecting ramp trusts, and how it proves who it is if it is asked."""

    ca: Path | None = Field(
        default=None, description="PEM file with the authorities to trust instead of the system's"
    )
    cert: Path | None = Field(default=None, description="PEM file with the client's own certificate")
    key: Path | None = Field(
        default=None, description="PEM file with the private key of `cert`, not encrypted"
    )
    server_name: str | None = Field(
        default=None,
        description="the name that the server's certificate must bear, where it is not the address's host",
    )
    verify: bool = Field(default=True, description="false accepts any certificate: for experiments only")

    @model_validator(mode="after")
    def _key_goes_with_certificate(self) -> TlsClient:
        if (self.cert is None) != (self.key is None):
            raise ValueError("`cert` and `key` go together; name both, or neither")
        return self


def server_context(options: TlsServer) -> ssl.SSLContext:
    """The context for accepting connections. Reads the files; raises `CannotOpen` naming the bad one."""
    context: ssl.SSLContext = gevent_ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load_certificate(context, options.cert, options.key)
    if options.client_ca is not None:
        _load_authorities(context, options.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(options: TlsClient) -> ssl.SSLContext:
    """The context for connecting. Reads the files; raises `CannotOpen` that names the file at fault.

    Use it as ``client_context(tls).wrap_socket(sock, server_hostname=tls.server_name or host)``.
    """
    context: ssl.SSLContext = gevent_ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if options.ca is not None:
        # The given authorities replace the system's: whoever names one means that one.
        _load_authorities(context, options.ca)
    elif options.verify:
        context.load_default_certs()
    if options.cert is not None and options.key is not None:
        _load_certificate(context, options.cert, options.key)
    if not options.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _load_certificate(context: ssl.SSLContext, cert: Path, key: Path) -> None:
    _readable("certificate", cert)
    _readable("private key", key)

    def refuse_encrypted() -> str:
        # Without a callback OpenSSL would ask for the pass phrase on the terminal, and wait.
        raise CannotOpen(
            f"the TLS private key {key} is encrypted; store it without a pass phrase, readable by us only"
        )

    try:
        context.load_cert_chain(cert, key, password=refuse_encrypted)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            reason = f"the TLS private key {key} does not belong to the certificate {cert}; name the pair"
        else:
            reason = (
                f"the TLS certificate {cert} and key {key} cannot be used: {error}; both must be PEM files"
            )
        raise CannotOpen(reason) from None


def _load_authorities(context: ssl.SSLContext, path: Path) -> None:
    _readable("authorities' certificates", path)
    try:
        context.load_verify_locations(path)
    except ssl.SSLError as error:
        raise CannotOpen(
            f"the TLS authorities in {path} cannot be used: {error}; it must be a PEM file"
        ) from None


def _readable(what: str, path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise CannotOpen(
            f"the TLS {what} {path} cannot be read: {error.strerror}; check the path and the rights"
        ) from None
