"""The families of components that a file can name, by the words that the command uses."""

from __future__ import annotations

from typing import Any

from pipelines.operator import operators
from pipelines.registry import Component, Registry
from ramps.codec import codecs
from ramps.offramp import offramps
from ramps.onramp import onramps
from ramps.postprocessor import postprocessors
from ramps.preprocessor import preprocessors

__all__ = ["FAMILIES", "components_called"]

FAMILIES: dict[str, Registry[Any]] = {
    "onramps": onramps,
    "offramps": offramps,
    "codecs": codecs,
    "preprocessors": preprocessors,
    "postprocessors": postprocessors,
    "operators": operators,
}
"""Registries by the plural that `supervisor list` takes."""


def components_called(name: str) -> list[tuple[str, type[Component]]]:
    """All members of that name, with the word for one member of their family.

    ``onramp/file`` means the onramp only; ``file`` all that are called so. Empty where there is none.
    """
    family, slash, bare = name.partition("/")
    found = []
    for plural, registry in FAMILIES.items():
        if slash and family not in (plural, registry.family):
            continue
        wanted = bare if slash else name
        if wanted in registry.names():
            found.append((registry.family, registry.get(wanted)))
    return found
