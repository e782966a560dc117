"""`Function`: one function of the library, and the table that they are all in.

A module of the library is one file, such as ``library/array.py``. It registers plain Python functions::

    @function("array::len(array: array) -> integer", folds=True, example=("array::len([1, 2])", "2"))
    def length(array):
        \"\"\"How many elements an array has.\"\"\"
        return len(array)

From that one declaration come the checks of calls, the module that ``use std::array`` brings, and the reference.

The Python function gets arguments of the right number and types, and raises `Fault` for what it cannot do with them. It
does not name itself: `Function.checked` puts the name before the message, also of a fault that came from elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from pipelines.language.library.checks import TYPES, arity_fault, make_checked

__all__ = ["FUNCTIONS", "Function", "Occasion", "Parameter", "arity_fault", "function"]

AnyCallable = TypeVar("AnyCallable", bound=Callable[..., Any])

_SCALARS = ("null", "boolean", "integer", "unsigned", "float", "number", "string", "binary")

_SIGNATURE = re.compile(r"(?P<module>[\w:]+)::(?P<name>\w+)\((?P<parameters>[^()]*)\) -> (?P<result>[\w|]+)")
_PARAMETER = re.compile(r"(?P<name>\w+)(?P<mark>[?*]?): (?P<written>[\w|]+)")


class Occasion(Protocol):
    """What a function may know of the event that is being worked on. A `pipelines.batch.Batch` is one."""

    @property
    def ingest_ns(self) -> int:
        """When it came in: wall clock, nanoseconds since 1970."""

    @property
    def origin(self) -> str:
        """Where it came from, such as ``tcp://127.0.0.1:51234``; "" if nobody knows."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """``name: written``. ``types`` are the Python types taken (exactly: ``bool`` is no ``int``); ``None``: any."""

    name: str
    written: str
    types: frozenset[type] | None


@dataclass(frozen=True, slots=True)
class Function:
    """One function.

    ``module`` and ``name`` are how it is called: ``core::MODULE::NAME``. ``parameters``; ``required`` of them must be
    given; ``variadic``: the last one may be repeated. ``result``: the type as written, for people. ``folds``: the same
    arguments give the same result, so that calls with constants are evaluated once, when the script is compiled.
    ``fresh``: the result shares no container with its arguments. ``takes_occasion``, ``takes_limits``: ``call`` gets an
    `Occasion`, and then `Limits`, before its arguments. ``dialect``: the oldest that has it. ``package``: ``std`` or
    ``tremor`` or ``cncf``, by which ``use`` finds its module; ``""``: only by ``core::``. ``example``: an expression
    and the text of its value.

    ``call`` is the Python function, without any check: it raises `Fault` for what it cannot do with arguments of the
    right types. ``checked`` first looks at the number and the types of the arguments, and raises `BadType` or `Fault`
    with the language's own words; its faults begin with the function's name.
    """

    module: str
    name: str
    parameters: tuple[Parameter, ...]
    required: int
    variadic: bool
    result: str
    folds: bool
    fresh: bool
    takes_occasion: bool
    takes_limits: bool
    dialect: str
    package: str
    summary: str
    example: tuple[str, str] | None
    call: Callable[..., Any]
    checked: Callable[..., Any]


FUNCTIONS: dict[tuple[str, str], Function] = {}
"""All functions, by module (``"array"``, ``"cncf::otel"``) and name. Importing the package fills it."""


def function(
    signature: str,
    *,
    package: str = "std",
    folds: bool = False,
    fresh: bool = False,
    takes_occasion: bool = False,
    takes_limits: bool = False,
    dialect: str = "0.9",
    example: tuple[str, str] | None = None,
) -> Callable[[AnyCallable], AnyCallable]:
    """Register the decorated function under ``"module::name(a: type, b?: type, c*: any) -> type"``.

    ``?`` marks a parameter that may be left out, ``*`` the last one if it may be there any number of times. Types:
    ``any null boolean integer unsigned float number string array record binary`` and unions such as ``string|binary``.
    The docstring's first line becomes the summary. A result that is no container is ``fresh`` without saying so. Raises
    `ValueError` for a signature that is none.
    """
    match = _SIGNATURE.fullmatch(signature)
    if match is None:
        raise ValueError(f"this is no signature: {signature}")
    parsed = [_PARAMETER.fullmatch(text) for text in match["parameters"].split(", ") if text]
    if None in parsed:
        raise ValueError(f"a parameter is written wrongly: {signature}")
    found = [parameter for parameter in parsed if parameter is not None]
    parameters = tuple(Parameter(one["name"], one["written"], _python_types(one["written"])) for one in found)
    required = sum(one["mark"] == "" for one in found)
    variadic = bool(found) and found[-1]["mark"] == "*"
    module, name = match["module"], match["name"]

    def register(call: AnyCallable) -> AnyCallable:
        checked = make_checked(
            f"{module}::{name}",
            [parameter.written for parameter in parameters],
            required,
            variadic,
            leading=takes_occasion + takes_limits,
            call=call,
        )
        FUNCTIONS[module, name] = Function(
            module=module,
            name=name,
            parameters=parameters,
            required=required,
            variadic=variadic,
            result=match["result"],
            folds=folds,
            fresh=fresh or match["result"] in _SCALARS,
            takes_occasion=takes_occasion,
            takes_limits=takes_limits,
            dialect=dialect,
            package=package,
            summary=(call.__doc__ or "").strip().partition("\n")[0],
            example=example,
            call=call,
            checked=checked,
        )
        return call

    return register


def _python_types(written: str) -> frozenset[type] | None:
    if written == "any":
        return None
    return frozenset(kind for word in written.split("|") for kind in TYPES[word])
