"""Makes the codec's event into the one that our log store wants."""

from datetime import UTC, datetime
from typing import Any

NANOSECONDS = 1_000_000_000


def flatten(message: dict[str, Any]) -> dict[str, Any]:
    """Leave out what the message does not have; time as text; structured data as one flat object."""
    event = {key: value for key, value in message.items() if value is not None and key != "protocol_version"}
    if "timestamp" in event:
        event["timestamp"] = datetime.fromtimestamp(event["timestamp"] // NANOSECONDS, UTC).isoformat()
    elements = event.pop("structured_data", {})
    for element, parameters in elements.items():
        for parameter in parameters:
            for name, value in parameter.items():
                event[f"{element}.{name}"] = value
    return event
