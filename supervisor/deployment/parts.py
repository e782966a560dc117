"""Checks what a file says about members of the registries: connectors, codecs and processors, with their options."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import ValidationError

from pipelines.errors import ConfigurationError, UnknownComponent
from pipelines.registry import Component, Registry
from ramps.codec import codecs
from ramps.errors import CannotOpen
from ramps.offramp import Offramp, offramps
from ramps.onramp import Onramp, onramps
from ramps.postprocessor import postprocessors
from ramps.preprocessor import PreprocessorChain, preprocessors
from supervisor.deployment.plan import ComponentId, OfframpPlan, OnrampPlan, PartPlan
from supervisor.deployment.problem import KeyPath, closest, printable
from supervisor.deployment.schema import OfframpTable, OnrampTable, part_reference
from supervisor.deployment.validate import Findings, map_paths

__all__ = ["build_part", "check_offramp", "check_onramp", "look_up"]

Member = TypeVar("Member", bound=Component)


def check_onramp(findings: Findings, name: str, table: dict[str, Any]) -> OnrampPlan | None:
    """The plan of ``[onramps.NAME]`` without its place in a flow, or ``None`` and problems."""
    path, who = ("onramps", name), f"onramp `{name}`"
    common, connector = _connector(findings, path, who, table, OnrampTable, onramps)
    # Codec and steps are checked also where the connector is wrong: all problems at once.
    default = connector.member if connector else Onramp
    codec = _codec(findings, path, who, table, default.default_codec)
    steps = _steps(findings, path, who, table, preprocessors, default.default_preprocessors)
    if common is None or connector is None or codec is None or steps is None:
        return None
    common = common.model_copy(update={"codec": None, "preprocessors": None})
    plan = OnrampPlan(ComponentId("", 0, name), (), common, connector, codec, steps)
    _check_counting(findings, path, who, plan)
    return plan


def _check_counting(findings: Findings, path: KeyPath, who: str, plan: OnrampPlan) -> None:
    """An onramp that acknowledges bytes needs to know which of them are in events."""
    if not plan.connector.build().counts_bytes:
        return
    codec, steps = plan.codec.build(), [step.build() for step in plan.preprocessors]
    if codec.stateful:
        message = f"{who} cannot `acknowledge` with the codec `{codec.name}`, which needs what came before"
        findings.error(path, "cannot-acknowledge", message, "use another codec, or leave `acknowledge` out")
    elif PreprocessorChain(steps).held is None:
        names = ", ".join(f"`{step.name}`" for step in steps)
        message = f"{who} cannot `acknowledge` with the preprocessors {names}: it cannot tell which bytes are in events"
        hint = "use one that cuts frames out of the stream first, such as `lines`, or leave `acknowledge` out"
        findings.error(path, "cannot-acknowledge", message, hint)


def check_offramp(findings: Findings, name: str, table: dict[str, Any]) -> OfframpPlan | None:
    """The plan of ``[offramps.NAME]`` without its place in a flow, or ``None`` and problems."""
    path, who = ("offramps", name), f"offramp `{name}`"
    common, connector = _connector(findings, path, who, table, OfframpTable, offramps)
    # Codec and steps are checked also where the connector is wrong: all problems at once.
    default = connector.member if connector else Offramp
    codec = _codec(findings, path, who, table, default.default_codec)
    steps = _steps(findings, path, who, table, postprocessors, default.default_postprocessors)
    if common is None or connector is None or codec is None or steps is None:
        return None
    common = common.model_copy(update={"codec": None, "postprocessors": None})
    return OfframpPlan(ComponentId("", 0, name), (), common, connector, codec, steps)


CommonTable = TypeVar("CommonTable", OnrampTable, OfframpTable)
Connector = TypeVar("Connector", Onramp, Offramp)


def _connector(
    findings: Findings,
    path: KeyPath,
    who: str,
    table: dict[str, Any],
    common_model: type[CommonTable],
    registry: Registry[Connector],
) -> tuple[CommonTable | None, PartPlan[Connector] | None]:
    """The common keys and the connector's own, which stand in one table."""
    common_keys = common_model.model_fields.keys()
    type_name = table.get("type")
    member = None
    if isinstance(type_name, str):
        member = look_up(findings, (*path, "type"), who, registry, type_name, code="unknown-type")
    common_table = {key: value for key, value in table.items() if key in common_keys}
    common = findings.validate(common_model, common_table, path, who)
    if member is None:
        return common, None
    own_table = {key: value for key, value in table.items() if key not in common_keys}
    who = f"{who} of type `{member.name}`"
    options = findings.validate(member.Options, own_table, path, who, also_known=common_keys)
    if options is None:
        return common, None
    part = PartPlan(member, map_paths(options, findings.document.directory.joinpath))
    instance = build_part(findings, path, who, part)
    if instance is None:
        return common, None
    try:
        instance.check()
    except CannotOpen as error:
        message, _, hint = str(error).partition("; ")
        findings.error(path, "cannot-open", f"{who}: {message}", hint, at_key=True)
    except ConfigurationError as error:
        findings.configuration_error(path, who, error)
    except (ValueError, OSError) as error:
        # A path with a NUL, for instance: the value is wrong, not the component.
        findings.error(path, "bad-value", f"{who}: {printable(str(error), 400)}", at_key=True)
    except Exception as error:
        _fault(findings, path, who, "its check", error)
    return common, part


def _codec(
    findings: Findings, path: KeyPath, who: str, table: dict[str, Any], default: str
) -> PartPlan[Any] | None:
    return _part(findings, (*path, "codec"), who, table.get("codec", default), codecs)


def _steps(
    findings: Findings,
    path: KeyPath,
    who: str,
    table: dict[str, Any],
    registry: Registry[Any],
    default: tuple[str, ...],
) -> tuple[PartPlan[Any], ...] | None:
    key = f"{registry.family}s"
    written = table.get(key, default)
    if not isinstance(written, list | tuple):
        return None
    steps = [_part(findings, (*path, key, index), who, step, registry) for index, step in enumerate(written)]
    checked = tuple(step for step in steps if step is not None)
    return checked if len(checked) == len(steps) else None


def _part(
    findings: Findings, path: KeyPath, who: str, written: object, registry: Registry[Any]
) -> PartPlan[Any] | None:
    try:
        reference = part_reference(written)
    except ValueError:
        # The check of the common keys has reported it.
        return None
    in_table = findings.document.positions.value((*path, "name")) is not None
    name_path = (*path, "name") if in_table else path
    member = look_up(findings, name_path, who, registry, reference.name, code=f"unknown-{registry.family}")
    if member is None:
        return None
    who = f"{who}: {registry.family} `{member.name}`"
    options = findings.validate(member.Options, reference.options, path, who, also_known=["name"])
    if options is None:
        return None
    part: PartPlan[Any] = PartPlan(member, map_paths(options, findings.document.directory.joinpath))
    return part if build_part(findings, path, who, part) else None


def look_up(
    findings: Findings, path: KeyPath, who: str, registry: Registry[Member], name: str, *, code: str
) -> type[Member] | None:
    """The registry's member, or ``None`` and a problem with a suggestion. Raises nothing for a user's mistake."""
    try:
        return registry.get(name)
    except UnknownComponent as error:
        hint = closest(name, registry.names())
        if not hint.startswith("did"):
            hint = "; ".join(filter(None, [hint, f"`supervisor list {registry.family}s` tells them apart"]))
        findings.error(path, code, f"{who}: there is no {error.family} called `{printable(name, 60)}`", hint)
    except ConfigurationError as error:
        findings.error(path, "broken-distribution", f"{who}: {error}", error.hint)
    return None


def build_part(findings: Findings, path: KeyPath, who: str, part: PartPlan[Member]) -> Member | None:
    """Make an instance, as the builder will; what its constructor refuses becomes a problem."""
    try:
        return part.build()
    except ConfigurationError as error:
        findings.configuration_error(path, who, error)
    except ValidationError as error:
        _fault(findings, path, who, "its constructor", error)
    except (ValueError, OSError, CannotOpen) as error:
        findings.error(path, "bad-value", f"{who}: {printable(str(error), 400)}", at_key=True)
    except Exception as error:
        _fault(findings, path, who, "its constructor", error)
    return None


def _fault(findings: Findings, path: KeyPath, who: str, where: str, error: Exception) -> None:
    """A part with a bug of its own: the file may be right, but it cannot run with this part."""
    message = f"{who}: {where} failed with {type(error).__name__}: {printable(str(error), 200)}"
    findings.error(
        path, "component-failed", message, "report it to those who wrote the component", at_key=True
    )
