"""What a parent tells of components that run in its executors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from supervisor import Fleet
from supervisor.deployment.steering import UnknownTarget

Tables = dict[str, Any]


def test_a_stack_comes_from_the_process_that_runs_the_component(
    fleet: Callable[[Tables], Fleet], ticking: Callable[..., Tables]
) -> None:
    running = fleet(ticking())
    (found,) = running.stack("onramp:main#2/tick")
    assert found["executor"] == 2
    assert any("read" in call for greenlet in found["greenlets"] for call in greenlet["calls"])
    with pytest.raises(UnknownTarget, match="onramp:main/nix"):
        running.stack("onramp:main/nix")
