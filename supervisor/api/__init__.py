"""The HTTP API of a running deployment, its health, its metrics and its dashboard. ``docs/api.md`` describes it.

`open_api` is all that a program needs; werkzeug is imported only where there is an API.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from supervisor.api.server import ApiServer
    from supervisor.deployment.running import Running

__all__ = ["API", "open_api"]

API = "api"
"""In place of a component's name in `StartRefused`, where it is the API that cannot start."""


def open_api(running: Running, loggers: Sequence[str] | None = None) -> ApiServer | None:
    """Take the address that ``api`` in its ``[supervisor]`` names, before the deployment starts; ``None`` if it names
    none. `ApiServer.serve` once it has started, `ApiServer.stop` after the deployment. Raises `StartRefused`.

    What ``loggers`` get is shown as the logs of the deployment; by default those that the engine itself writes to.
    """
    settings = running.plan.supervisor.api
    if settings is None:
        return None
    from supervisor.api.routes import all_routes
    from supervisor.api.server import ApiServer
    from supervisor.api.service import Service
    from supervisor.log_ring import OUR_LOGGERS

    service = Service(running)
    server = ApiServer(all_routes(service), settings)
    server.listen()
    server.on_stop = service.logs.keep(OUR_LOGGERS if loggers is None else loggers)
    return server
