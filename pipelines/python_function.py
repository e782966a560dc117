"""Users' Python as an operator: functions and classes named by ``python = "module:name"``.

Per event (the usual way)::

    def enrich(event):                    # or enrich(event, meta): a dict that may be changed
        if event.get("level") == "debug":
            return Drop                   # ends here, counted as dropped on purpose
        event["seen"] = True
        return event                      # the new value; Emit(value, port="alerts", meta={…}) to say more

A function with ``yield`` gives out any number of values and `Emit` objects for one event. If it fails on the way, none
of them leaves: the event goes to ``err`` as a whole. Each event that is given out must be an object of its own.

Per batch, where a call for many is cheaper (a database, a model)::

    @per_batch
    def score(batch):                     # a Batch; returns values parallel to batch.values, a Batch, or {port: Batch}
        return model.predict(batch.values)

A class is made once per pipeline instance, with ``[pipelines.NAME.options]`` as keyword arguments, and its instance is
called: its attributes are the pipeline's state.
"""

from __future__ import annotations

import difflib
import inspect
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

from pipelines.batch import Batch
from pipelines.errors import ConfigurationError, EventError
from pipelines.failure import describe_error
from pipelines.operator import PORT_NAME, Kind, Operator
from pipelines.python_modules import load_module
from pipelines.values import copy_value

__all__ = ["PythonFunction", "find_callable", "keeps_values", "per_batch", "ports", "resolve_python"]

Target = TypeVar("Target", bound=Callable[..., Any])

_PER_BATCH = "__aftershock_per_batch__"
_PORTS = "__aftershock_ports__"
_KEEPS_VALUES = "__aftershock_keeps_values__"


def per_batch(target: Target) -> Target:
    """Decorator for a function or class that is to be called with a whole `Batch` instead of each event.

    It returns a list of values parallel to ``batch.values``, a `Batch` (see `Batch.like` and `Batch.select`) or a dict
    from output port to `Batch`. An exception sends the whole batch to ``err``, one error event for each event.
    """
    setattr(target, _PER_BATCH, True)
    return target


def ports(*names: str) -> Callable[[Target], Target]:
    """Decorator that declares output ports besides ``out``, so that links to them can be checked before anything
    runs. ``@ports("alerts")`` allows ``return Emit(event, port="alerts")``.
    """
    if not names or not all(isinstance(name, str) and PORT_NAME.fullmatch(name) for name in names):
        raise ConfigurationError(
            f'@ports takes names of ports, such as @ports("alerts"), got {names!r}',
            hint="use letters, digits, hyphens and underscores",
        )
    if "err" in names:
        raise ConfigurationError("@ports: the port err is always there", hint="do not declare it")

    def declare(target: Target) -> Target:
        setattr(target, _PORTS, ("out", *(name for name in dict.fromkeys(names) if name != "out")))
        return target

    return declare


def keeps_values(target: Target) -> Target:
    """Decorator that promises to route events only: to change no value, in place or otherwise.

    The bytes that an event was decoded from then stay with it, and an offramp of the same codec need not encode it.
    """
    setattr(target, _KEEPS_VALUES, True)
    return target


class PythonFunction(Operator):
    """The operator for one callable. ``function`` is what is called: a function, or an instance with ``__call__``.

    ``declared`` is what the decorators were put on (the class of an instance). ``where`` is its name in messages.
    Raises `ConfigurationError` if it cannot be called with an event.
    """

    name = "python"
    summary = "Calls a Python function for each event, or for each batch."

    def __init__(
        self, function: Callable[..., Any], *, declared: object = None, where: str = "", options: Any = None
    ) -> None:
        super().__init__(options)
        declared = function if declared is None else declared
        where = where or getattr(function, "__qualname__", type(function).__qualname__)
        body = function if inspect.isroutine(function) else type(function).__call__
        self._function = function
        self.outputs = getattr(declared, _PORTS, ("out",))
        self.changes_values = not getattr(declared, _KEEPS_VALUES, False)
        self.writes_meta = True
        if inspect.iscoroutinefunction(body) or inspect.isasyncgenfunction(body):
            raise ConfigurationError(
                f"{where} is asynchronous; pipelines call plain functions", hint="remove async"
            )
        if getattr(declared, _PER_BATCH, False):
            self.kind = Kind.BATCH
            _count_arguments(function, where, "one argument, the batch", most=1)
        else:
            self.kind = Kind.MANY if inspect.isgeneratorfunction(body) else Kind.EVENT
            wanted = "one argument, the event, or two, the event and its metadata"
            self.reads_meta = _count_arguments(function, where, wanted, most=2) == 2

    def event_function(self) -> Callable[..., Any]:
        """The user's function itself: nothing stands between it and the loop."""
        return self._function

    def on_batch(self, batch: Batch, port: str) -> list[tuple[str, Batch]]:
        """Call a per-batch function and bring what it returns into one form. Raises `EventError` for other things."""
        count = len(batch.values)
        metas, route = batch.metas, batch.route
        result = self._function(batch)
        if isinstance(result, list):
            if len(result) != count:
                raise EventError(
                    f"the function returned {len(result)} values for {count} events; "
                    "return one for each, or a Batch made by batch.select or batch.like"
                )
            result = batch.like(result, metas, batch.raws)
        parts = {"out": result} if isinstance(result, Batch) else result
        if not isinstance(parts, dict) or not all(isinstance(part, Batch) for part in parts.values()):
            raise EventError(
                f"the function returned {type(result).__name__}; "
                "a per-batch function returns a list of values, a Batch, or a dict from port to Batch"
            )
        for name, part in parts.items():
            if name not in self.outputs:
                raise EventError(f"the port {name!r} is not declared; add @ports({name!r}) to the function")
            if self.changes_values:
                part.raws = None
            _check_lists(part)
            part.route = part.route or route
        return _apart(parts)


def _check_lists(part: Batch) -> None:
    """Raise `EventError` where the lists of a user's batch do not match: events would get lost, or swap metadata."""
    for name, items in (("metas", part.metas), ("raws", part.raws)):
        if items is not None and len(items) != len(part.values):
            raise EventError(
                f"the function returned a Batch of {len(part.values)} values and {len(items)} {name}; "
                "make it by batch.select or batch.like, which keep them together"
            )


def _apart(parts: dict[str, Batch]) -> list[tuple[str, Batch]]:
    """The parts, what stands in them twice copied: an operator that changes one event must not change another."""
    seen: set[int] = set()

    def own(items: list[Any]) -> list[Any]:
        owned = []
        for item in items:
            owned.append(copy_value(item) if id(item) in seen else item)
            seen.add(id(item))
        return owned

    return [
        (name, part.like(own(part.values), part.metas and own(part.metas), part.raws))
        for name, part in parts.items()
    ]


def _count_arguments(function: Callable[..., Any], where: str, wanted: str, *, most: int) -> int:
    """How many positional arguments to call with, at most ``most``. Optional ones beyond the first do not count."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return 1  # Some callables of C have no signature; calling them will tell.
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    required = sum(
        parameter.kind in positional and parameter.default is parameter.empty
        for parameter in signature.parameters.values()
    )
    count = max(1, required)
    try:
        signature.bind(*range(count))
    except TypeError:
        count = most + 1
    if count > most:
        raise ConfigurationError(f"{where}{signature} must take {wanted}", hint="change its parameters")
    return count


class FoundCallable(NamedTuple):
    """What a text such as ``"module:name"`` names: what is called, and what carries the decorators."""

    function: Callable[..., Any]
    declared: object


def resolve_python(
    spec: str, *, search_path: Path | None = None, options: Mapping[str, Any] | None = None
) -> PythonFunction:
    """The operator for ``"module:name"``; see `find_callable`, which raises the same."""
    found = find_callable(spec, search_path=search_path, options=options)
    return PythonFunction(found.function, declared=found.declared, where=spec)


def find_callable(
    spec: str, *, search_path: Path | None = None, options: Mapping[str, Any] | None = None
) -> FoundCallable:
    """What ``"module:name"`` or ``"path/to/file.py:name"`` names (dots allowed in both names).

    A module is looked for in ``search_path`` (the directory of the deployment file) first, then among the installed
    packages; see `pipelines.python_modules`. A file's path is relative to ``search_path``, and the modules that stand
    beside the file are the ones that it finds. ``options`` are the keyword arguments of a class. Imports the module,
    and makes the instance, so it runs user code. Raises `ConfigurationError` for everything that goes wrong with it.
    """
    module_name, colon, attribute_path = spec.rpartition(":")
    if module_name.endswith(".py"):
        file = (search_path or Path()) / module_name
        if not file.is_file():
            raise ConfigurationError(
                f"there is no file {str(file)!r}", hint="write its path from the deployment's file"
            )
        search_path, module_name = file.parent, file.stem
        if not module_name.isidentifier():
            message = f"the file {str(file)!r} has a name that Python cannot import"
            raise ConfigurationError(
                message, hint="give it letters, digits and underscores only, and no dots"
            )
        if module_name in sys.stdlib_module_names:
            message = f"the file {str(file)!r} has the name of a module that Python itself brings"
            raise ConfigurationError(message, hint="give the file another name")
    names = [*module_name.split("."), *attribute_path.split(".")]
    if not colon or not all(name.isidentifier() for name in names):
        raise ConfigurationError(
            f"{spec!r} does not name a function", hint='write "module:function" or "file.py:function"'
        )
    found = _attribute(load_module(module_name, search_path), module_name, attribute_path)
    if not callable(found):
        raise ConfigurationError(
            f"{spec!r} cannot be called: it is of type {type(found).__name__}", hint=_NAME_ONE
        )
    if isinstance(found, type):
        # Lists and tables among the options belong to the instance: another one must not see what it does to them.
        return FoundCallable(_instantiate(found, spec, copy_value(dict(options or {}))), found)
    if options:
        raise ConfigurationError(
            f"{spec!r} is a function and takes no options",
            ("options",),
            "make it a class: its __init__ gets the options, its __call__ the events",
        )
    return FoundCallable(found, found)


_NAME_ONE = "name a function or a class"


def _attribute(module: ModuleType, module_name: str, attribute_path: str) -> Any:
    found: Any = module
    for name in attribute_path.split("."):
        known = list(vars(found)) if hasattr(found, "__dict__") else []
        try:
            found = getattr(found, name)
        except AttributeError:
            callables = [word for word in known if not word.startswith("_")]
            close = difflib.get_close_matches(name, callables, n=1)
            hint = f"did you mean {close[0]!r}?" if close else _NAME_ONE
            raise ConfigurationError(
                f"the module {module_name!r} has no {attribute_path!r}", hint=hint
            ) from None
    return found


def _instantiate(found: type, spec: str, options: dict[str, Any]) -> Any:
    if not any("__call__" in vars(base) for base in found.__mro__):
        raise ConfigurationError(
            f"the class {spec!r} has no __call__", hint="give it one: it gets each event"
        )
    try:
        inspect.signature(found).bind(**options)
    except TypeError as error:
        raise ConfigurationError(
            f"the options do not fit {spec!r}: {error}",
            ("options",),
            f"it is made as {found.__name__}{_parameters(found)}",
        ) from None
    except ValueError:
        pass  # A class of C without a signature: making it will tell.
    try:
        return found(**options)
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)[1:]
        where = f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
        message = f"{spec!r} cannot be made with these options: {describe_error(error)}{where}"
        raise ConfigurationError(message, ("options",), "change the options, or mend the class") from error


def _parameters(found: type) -> str:
    return str(inspect.signature(found))
