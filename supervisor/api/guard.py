"""`Guard`: who may ask what. Refuses requests without the token, from other sites, and changes in read-only mode.

A browser that shows some other site can send requests to an address of this machine, and with DNS rebinding even read
the answers. So each request must name a host that is meant (``Host``, RFC 9110 §7.2), and one that a page sent must
come from a page of ours (``Origin``, RFC 6454 §7). There are no cookies.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from werkzeug.wrappers import Request

from supervisor.api.problems import Problem
from supervisor.api.routing import Route
from supervisor.deployment.api_table import is_loopback

__all__ = ["Guard"]

_CHALLENGE = (("WWW-Authenticate", 'Bearer realm="aftershock"'),)


class Guard:
    """``token``: what clients must send, if anything. ``origins``: other sites whose pages may ask, as
    ``"https://ops.example.org"``. ``any_host``: do not look at the ``Host`` header (it listens on other interfaces,
    where only the token counts).
    """

    def __init__(self, *, token: str | None, read_only: bool, origins: Sequence[str], any_host: bool) -> None:
        self._token = None if token is None else token.encode()
        self._read_only = read_only
        self._origins = frozenset(origin.rstrip("/").lower() for origin in origins)
        self._any_host = any_host

    def check(self, request: Request, route: Route) -> None:
        """Raise `Problem` (401, 403) if this request may not be answered."""
        if not self._any_host and not is_loopback(_host_of(request)):
            raise Problem(
                403, "wrong-host", f"this is no name of the host that is meant: {request.host[:200]!r}"
            )
        origin = request.headers.get("Origin")
        if origin is not None and not self._is_ours(origin, request):
            raise Problem(
                403,
                "wrong-origin",
                "pages of this origin may not ask; add it to `origins` of `api` in [supervisor] if they should",
            )
        if route.writes and self._read_only:
            raise Problem(
                403, "read-only", "the API is read-only; `read_only` of `api` in [supervisor] says so"
            )
        if self._token is not None and not route.public and not self._is_authorised(request):
            raise Problem(
                401, "no-token", "send the token as `Authorization: Bearer TOKEN`", headers=_CHALLENGE
            )

    def allowed_origin(self, request: Request) -> str | None:
        """The other site that may read the answer, if one asks."""
        origin = request.headers.get("Origin", "")
        return origin if origin.rstrip("/").lower() in self._origins else None

    def _is_ours(self, origin: str, request: Request) -> bool:
        bare = origin.rstrip("/").lower()
        return bare in self._origins or bare == f"{request.scheme}://{request.host}".lower()

    def _is_authorised(self, request: Request) -> bool:
        assert self._token is not None
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(
            given.strip().encode("latin-1", "replace"), self._token
        )


def _host_of(request: Request) -> str:
    host = request.host
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
