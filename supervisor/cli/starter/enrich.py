"""What happens to each order. A pipeline is a function: it gets a value and returns what is to become of it."""

from typing import Any

from pipelines import Drop


def enrich(order: dict[str, Any]) -> Any:
    """Add the total; drop test orders. An exception sends the order to `enrich/err`, with the traceback."""
    if order["customer"] == "test":
        return Drop
    order["total"] = sum(item["price"] * item["count"] for item in order["items"])
    return order
