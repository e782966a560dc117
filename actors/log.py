"""Structured logs on top of the standard library's ``logging``.

A library must not print: what a host program has not asked for stays silent, because everything goes to a ``logging``
logger, which shows nothing below WARNING and nothing on stdout unless the host configures it. The ``supervisor``
command configures it.
"""

from __future__ import annotations

import logging
from typing import Any, cast

import structlog

__all__ = ["get_logger"]


def get_logger(name: str, **fields: Any) -> structlog.stdlib.BoundLogger:
    """A structlog logger with these fields bound, that writes through ``logging.getLogger(name)``.

    The event goes out as the message and all fields as ``extra`` under ``fields``; no global structlog configuration
    is read or changed.
    """
    logger = structlog.wrap_logger(
        logging.getLogger(name),
        wrapper_class=structlog.stdlib.BoundLogger,
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.render_to_log_kwargs],
        cache_logger_on_first_use=True,
    )
    return cast("structlog.stdlib.BoundLogger", logger.bind(**fields))
