"""What `benchmarks.dashboard` makes of what it measured."""

from __future__ import annotations

import pytest

from benchmarks.dashboard import Window, deployment_of, figures, missed


def test_a_cost_is_what_is_missing_to_the_window_before() -> None:
    pairs = [(Window(100.0, 1000.0), Window(98.0, 990.0)), (Window(50.0, 500.0), Window(49.0, 495.0))]
    found = figures(pairs, [0.2, 0.4, 0.3], [0.0, 1000.0, 2010.0], [0.01, 0.02, 0.01])
    assert found["cost"] == pytest.approx(0.02)
    assert found["cost_per_cpu"] == pytest.approx(0.01)
    assert (found["open_seconds"], found["open_seconds_most"]) == (0.3, 0.4)
    assert found["look_seconds"] == pytest.approx(1.005)
    assert found["cores"] == 0.01
    assert missed(found) == []


def test_each_target_that_is_missed_is_named() -> None:
    pairs = [(Window(100.0, 100.0), Window(90.0, 90.0))]
    assert len(missed(figures(pairs, [1.5], [0.0, 2000.0], [0.05]))) == 3


def test_the_deployment_has_the_flows_that_are_asked_for() -> None:
    text = deployment_of(3)
    assert text.count("[flows.") == 3
    assert 'api = "127.0.0.1:0"' in text
