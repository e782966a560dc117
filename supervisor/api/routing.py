"""`Route` and `Router`: which handler answers what, declared once, for answering and for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge
from werkzeug.routing import BaseConverter, Map, RequestRedirect, Rule
from werkzeug.wrappers import Request, Response

from supervisor.api.problems import Problem

__all__ = ["Call", "Handler", "Route", "Router", "response_of"]


@dataclass(frozen=True, slots=True)
class Call:
    """One request, as a handler sees it."""

    request: Request
    path: dict[str, Any]
    """What the variable parts of the path were."""
    query: Any
    """The route's ``query`` model, filled."""
    body: Any
    """The route's ``body`` model, filled, or the text that it ``takes``; ``None`` where it has none."""


Handler = Callable[[Call], Any]
"""Answers plain data (JSON), a pydantic model, ``None`` (204), or a whole response. Raises `Problem`. May block."""


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. ``path`` has variable parts as werkzeug writes them: ``/api/v1/components/<path:name>``;
    there is ``<component:name>`` too.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    """One sentence."""
    tag: str
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    takes: str = ""
    """The media type of its body, where that is a text and no JSON."""
    answer: Any = None
    """The type of the answer, for the document: a pydantic model or anything else that pydantic has a schema for."""
    problems: tuple[int, ...] = ()
    """The statuses of problems that this operation has beside those that all have."""
    also: tuple[int, ...] = ()
    """Statuses that come with the same document as success."""
    writes: bool = False
    """Whether it changes anything: refused in read-only mode."""
    public: bool = False
    """Whether it needs no token: for the probes of orchestrators."""
    content_type: str = "application/json"
    description: str = field(default="")


class _ComponentConverter(BaseConverter):
    """``<component:…>``: a component's name, such as ``pipeline:main/parse``, where more follows in the path."""

    regex = "[^/]+/[^/]+"
    part_isolating = False


class Router:
    """Finds the route of a request and calls its handler."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        rules = [
            Rule(route.path, methods=[route.method], endpoint=route, strict_slashes=False)
            for route in self.routes
        ]
        converters = {"component": _ComponentConverter}
        self._map = Map(rules, converters=converters, redirect_defaults=False, merge_slashes=False)

    def find(self, request: Request) -> tuple[Route, dict[str, Any]]:
        """The route and the variable parts of the path. Raises `Problem`: 404, or 405 with the methods allowed."""
        try:
            route, path = self._map.bind_to_environ(request.environ).match()
        except MethodNotAllowed as error:
            allowed = sorted({*(error.valid_methods or ()), "OPTIONS"})
            raise Problem(
                405,
                "method-not-allowed",
                f"{request.method} is not for this path; it knows {', '.join(allowed)}",
                headers=(("Allow", ", ".join(allowed)),),
            ) from None
        except (HTTPException, RequestRedirect, ValueError):
            raise Problem(
                404, "not-found", f"there is nothing at {request.path!r}; /openapi.json lists what there is"
            ) from None
        return route, dict(path)

    def call(self, route: Route, path: dict[str, Any], request: Request) -> Any:
        """Check the request against the route's models, and let the handler answer. Raises `Problem`."""
        query = None if route.query is None else _filled(route.query, _query(request), "query")
        body: Any = None if route.body is None else _filled(route.body, _json(request), "body")
        if route.takes:
            body = _text(request, route.takes)
        return route.handler(Call(request, path, query, body))


def _query(request: Request) -> dict[str, Any]:
    return dict(request.args.items())


def _json(request: Request) -> Any:
    if request.mimetype != "application/json":
        raise Problem(
            415, "not-json", "the body must be JSON, with the header `Content-Type: application/json`"
        )
    body = request.get_data(cache=False)
    if request.content_length is None and len(body) >= (request.max_content_length or 0):
        # Of one in chunks, werkzeug gives the beginning.
        raise RequestEntityTooLarge
    try:
        # Bounded in depth, unlike the one of the standard library.
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Problem(400, "malformed", f"the body is no JSON document: {error}") from None


def _text(request: Request, media_type: str) -> str:
    if request.mimetype != media_type:
        raise Problem(
            415, "other-type", f"the body must be sent with the header `Content-Type: {media_type}`"
        )
    try:
        return request.get_data(cache=False).decode()
    except UnicodeDecodeError as error:
        raise Problem(400, "malformed", f"the byte {error.start} of the body is not UTF-8") from None


def _filled(model: type[BaseModel], values: Any, where: str) -> BaseModel:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        faults = [
            {"at": ".".join(map(str, fault["loc"])), "why": fault["msg"]}
            for fault in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        first = f"{faults[0]['at']}: {faults[0]['why']}".removeprefix(": ")
        raise Problem(422, "invalid", f"the {where} is not as it should be: {first}", faults=faults) from None


def response_of(route: Route, answer: Any) -> Response:
    """What goes out for what a handler answered."""
    if isinstance(answer, Response):
        return answer
    if answer is None:
        return Response(status=204)
    return Response(to_json(answer), content_type=route.content_type)
