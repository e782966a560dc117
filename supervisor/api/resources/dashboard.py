"""``/``: the dashboard, a page that asks this API, and the files that it consists of."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

from werkzeug.wrappers import Response

from supervisor.api.problems import Problem
from supervisor.api.routing import Call, Route

__all__ = ["routes"]

_PAGE = "index.html"
_CONTENT_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


class _File(NamedTuple):
    content: bytes
    content_type: str
    etag: str


def routes() -> Iterator[Route]:
    """They hold nothing of the deployment, so they need no token: the page asks for one."""
    known = dict(_files(files("supervisor.api") / "static"))

    def page(call: Call) -> Response:
        return _answer(call, known[_PAGE])

    def static(call: Call) -> Response:
        # A name is looked up among the files that there are, and never becomes a path.
        found = known.get(call.path["name"])
        if found is None:
            raise Problem(404, "not-found", "the dashboard has no file of this name")
        return _answer(call, found)

    tag = "Dashboard"
    yield Route("GET", "/", page, "The dashboard.", tag, answer=str, public=True, content_type="text/html")
    yield Route("GET", "/static/<path:name>", static, "A file of the dashboard.", tag, answer=str, public=True,
                content_type="text/plain", problems=(404,),
                description="Style sheets, scripts and pictures, each with its own content type.")  # fmt: skip


def _files(directory: Traversable, prefix: str = "") -> Iterator[tuple[str, _File]]:
    for entry in directory.iterdir():
        if entry.is_dir():
            yield from _files(entry, f"{prefix}{entry.name}/")
        elif (content_type := _CONTENT_TYPES.get(entry.name.rpartition(".")[2])) is not None:
            content = entry.read_bytes()
            yield prefix + entry.name, _File(content, content_type, sha256(content).hexdigest()[:32])


def _answer(call: Call, file: _File) -> Response:
    response = Response(file.content, content_type=file.content_type)
    response.set_etag(file.etag)
    # Kept by the browser, and asked for each time whether it still holds: an upgrade shows at once.
    response.headers["Cache-Control"] = "no-cache"
    return response.make_conditional(call.request)
