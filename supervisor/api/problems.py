"""Errors of the API as problem documents (RFC 9457)."""

from __future__ import annotations

from typing import Any

__all__ = ["CONTENT_TYPE", "Problem"]

CONTENT_TYPE = "application/problem+json"


class Problem(Exception):
    """Raise it in a handler: the client gets this document. ``detail`` says what was wrong, and what to do.

    ``kind`` names the kind of problem for programs; more members of the document are in ``members``.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        headers: tuple[tuple[str, str], ...] = (),
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.detail = detail
        self.headers = headers
        self.members = members

    def document(self, title: str) -> dict[str, Any]:
        """The members of the document; ``title`` is the status in words."""
        return {
            "type": f"urn:aftershock:problem:{self.kind}",
            "title": title,
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }
