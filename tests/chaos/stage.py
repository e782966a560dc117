"""What each deployment of the suite has in its pipeline: it brings fail points and gauges in."""

from __future__ import annotations

import json
import os
from typing import Any

from tests.chaos import fail_points, gauges

fail_points.install()
if "CHAOS_GAUGES" in os.environ:
    gauges.install(os.environ["CHAOS_GAUGES"])


def stage(event: dict[str, Any]) -> Any:
    """The event, as it is; or, of a row, as it was put there."""
    return json.loads(event["event"]) if "event" in event else event
