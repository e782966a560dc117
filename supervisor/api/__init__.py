"""The HTTP API of a running deployment, its health, its metrics and its dashboard. ``docs/api.md`` describes it.

`open_api` is all that a program needs; werkzeug is imported only where there is an API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from supervisor.api.server import ApiServer
    from supervisor.deployment.running import Running

__all__ = ["API", "open_api"]

API = "api"
"""In place of a component's name in `StartRefused`, where it is the API that cannot start."""


def open_api(running: Running) -> ApiServer | None:
    """Take the address that ``api`` in its ``[supervisor]`` names, before the deployment starts; ``None`` if it names
    none. `ApiServer.serve` once it has started, `ApiServer.stop` after the deployment. Raises `StartRefused`.
    """
    settings = running.plan.supervisor.api
    if settings is None:
        return None
    from supervisor.api.routes import all_routes
    from supervisor.api.server import ApiServer
    from supervisor.api.service import Service

    server = ApiServer(all_routes(Service(running)), settings)
    server.listen()
    return server
