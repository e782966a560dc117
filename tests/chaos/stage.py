"""What each deployment of the suite has in its pipeline: it changes nothing, and brings the fail points in."""

from __future__ import annotations

from typing import Any

from tests.chaos.fail_points import install

install()


def stage(event: dict[str, Any]) -> dict[str, Any]:
    """The event, as it is."""
    return event
