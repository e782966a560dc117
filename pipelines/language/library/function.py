"""`Function`: one function of the library, and the table that they are all in.

A module of the library is one file, such as ``library/array.py``. It registers plain Python functions::

    @function("array::len(array: array) -> integer", folds=True, example=("array::len([1, 2])", "2"))
    def length(array):
        \"\"\"How many elements an array has.\"\"\"
        return len(array)

From that one declaration come the checks of calls, the module that ``use std::array`` brings, and the reference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["FUNCTIONS", "Function", "Occasion", "Parameter", "function"]


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
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the decorated function under ``"module::name(a: type, b?: type, c*: any) -> type"``.

    ``?`` marks a parameter that may be left out, ``*`` one that may be repeated. Types: ``any null boolean integer
    unsigned float number string array record binary`` and unions such as ``string|binary``. The docstring's first line
    becomes the summary.
    """
    raise NotImplementedError
