"""Binding sockets, and saying in the user's words why it did not work."""

from __future__ import annotations

import errno
import ipaddress
import socket as constants
from typing import Any

from gevent import socket

from pipelines.options import HostPort
from ramps.errors import CannotOpen

__all__ = ["bind", "bound_address", "cannot_listen", "listen"]

_BACKLOG = 1024

_REASONS = {
    errno.EADDRINUSE: "the port is in use by another process; choose another `address` or stop the other one",
    errno.EACCES: "ports below 1024 need special rights; choose a higher one",
    errno.EADDRNOTAVAIL: "no network interface of this machine has that address; choose another `address`",
    errno.EAFNOSUPPORT: "this machine does not speak that address family; choose another `address`",
}


def listen(address: HostPort, *, reuse_port: bool = False) -> Any:
    """A cooperative TCP socket that listens. Raises `CannotOpen`. May block while a host name is resolved."""
    sock = bind(address, constants.SOCK_STREAM, reuse_port=reuse_port)
    try:
        sock.listen(_BACKLOG)
    except OSError as error:
        # Two sockets with SO_REUSEADDR may be bound to one port, but only one of them may listen.
        sock.close()
        raise cannot_listen(str(address), error) from None
    return sock


def bind(address: HostPort, kind: int, *, reuse_port: bool = False) -> Any:
    """A cooperative socket bound to the address. Raises `CannotOpen`. May block while a host name is
    resolved."""
    family, target = _resolve(address, kind)
    sock = socket.socket(family, kind)
    try:
        if kind == constants.SOCK_STREAM:
            sock.setsockopt(constants.SOL_SOCKET, constants.SO_REUSEADDR, 1)
        if reuse_port:
            sock.setsockopt(constants.SOL_SOCKET, constants.SO_REUSEPORT, 1)
        sock.bind(target)
    except OSError as error:
        sock.close()
        raise cannot_listen(str(address), error) from None
    except BaseException:
        sock.close()
        raise
    return sock


def bound_address(sock: Any) -> HostPort:
    """Where a socket really listens: the system has chosen a port where 0 was asked for."""
    host, port = sock.getsockname()[:2]
    return HostPort(host, port)


def cannot_listen(address: str, error: OSError) -> CannotOpen:
    """The error for the user, with the remedy where we know one."""
    reason = _REASONS.get(error.errno or 0, error.strerror or str(error))
    return CannotOpen(f"onramp cannot listen on {address}: {reason}")


def _resolve(address: HostPort, kind: int) -> tuple[int, Any]:
    try:
        version = ipaddress.ip_address(address.host).version
    except ValueError:
        pass
    else:
        # Literal addresses need no resolver, and so no thread of the hub's pool.
        return (constants.AF_INET if version == 4 else constants.AF_INET6), tuple(address)
    try:
        found = socket.getaddrinfo(address.host, address.port, 0, kind)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CannotOpen(
            f"onramp cannot listen on {address}: the host name {address.host!r} cannot be resolved "
            f"({reason}); use an IP address, such as 127.0.0.1, or mend the name"
        ) from None
    return found[0][0], found[0][4]
