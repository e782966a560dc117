"""The dashboard in a headless Chromium, and engines for it to look at."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run
from tests.dashboard.deployments import LARGE, SMALL

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DEADLINE_MS = 15_000
SHOTS = Path(__file__).parents[2] / "build" / "screenshots"


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """A Chromium for all of these tests; the tests are skipped where there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"there is no {' or '.join(BROWSERS)} on this machine")
    with api.sync_playwright() as playwright:
        # Its sandbox does not run as root, and the page is our own.
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


class Engine:
    """A deployment that runs, by the command, in a process of its own."""

    def __init__(self, directory: Path, text: str) -> None:
        self._directory = directory
        (directory / "dashboard.toml").write_text(text, encoding="utf-8")
        (directory / "token").write_text("open sesame", encoding="utf-8")
        self.start()

    def start(self) -> None:
        self._run = Run(("run", "dashboard.toml"), self._directory, {})
        try:
            self.url = str(self._run.wait_for_error(r"The API listens on (http://[0-9.]+:[0-9]+)")[1])
        except AssertionError:
            self.kill()
            raise

    def kill(self) -> None:
        self._run.close()


@pytest.fixture(scope="package")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Engine]]:
    """Starts an engine for a deployment's text, once for all tests that look at the same."""
    running: dict[str, Engine] = {}

    def engine(text: str) -> Engine:
        if text not in running:
            running[text] = Engine(tmp_path_factory.mktemp("engine"), text)
        return running[text]

    yield engine
    for each in running.values():
        each.kill()


@pytest.fixture
def small(engines: Callable[[str], Engine]) -> Engine:
    return engines(SMALL)


@pytest.fixture
def large(engines: Callable[[str], Engine]) -> Engine:
    return engines(LARGE)


class Dashboard:
    """A page of the dashboard, and what it complained of."""

    def __init__(self, page: Any, url: str) -> None:
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        page.set_default_timeout(DEADLINE_MS)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._console)

    def _console(self, message: Any) -> None:
        # What the API refuses is told by the page itself; the browser notes it as well.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)

    def open(self, where: str = "#/flows") -> Any:
        self.page.goto(f"{self.url}/{where}")
        self.page.wait_for_selector(".connection-live")
        return self.page

    def go(self, where: str) -> Any:
        """To another page of the dashboard, as a link of it would."""
        self.page.evaluate("where => { location.hash = where; }", where)
        self.page.wait_for_function(
            "where => document.querySelector('main .page h1') && location.hash === where", arg=where
        )
        return self.page

    def act(self, action: str, target: str) -> None:
        """Steer the engine, past the page."""
        answer = self.page.request.post(
            f"{self.url}/api/v1/actions",
            data=json.dumps({"action": action, "target": target}),
            headers={"Content-Type": "application/json"},
        )
        assert answer.ok, answer.text()


Open = Callable[..., Any]


@pytest.fixture
def dashboard(browser: Any) -> Open:
    """Opens the dashboard of an engine, as a context: ``with dashboard(engine, width=390) as it``. What it complained
    of fails the test.
    """

    @contextmanager
    def opened(engine: Engine, *, width: int = 1280, **options: Any) -> Iterator[Dashboard]:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        try:
            it = Dashboard(context.new_page(), engine.url)
            yield it
            assert it.complaints == []
        finally:
            context.close()

    return opened
