"""What a running deployment looks like at one moment: plain data for the API, the dashboard, metrics and terminals."""

from __future__ import annotations

from supervisor.observation.snapshot import ComponentSnapshot, LinkSnapshot, ProcessSnapshot, Snapshot

__all__ = ["ComponentSnapshot", "LinkSnapshot", "ProcessSnapshot", "Snapshot"]
