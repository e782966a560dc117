"""From ``define module::operator operator …`` to our operators.

Upstream's own are mapped by `_UPSTREAM`: their times are milliseconds. All others of our registry are
``aftershock::NAME``, with the options that they have in a deployment.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

from pydantic import ValidationError

from pipelines.errors import ConfigurationError, UnknownComponent
from pipelines.language.analysis import Definition
from pipelines.language.closest import closest
from pipelines.language.diagnostic import Problems
from pipelines.language.queries.class_bucket import ClassBucket
from pipelines.language.queries.event_list import EventList
from pipelines.language.queries.history import History
from pipelines.language.queries.parameters import Reader, shown
from pipelines.language.routine import Parameters
from pipelines.language.tree import DefineOperator, Parameter
from pipelines.operator import Operator, operators
from pipelines.operators.bucket import BucketOptions
from pipelines.options import format_duration

__all__ = ["MakeOperator", "define_operator"]

MakeOperator = Callable[[Collection[str]], Operator]
"""Makes an operator with a state of its own, any number of times, given the ports that selects read from."""

_OWN = "aftershock"
_MOST_MILLISECONDS = 1e12


def _times(*names: str) -> Callable[[Reader], dict[str, Any]]:
    """Options of an operator of ours, in which those of these names are durations."""

    def convert(reader: Reader) -> dict[str, Any]:
        return {
            name: _durations(reader, name, value) if name in names else value
            for name, value in reader.parameters.values.items()
        }

    return convert


def _durations(reader: Reader, name: str, value: Any) -> Any:
    if type(value) is list:
        return [_durations(reader, name, item) for item in value]
    if type(value) in (int, float) and 0 <= value <= _MOST_MILLISECONDS:
        return format_duration(value / 1000)
    reader.error(f"`{name}` must be milliseconds, and it is {shown(value)}", name)
    return "1s"


def _backpressure(reader: Reader) -> dict[str, Any]:
    if reader.boolean("circuit_breaker"):
        reader.error("a `circuit_breaker` is not available", "circuit_breaker", "leave it out")
    options = _times("timeout", "steps")(reader)
    options.pop("circuit_breaker", None)
    return options


class _Upstream(NamedTuple):
    name: str
    parameters: tuple[str, ...]
    convert: Callable[[Reader], dict[str, Any]]


_UPSTREAM = {
    ("generic", "counter"): _Upstream("counter", (), _times()),
    ("generic", "batch"): _Upstream("batch", ("count", "timeout"), _times("timeout")),
    ("grouper", "bucket"): _Upstream("bucket", (), _times()),
    ("qos", "backpressure"): _Upstream(
        "backpressure", ("timeout", "steps", "circuit_breaker"), _backpressure
    ),
    ("generic", "backpressure"): _Upstream(
        "backpressure", ("timeout", "steps", "circuit_breaker"), _backpressure
    ),
    ("qos", "percentile"): _Upstream("percentile", ("timeout", "step_down", "step_up"), _times("timeout")),
    ("qos", "roundrobin"): _Upstream("roundrobin", ("outputs",), _times()),
}

_SPECIAL: dict[tuple[str, str], type[Operator]] = {
    ("generic", "batch"): EventList,
    ("grouper", "bucket"): ClassBucket,
}
"""Classes of their own for what ours do in another way."""

_REFUSED = {
    ("qos", "wal"): "put a pipeline with the operator `wal` in front of this one, in the deployment",
    (_OWN, "wal"): "put a pipeline with the operator `wal` in front of this one, in the deployment",
    ("runtime", "tremor"): "define a script (`define script … script … end`) instead",
    (
        _OWN,
        "python",
    ): "a query cannot reach Python: put the function next to the query, in the deployment's pipeline",
}


def define_operator(
    definition: Definition, parameters: Parameters, more: Iterable[Parameter], problems: Problems
) -> MakeOperator | None:
    """How to make the operator; ``None`` with errors noted if it cannot be made. ``parameters`` are those of its
    definition, with those on top, ``more``, that ``create`` brings.
    """
    node = definition.node
    assert isinstance(node, DefineOperator)
    written = "::".join(node.operator)
    reader = Reader(parameters, [*node.parameters, *more], f"the operator `{written}`", node.span, problems)
    before = len(problems.errors)
    if node.operator in _REFUSED:
        problems.error(
            f"the operator `{written}` is not available", node.span, _REFUSED[node.operator], "operator"
        )
        return None
    if node.operator == ("debug", "history"):
        return _history(reader, problems)
    upstream = _UPSTREAM.get(node.operator)
    if upstream is not None:
        reader.only(upstream.parameters)
        options = upstream.convert(reader)
        name = upstream.name
    elif node.operator[0] == _OWN:
        options, name = dict(parameters.values), node.operator[1]
    else:
        _unknown(node, problems)
        return None
    if len(problems.errors) > before:
        return None
    member = _member(name, node, problems)
    if member is None:
        return None
    return _checked(_SPECIAL.get(node.operator, member), options, reader, problems)


def _history(reader: Reader, problems: Problems) -> MakeOperator | None:
    before = len(problems.errors)
    reader.only(("op", "name"))
    texts = []
    for name in ("op", "name"):
        value = reader.parameters.values.get(name)
        if type(value) is not str:
            reader.error(f"`debug::history` needs `{name}`, a string", name)
        texts.append(str(value))
    if len(problems.errors) > before:
        return None
    return lambda ports: History(*texts)


def _unknown(node: DefineOperator, problems: Problems) -> None:
    written = "::".join(node.operator)
    known = ["::".join(key) for key in (*_UPSTREAM, ("debug", "history"))]
    known += [f"{_OWN}::{name}" for name in operators.names() if (_OWN, name) not in _REFUSED]
    near = closest(written, known)
    module, name = node.operator
    elsewhere = [one for one in known if one.endswith(f"::{name}")]
    if near is None and elsewhere:
        near = elsewhere[0]
    if near is None:
        near_module = closest(module, {one.partition("::")[0] for one in known})
        near = f"{near_module}::{name}" if near_module else None
    hint = f"did you mean `{near}`?" if near else f"known: {', '.join(known)}"
    problems.error(f"there is no operator `{written}`", node.span, hint, "undefined-operator")


def _member(name: str, node: DefineOperator, problems: Problems) -> type[Operator] | None:
    try:
        return operators.get(name)
    except UnknownComponent:
        _unknown(node, problems)
    except ConfigurationError as error:
        problems.error(str(error), node.span, error.hint, "operator")
    return None


def _checked(
    member: type[Operator], options: dict[str, Any], reader: Reader, problems: Problems
) -> MakeOperator | None:
    """Make one now: whatever an operator of the registry complains about, it complains about here."""
    try:
        checked = member.Options.model_validate(options)
        member(checked)
    except ValidationError as error:
        for problem in error.errors():
            _say(member, problem, reader)
        return None
    except ConfigurationError as error:
        reader.error(str(error), str(error.path[0]) if error.path else "", error.hint)
        return None
    if member is ClassBucket and isinstance(checked, BucketOptions):
        bucket_options = checked
        return lambda ports: ClassBucket(bucket_options, linked="err" in ports)
    return lambda ports: member(checked)


def _say(member: type[Operator], problem: Any, reader: Reader) -> None:
    place = [str(part) for part in problem["loc"]]
    name = place[0] if place else ""
    known = [field.alias or key for key, field in member.Options.model_fields.items()]
    if problem["type"] == "missing":
        reader.error(f"the operator needs the parameter `{name}`", name, _description(member, name))
    elif problem["type"] == "extra_forbidden":
        near = closest(name, known)
        hint = f"did you mean `{near}`?" if near else f"it has {', '.join(known) or 'none'}"
        reader.unknown(f"the operator has no parameter `{name}`", name, hint)
    else:
        text = problem["msg"].removeprefix("Value error, ")
        reader.error(f"`{'.'.join(place)}`: {text}" if place else text, name, _description(member, name))


def _description(member: type[Operator], name: str) -> str:
    for key, field in member.Options.model_fields.items():
        if name in (key, field.alias):
            return field.description or ""
    return ""
