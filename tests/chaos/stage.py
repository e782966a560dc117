"""What each deployment of the suite has in its pipeline: it changes nothing, and brings fail points and gauges in."""

from __future__ import annotations

import os
from typing import Any

from tests.chaos import fail_points, gauges

fail_points.install()
if "CHAOS_GAUGES" in os.environ:
    gauges.install(os.environ["CHAOS_GAUGES"])


def stage(event: dict[str, Any]) -> dict[str, Any]:
    """The event, as it is."""
    return event
