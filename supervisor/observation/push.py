"""`open_push`: what pushes metrics out of a deployment, if its file says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supervisor.deployment.outcome import StartRefused

if TYPE_CHECKING:
    from supervisor.deployment.running import Running
    from supervisor.observation.otlp import OtlpExport

__all__ = ["OTLP", "open_push"]

OTLP = "otlp"
"""In place of a component's name in `StartRefused`, where it is this that cannot start."""


def open_push(running: Running) -> OtlpExport | None:
    """Pushes metrics as ``otlp`` in ``[supervisor]`` says; ``None`` if it says nothing. `OtlpExport.start` once the
    deployment has started, `OtlpExport.stop` around its stop. Raises `StartRefused`.
    """
    settings = running.plan.supervisor.otlp
    if settings is None:
        return None
    # Late: OpenTelemetry takes a while, and is an extra.
    from supervisor.observation.otlp import OtlpExport

    try:
        return OtlpExport(running, settings)
    except ValueError as error:
        raise StartRefused(f"metrics cannot be pushed: {error}", OTLP) from None
