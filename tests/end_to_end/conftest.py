"""Whole deployments: embedded in this process, or run by the command in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ramps.testing.accounting import assert_balanced
from ramps.testing.leaks import nothing_outlives
from supervisor import Deployment

Tables = dict[str, Any]


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    with nothing_outlives():
        yield


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, empty, where modules and relative paths of a dict's deployment are looked for."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def deploy() -> Iterator[Callable[..., Deployment]]:
    """Starts a deployment from tables or a file; it is stopped after the test, if it has not been, and its account must
    be right.
    """
    started: list[Deployment] = []
    with ExitStack() as stack:

        def start(source: Tables | Path, **options: Any) -> Deployment:
            deployment = stack.enter_context(Deployment.load(source, **options))
            started.append(deployment)
            return deployment

        yield start
    for deployment in started:
        restarted = any(component.restarts for component in deployment.account().components)
        assert_balanced(deployment, repeated=restarted)


@pytest.fixture(scope="session")
def flow() -> Callable[..., Tables]:
    """The tables of a deployment with a memory onramp ``in`` and a memory offramp ``out``, and other components."""

    def tables(*links: str, flow: Tables | None = None, **components: Tables) -> Tables:
        whole: Tables = {
            "onramps": {"in": {"type": "memory"}},
            "offramps": {"out": {"type": "memory"}},
            "flows": {"main": {"links": list(links), **(flow or {})}},
        }
        for section, named in components.items():
            whole[section] = {**whole.get(section, {}), **named}
        return whole

    return tables
