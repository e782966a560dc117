"""The description of the API itself, and the paths that users of Tremor know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from typing import Any

from supervisor.api.openapi import openapi_document
from supervisor.api.routing import Call, Route
from supervisor.api.service import Service

__all__ = ["document_routes", "tremor_routes"]


def document_routes(others: Sequence[Route]) -> Iterator[Route]:
    """The OpenAPI document of all others."""

    def openapi(_call: Call) -> Any:
        return openapi_document(others, version("aftershock"))

    yield Route(
        "GET",
        "/openapi.json",
        openapi,
        "This API as an OpenAPI document.",
        "Documents",
        answer=dict[str, Any],
    )


def tremor_routes(service: Service) -> Iterator[Route]:
    """The lists of ids that Tremor 0.9 answers: what it calls an artefact is a component's name in the file."""

    def ids(kind: str) -> Callable[[Call], list[str]]:
        def answer(_call: Call) -> list[str]:
            components = service.snapshot().components
            return list(dict.fromkeys(component.id for component in components if component.kind == kind))

        return answer

    def bindings(_call: Call) -> list[str]:
        return list(service.snapshot().guarantees)

    tag = "As in Tremor"
    for kind in ("onramp", "pipeline", "offramp"):
        yield Route("GET", f"/{kind}", ids(kind), f"The {kind}s' names in the file.", tag, answer=list[str])
    yield Route("GET", "/binding", bindings, "The flows' names.", tag, answer=list[str])
