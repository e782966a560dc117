"""`Confirmations`: what a source that keeps at-least-once says of the events that it has sent."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Confirmations"]


class Confirmations(NamedTuple):
    """All numbers are events, of all incarnations of its actor, as far as the source can know."""

    confirmed: int = 0
    """Delivered, and known to be: the source may forget them."""
    sent_again: int = 0
    """Sent once more, because it was not known whether they were delivered; some of them may have arrived twice."""
    unconfirmed: int = 0
    """Sent, and not known to be delivered: the source still has them."""
    remains: str = ""
    """Where what is unconfirmed remains, and when it comes again, as a clause (``"in.jsonl is read again from byte
    2,345 on at the next start"``); empty if there is nothing."""
