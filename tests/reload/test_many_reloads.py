"""Reloads one after the other, under load, lose nothing and leave nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from ramps.testing.leaks import nothing_outlives
from tests.reload.churn import churn


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_forty_reloads_in_a_row_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with nothing_outlives():
        churned = churn(40)
    assert churned.put > 100
    assert churned.late.descriptors < churned.early.descriptors + 30
