"""``/`` and the files of the dashboard: public, checked by their hash, and nothing else is served from there."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import supervisor.api

Serve = Callable[..., Any]
STATIC = Path(supervisor.api.__file__).parent / "static"
FILES = sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file())


def test_the_page_and_all_its_files_are_served_without_a_token(serve: Serve) -> None:
    client = serve(token={"env": "HOME"})
    assert client.get("/api/v1/deployment").status == 401
    page = client.get("/")
    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    for name in FILES:
        answer = client.get(f"/static/{name}")
        assert answer.status == 200, name
        assert answer.body == (STATIC / name).read_bytes()


def test_a_file_that_the_browser_has_is_not_sent_again(serve: Serve) -> None:
    client = serve()
    first = client.get("/static/main.js")
    assert first.headers["Cache-Control"] == "no-cache"
    again = client.get("/static/main.js", **{"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    "path",
    ["/static/", "/static/nix.js", "/static/../server.py", "/static/%2e%2e/server.py", "/static/pages/../../server.py",
     "/static//etc/passwd", "/static/%2fetc%2fpasswd", "/static/..%5cserver.py", "/static/main.js%00.css"],
)  # fmt: skip
def test_only_files_of_the_dashboard_are_served(serve: Serve, path: str) -> None:
    answer = serve().get(path)
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_page_names_all_that_its_first_view_needs_so_that_it_comes_at_once() -> None:
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    named = set(re.findall(r'(?:src|href)="/static/([^"]+)"', page))
    later = set(re.findall(r'import\("\./([^"]+)"\)', (STATIC / "main.js").read_text(encoding="utf-8")))
    assert named | later == {*FILES} - {"index.html"}
    assert named & later == set()


def test_no_file_is_longer_than_one_idea() -> None:
    assert [
        name for name in FILES if len((STATIC / name).read_text(encoding="utf-8").splitlines()) > 450
    ] == []
    assert [name for name in FILES if max(map(len, (STATIC / name).read_text().splitlines())) > 120] == []
