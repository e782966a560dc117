"""Some work for each event."""

from typing import Any


def score(event: dict[str, Any]) -> dict[str, Any]:
    """Add what the order is worth."""
    event["worth"] = event["price"] * event["count"]
    return event
