"""Every page, at both widths, light and dark, with five and with five hundred components: nothing is clipped, nothing
lies over anything else. The pictures are kept in ``build/screenshots``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.dashboard.conftest import SHOTS
from tests.dashboard.deployments import LARGE, SMALL
from tests.dashboard.faults import faults_of

pytestmark = pytest.mark.slow

PAGES = ["flows", "components", "charts", "tree", "logs", "letters", "tap"]
SIZES = {
    "5": (SMALL, ["pipeline:orders/parse", "offramp:orders/out"]),
    "500": (LARGE, ["pipeline:fleet/parse", "pipeline:fleet#7/parse", "offramp:away/elsewhere"]),
}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("size", SIZES)
def test_no_text_is_clipped_or_covered(
    engines: Callable[[str], Any], dashboard: Callable[..., Any], size: str, width: int, scheme: str
) -> None:
    text, components = SIZES[size]
    faults = {}
    with dashboard(engines(text), width=width, color_scheme=scheme) as it:
        page = it.open()

        def look(name: str) -> None:
            faults[name] = faults_of(page)
            SHOTS.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=SHOTS / f"{name}-{size}-{width}-{scheme}.png", full_page=True)

        # Two looks at the engine, so that there are rates.
        page.wait_for_function("() => /[0-9]/.test(document.querySelector('#head dd').textContent)")
        for name in PAGES:
            it.go(f"#/{name}")
            look(name)
        for component in components:
            it.go(f"#/component/{component.replace('/', '%2F').replace('#', '%23')}")
            page.wait_for_selector(".settings")
            look(re.sub(r"\W", "-", component))
        it.go("#/flows")
        page.get_by_role("button", name="Open all").click()
        page.wait_for_selector("svg.graph")
        look("graphs")
    assert {name: found for name, found in faults.items() if found} == {}


@pytest.mark.parametrize(
    "style",
    [
        ".figures dd { letter-spacing: 40px; white-space: nowrap; }",
        ".toolbar { width: 2000px; }",
        "nav { margin-top: -40px; }",
        ".flow { width: 120px; overflow: hidden; }",
        ".node .name { font-size: 60px; }",
    ],
)
def test_such_faults_would_be_found(
    engines: Callable[[str], Any], dashboard: Callable[..., Any], style: str
) -> None:
    with dashboard(engines(SMALL), bypass_csp=True) as it:
        page = it.open()
        page.locator("svg.graph").wait_for()
        assert faults_of(page) == []
        page.add_style_tag(content=style)
        assert faults_of(page) != []
