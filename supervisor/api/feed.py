"""`SnapshotFeed`: one look a second at the deployment for all who watch, encoded once."""

from __future__ import annotations

from collections.abc import Iterator

import gevent
from gevent.event import Event
from pydantic_core import to_json

from supervisor.api.service import Service

__all__ = ["SnapshotFeed"]


class SnapshotFeed:
    """Looks only while somebody watches. A watcher that is slow misses looks, and holds nobody up."""

    def __init__(self, service: Service, every_seconds: float = 1.0) -> None:
        self._service = service
        self._every_seconds = every_seconds
        self._watchers = 0
        self._looking: gevent.Greenlet[[], None] | None = None
        self._latest = b""
        self._error: Exception | None = None
        self._came = Event()

    def watch(self) -> Iterator[bytes]:
        """The JSON of a `Snapshot` each second, the first at once. Blocks between them. Close it to watch no more.

        Raises what the look at the deployment raised.
        """
        self._watchers += 1
        try:
            yield to_json(self._service.snapshot().to_json())
            while True:
                if not self._looking:
                    self._error = None
                    self._looking = gevent.spawn(self._look)
                self._came.wait()
                if self._error is not None:
                    raise self._error
                yield self._latest
        finally:
            self._watchers -= 1

    def _look(self) -> None:
        while True:
            gevent.sleep(self._every_seconds)
            if not self._watchers:
                return
            try:
                self._latest = to_json(self._service.snapshot().to_json())
            except Exception as error:
                self._error = error
                return
            finally:
                self._came.set()
                self._came.clear()
