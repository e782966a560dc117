"""`Engine`: a running deployment, as the commands see it by its HTTP API."""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import click
from pydantic import ValidationError

from supervisor.cli.answers import EVENTS, LOG_RECORDS, OTHER_EVENTS
from supervisor.cli.exit_codes import ExitCode
from supervisor.observation.snapshot import Snapshot

__all__ = ["Engine", "Refused", "Unreachable", "engine_options"]

DEFAULT_ADDRESS = "http://127.0.0.1:9898"
_TIMEOUT_SECONDS = 10.0
# A stream says something at least every fifteen seconds.
_SILENCE_SECONDS = 60.0
_CHANGE_SECONDS = 300.0
_MAX_ANSWER_BYTES = 64 * 2**20
_MAX_LINE_BYTES = 16 * 2**20

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Unreachable(click.ClickException):
    """Nobody answers, or not as an engine would."""

    exit_code = ExitCode.UNREACHABLE


class Refused(click.ClickException):
    """The engine does not do what it was asked for; the text says why."""

    exit_code = ExitCode.REFUSED


class Engine:
    """Asks one question after the other. Each blocks for some seconds at most, and raises `click.ClickException` with
    what is wrong and what to do.
    """

    def __init__(self, address: str, token: str | None) -> None:
        self.address = address
        self._token = token
        try:
            parts = urlsplit(address if "//" in address else f"http://{address}")
            scheme, host, port = parts.scheme, parts.hostname, parts.port
        except ValueError:
            scheme, host, port = "", None, None
        if scheme != "http" or not host:
            raise click.BadParameter(
                f"{address!r} is no address of an API; write it as {DEFAULT_ADDRESS}", param_hint="--api"
            )
        self._host, self._port = host, port or 80

    def snapshot(self, seconds: float = _TIMEOUT_SECONDS) -> Snapshot:
        """How everything is now, if that is answered in time."""
        plain = self._ask("GET", "/api/v1/deployment", None, seconds)
        try:
            return Snapshot.from_json(plain)
        except (KeyError, TypeError) as error:
            raise self._other_version(error) from None

    def act(self, action: str, target: str, timeout: float | None = None) -> list[str]:
        """Pause, resume, restart or drain; whom it was done to. ``timeout``: the seconds that a drain may take."""
        order = {"action": action, "target": target} | ({} if timeout is None else {"timeout": timeout})
        answer = self._ask("POST", "/api/v1/actions", order, _TIMEOUT_SECONDS + (timeout or 0.0))
        try:
            return list(answer["components"])
        except (KeyError, TypeError) as error:
            raise self._other_version(error) from None

    def logs(self, component: str, level: str, limit: int) -> list[dict[str, Any]]:
        """The latest that was logged, in order."""
        query = urlencode({"component": component, "level": level, "limit": limit})
        answer = self._ask("GET", f"/api/v1/logs?{query}", None)
        try:
            records: list[Any] = LOG_RECORDS.validate_python(answer)
        except ValidationError as error:
            raise self._other_version(error) from None
        return records

    def follow_logs(
        self, component: str, level: str, after: int | None = None
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """What is logged, as `events` with the names ``log`` and ``missed``."""
        query = {"component": component, "level": level} | ({} if after is None else {"after": after})
        return self.events(f"/api/v1/logs/stream?{urlencode(query)}")

    def tap(
        self, edge: str, expression: str, count: int | None, per_second: float
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Events that pass, as `events` with the names ``event``, ``missed`` and ``waiting``."""
        query = {"edge": edge, "filter": expression, "per_second": per_second}
        query |= {} if count is None else {"count": count}
        return self.events(f"/api/v1/tap?{urlencode(query)}")

    def events(self, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The server-sent events at this path, each with its name, until the engine ends. Blocks between them."""
        connection, answer = self._answer("GET", path, None, _SILENCE_SECONDS)
        try:
            if answer.getheader("Content-Type") != "text/event-stream":
                self._understood(answer.status, answer.read(_MAX_ANSWER_BYTES))
                raise Unreachable(f"what answers at {self.address} is no engine of this version")
            yield from _events(answer)
        except (OSError, http.client.HTTPException):
            # It has ended, or was stopped: there is nothing more to see.
            return
        except ValueError as error:
            raise self._other_version(error) from None
        finally:
            connection.close()

    def add(self, text: str) -> dict[str, Any]:
        """Add the flows of a TOML text; what that changed. Blocks until all is done."""
        return self._changed(self._ask("POST", "/api/v1/flows", text, _CHANGE_SECONDS))

    def remove(self, flow: str) -> dict[str, Any]:
        """Take a flow out; what that changed. Blocks until what is under way in it has arrived."""
        path = f"/api/v1/flows/{quote(flow, safe='')}"
        return self._changed(self._ask("DELETE", path, None, _CHANGE_SECONDS))

    def _changed(self, answer: Any) -> dict[str, Any]:
        if not isinstance(answer, dict) or "components" not in answer:
            raise self._other_version(KeyError("components"))
        return answer

    def _other_version(self, error: Exception) -> Unreachable:
        return Unreachable(
            f"{self.address} answers something else than this version does: {_first_line(error)}"
        )

    def _ask(self, method: str, path: str, body: Any, seconds: float = _TIMEOUT_SECONDS) -> Any:
        connection, answer = self._answer(method, path, body, seconds)
        try:
            text = answer.read(_MAX_ANSWER_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise self._unreachable(error) from None
        finally:
            connection.close()
        return self._understood(answer.status, text)

    def _answer(
        self, method: str, path: str, body: Any, seconds: float
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        headers = {"Accept": "application/json"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None
        if isinstance(body, str):
            headers["Content-Type"] = "application/toml"
            data = body.encode()
        elif body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        connection = http.client.HTTPConnection(self._host, self._port, timeout=seconds)
        try:
            connection.request(method, path, data, headers)
            return connection, connection.getresponse()
        # ValueError: a host, or a token, that cannot be written into a request.
        except (OSError, http.client.HTTPException, ValueError) as error:
            connection.close()
            raise self._unreachable(error) from None

    def _unreachable(self, error: Exception) -> Unreachable:
        return Unreachable(
            f"no engine answers at {self.address} ({error}); start it with `[supervisor] api = …` in its file, and "
            "say by --api, or AFTERSHOCK_API, where that is"
        )

    def _understood(self, status: int, text: bytes) -> Any:
        try:
            document = json.loads(text)
        except ValueError:
            raise Unreachable(f"what answers at {self.address} is no engine: {text[:80]!r}") from None
        if status < 400:
            return document
        detail = document.get("detail", "") if isinstance(document, dict) else ""
        if status in (401, 403):
            raise Refused(f"{detail}; give the token by --token-env or --token-file")
        raise Refused(detail or f"the engine answered {status}")


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        fault = error.errors(include_url=False, include_input=False)[0]
        return ": ".join([*map(str, fault["loc"]), fault["msg"]])
    return repr(error)


def _events(stream: http.client.HTTPResponse) -> Iterator[tuple[str, dict[str, Any]]]:
    """Server-sent events as ours are: a line with the name, a line with JSON, an empty line."""
    name = ""
    while line := stream.readline(_MAX_LINE_BYTES):
        field, _, value = line.rstrip(b"\n").partition(b": ")
        if field == b"event":
            name = value.decode()
        elif field == b"data":
            yield name, EVENTS.get(name, OTHER_EVENTS).validate_json(value)


def engine_options(command: _Command) -> _Command:
    """The options by which a command finds its engine; it gets them as ``engine``."""

    def make(context: click.Context, _parameter: click.Parameter, address: str) -> Engine:
        return Engine(address, _token(context.params.get("token_env"), context.params.get("token_file")))

    options = [
        # Eager, so that they are known when the address is looked at.
        click.option("--token-env", metavar="NAME", is_eager=True, expose_value=True,
                     help="The environment variable that has the API's token (default: AFTERSHOCK_TOKEN, if set)."),
        click.option("--token-file", type=click.Path(path_type=Path, dir_okay=False, exists=True), is_eager=True,
                     help="The file that has it."),
        click.option("--api", "engine", metavar="URL", default=DEFAULT_ADDRESS, envvar="AFTERSHOCK_API",
                     show_default=True, show_envvar=True, callback=make,
                     help="Where the engine's API listens."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def _token(variable: str | None, file: Path | None) -> str | None:
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise click.BadParameter(f"{file} cannot be read: {error}", param_hint="--token-file") from None
    if variable is not None and variable not in os.environ:
        raise click.BadParameter(f"there is no environment variable {variable}", param_hint="--token-env")
    return os.environ.get(variable or "AFTERSHOCK_TOKEN")
