"""Looks for what is wrong to see: texts that are clipped, hang out of the page, or lie over each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["faults_of"]

_SCRIPT = Path(__file__).with_name("faults.js").read_text(encoding="utf-8")


def faults_of(page: Any) -> list[str]:
    """A sentence for each fault; empty where all is well."""
    return list(dict.fromkeys(page.evaluate(_SCRIPT)))
