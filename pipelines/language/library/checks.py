"""`make_checked`: the Python function that checks the arguments of a call before it calls a function of the library.

Generated code calls it for each event, so that it is generated as well: for each function a Python function of its own,
without a loop where all is well. What is wrong is found out and worded slowly, by `refuse`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from pipelines.language.faults import BadType, Fault
from pipelines.language.values import MISSING, type_name

__all__ = ["TYPES", "arity_fault", "make_checked", "refuse"]

TYPES: Final[dict[str, tuple[type, ...]]] = {
    "null": (type(None),),
    "boolean": (bool,),
    "integer": (int,),
    "unsigned": (int,),
    "float": (float,),
    "number": (int, float),
    "string": (str,),
    "array": (list,),
    "record": (dict,),
    "binary": (bytes,),
}
"""The Python types of a type as signatures write it. Those of ``unsigned`` are not negative."""

_WORDS = {
    "null": "null",
    "boolean": "a boolean",
    "integer": "an integer",
    "unsigned": "an integer that is not negative",
    "float": "a float",
    "number": "a number",
    "string": "a string",
    "array": "an array",
    "record": "a record",
    "binary": "a binary",
}

_ORDINALS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]

_NUMBERS = [
    "no arguments",
    "one argument",
    "two arguments",
    "three arguments",
    "four arguments",
    "five arguments",
]


def make_checked(
    name: str,
    written: Sequence[str],
    required: int,
    variadic: bool,
    leading: int,
    call: Callable[..., Any],
) -> Callable[..., Any]:
    """A function that takes what ``call`` does: ``leading`` things that are not checked, then the arguments.

    ``written`` are the types of the parameters. It raises `Fault` for a wrong number of arguments, `BadType` for one
    of a wrong type, and the `Fault` of ``call``; the message of each begins with ``name``.
    """
    most = len(written) - variadic
    heads = [f"l{number}" for number in range(leading)]
    names = [f"a{number}" for number in range(most)]
    lines = [f"def checked({', '.join([*heads, *(f'{one}=MISSING' for one in names), '*rest'])}):", " try:"]
    for count in range(most, required - 1, -1):
        tests = [_test(one, text) for one, text in zip(names[:count], written, strict=False)]
        if count < most:
            tests.append(f"a{count} is MISSING")
        repeated = variadic and count == most
        if repeated and written[-1] != "any":
            tests.append(f"all([{_test('one', written[-1])} for one in rest])")
        elif not repeated:
            tests.append("not rest")
        arguments = [*heads, *names[:count], *(["*rest"] if repeated else [])]
        lines.append(f"  if {' and '.join(tests) or 'True'}:")
        lines.append(f"   return call({', '.join(arguments)})")
    lines += [" except Fault as fault:", "  raise named(name, fault) from fault"]
    lines += [" except RecursionError:", "  raise too_deep(name) from None"]
    lines += [
        f" raise refuse(name, written, required, variadic, ({''.join(one + ', ' for one in names)}*rest,))"
    ]
    namespace: dict[str, Any] = {
        "Fault": Fault,
        "MISSING": MISSING,
        "call": call,
        "name": name,
        "named": _named,
        "refuse": refuse,
        "required": required,
        "too_deep": _too_deep,
        "variadic": variadic,
        "written": tuple(written),
    }
    exec(compile("\n".join(lines), f"<checks of {name}>", "exec"), namespace)
    checked: Callable[..., Any] = namespace["checked"]
    return checked


def _test(variable: str, written: str) -> str:
    if written == "any":
        return f"{variable} is not MISSING"
    tests = []
    for word in written.split("|"):
        tests += [
            f"{variable} is None" if kind is type(None) else f"{variable}.__class__ is {kind.__name__}"
            for kind in TYPES[word]
        ]
        if word == "unsigned":
            tests[-1] = f"({tests[-1]} and {variable} >= 0)"
    return tests[0] if len(tests) == 1 else f"({' or '.join(tests)})"


def _named(name: str, fault: Fault) -> Fault:
    message = f"{name}: {fault.message}"
    if isinstance(fault, BadType):
        return BadType(message, fault.hint)
    return Fault(message, fault.hint, fault.code)


def _too_deep(name: str) -> Fault:
    return Fault(f"{name}: the value is nested too deeply", "make it flatter", "too-deep")


def refuse(
    name: str, written: Sequence[str], required: int, variadic: bool, arguments: Sequence[Any]
) -> Fault:
    """What is wrong with these arguments. ``MISSING`` ones at the end were not given."""
    given = [argument for argument in arguments if argument is not MISSING]
    most = None if variadic else len(written)
    if len(given) < required or (most is not None and len(given) > most):
        return arity_fault(name, required, most, len(given))
    for place, argument in enumerate(given):
        expected = written[min(place, len(written) - 1)]
        if not _fits(argument, expected):
            words = " or ".join(_WORDS[word] for word in expected.split("|"))
            return BadType(
                f"{name} takes {words} as its {_ordinal(place)} argument, not {_describe(argument)}"
            )
    raise AssertionError(f"{name} takes these arguments")


def arity_fault(name: str, required: int, most: int | None, given: int) -> Fault:
    """The fault of a call with ``given`` arguments of a function that takes from ``required`` to ``most`` (``None``:
    any number) of them. ``name`` is ``module::function``.
    """
    if most is None:
        takes = f"at least {_number(required)}"
    elif most == required:
        takes = _number(required)
    elif required == 0:
        takes = f"at most {_number(most)}"
    elif most == required + 1:
        takes = f"{_number(required).split()[0]} or {_number(most)}"
    else:
        takes = f"{_number(required).split()[0]} to {_number(most)}"
    return Fault(f"{name} takes {takes}, but is called with {given or 'none'}", code="bad-arity")


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else f"{count} arguments"


def _ordinal(place: int) -> str:
    return _ORDINALS[place] if place < len(_ORDINALS) else f"{place + 1}th"


def _fits(argument: Any, written: str) -> bool:
    kind = argument.__class__
    return written == "any" or any(
        kind in TYPES[word] and (word != "unsigned" or argument >= 0) for word in written.split("|")
    )


def _describe(argument: Any) -> str:
    if argument.__class__ is int and argument < 0:
        return str(argument)
    return _WORDS.get(type_name(argument), f"a {type_name(argument)}")
