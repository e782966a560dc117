"""``[supervisor] json``: which library the JSON codecs of a deployment use that do not name one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ramps.codec import Codec, codecs
from ramps.codecs.json import Json
from supervisor.deployment.plan import ComponentPlan, OfframpPlan, OnrampPlan, PartPlan

__all__ = ["codec_by_name", "with_json_engine"]


def with_json_engine(component: ComponentPlan | None, engine: str) -> ComponentPlan | None:
    """The component with the engine in its codec, if that is a JSON codec that leaves it open."""
    if not isinstance(component, OnrampPlan | OfframpPlan) or engine == "auto":
        return component
    return replace(component, codec=_with_engine(component.codec, engine))


def _with_engine(codec: PartPlan[Codec], engine: str) -> PartPlan[Codec]:
    options: Any = codec.options
    if codec.member is not Json or options.engine != "auto":
        return codec
    return PartPlan(codec.member, options.model_copy(update={"engine": engine}))


def codec_by_name(name: str, engine: str) -> Codec:
    """A codec that is not in the file, but in a content type, with its defaults. Raises `UnknownComponent`."""
    member = codecs.get(name)
    return _with_engine(PartPlan(member, member.Options()), engine).build()
