"""The page and its engine: tokens, an engine that is gone, and one that comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.sources import free_port
from tests.dashboard.conftest import Engine
from tests.dashboard.deployments import SMALL, WITH_TOKEN

pytestmark = pytest.mark.slow

Open = Callable[..., Any]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """One that a test may kill; it has the same address when it starts again."""
    engine = Engine(tmp_path, SMALL.replace("127.0.0.1:0", f"127.0.0.1:{free_port()}"))
    yield engine
    engine.kill()


def test_a_token_is_asked_for_and_kept_in_the_tab(engines: Any, dashboard: Open) -> None:
    with dashboard(engines(WITH_TOKEN)) as it:
        page = it.page
        page.goto(it.url)
        field = page.get_by_label("Token")
        field.fill("open barley")
        page.get_by_role("button", name="Go on").click()
        page.get_by_text("The token was not right.").wait_for()

        field.fill("open sesame")
        page.keyboard.press("Enter")

        page.locator("svg.graph").wait_for()
        assert page.evaluate("Object.values(sessionStorage)") == ["open sesame"]
        assert page.evaluate("Object.values(localStorage)") == []
        page.reload()
        page.locator("svg.graph").wait_for()


def test_an_engine_that_is_gone_is_told_and_found_again(engine: Engine, dashboard: Open) -> None:
    with dashboard(engine) as it:
        page = it.open()
        page.locator("svg.graph").wait_for()
        engine.kill()
        page.locator(".connection-lost").wait_for()
        assert "again in" in page.locator(".connection").inner_text()
        assert page.locator("svg.graph").count() == 1

        engine.start()

        # It may have found it by itself already.
        page.evaluate("document.querySelector('.connection button')?.click()")
        page.locator(".connection-live").wait_for()


def test_a_stream_that_falls_silent_is_given_up(small: Any, dashboard: Open) -> None:
    with dashboard(small) as it:
        page = it.page
        page.clock.install()
        # An answer that never comes: as if the network had swallowed it.
        page.route("**/api/v1/stream", lambda route: None)
        page.goto(it.url)
        page.locator(".connection-connecting").wait_for()
        page.clock.run_for(6500)
        page.locator(".connection-lost[title='The engine has fallen silent.']").wait_for()
        page.unroute("**/api/v1/stream")
        page.clock.run_for(1500)
        page.locator(".connection-live").wait_for()


def test_nothing_is_asked_of_anybody_else(small: Any, dashboard: Open) -> None:
    with dashboard(small) as it:
        asked: list[str] = []
        it.page.on("request", lambda request: asked.append(request.url))
        it.open()
        assert [url for url in asked if not url.startswith(it.url + "/")] == []
