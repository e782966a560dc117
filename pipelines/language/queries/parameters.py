"""`Reader`: takes what stands after ``with`` apart, and says what is wrong with it where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pipelines.language.closest import closest
from pipelines.language.diagnostic import Problems
from pipelines.language.routine import Parameters
from pipelines.language.source import Span
from pipelines.language.tree import Parameter
from pipelines.language.values import type_name

__all__ = ["Reader", "shown"]


_WORDS: dict[type, Callable[[Any], str]] = {
    int: str,
    float: str,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "null",
    str: lambda value: f'"{value}"' if len(value) <= 40 else "a long string",
}


class Reader:
    """Reads the parameters of one definition. ``what`` is the word for it in messages, ``span`` where it stands,
    ``written`` what the parameters were made of.
    """

    def __init__(
        self, parameters: Parameters, written: Iterable[Parameter], what: str, span: Span, problems: Problems
    ) -> None:
        self._written = {parameter.name: parameter.span for parameter in written}
        self.parameters = parameters
        self._what = what
        self._span = span
        self._problems = problems

    def has(self, name: str) -> bool:
        """Whether it was written."""
        return name in self.parameters.values

    def span(self, name: str) -> Span:
        """Where it stands; the whole definition, if it was not written."""
        return self.parameters.spans.get(name, self._span)

    def error(self, message: str, name: str, hint: str = "") -> None:
        """Note an error at a parameter."""
        self._problems.error(message, self.span(name), hint, "bad-parameter")

    def unknown(self, message: str, name: str, hint: str = "") -> None:
        """Note an error at a parameter that should not be there: at its name, not at its value."""
        self._problems.error(message, self._written.get(name, self._span), hint, "undefined-parameter")

    def only(self, known: Sequence[str], otherwise: str = "") -> None:
        """Note an error for each parameter that is not known; ``otherwise`` is the hint where no name is near."""
        for name in self.parameters.values:
            if name not in known:
                near = closest(name, known)
                hint = f"did you mean `{near}`?" if near else otherwise or _listed(known)
                self.unknown(f"{self._what} has no parameter `{name}`", name, hint)

    def whole(self, name: str, least: int) -> int | None:
        """A whole number, ``None`` if it was not written or is wrong."""
        value = self.parameters.values.get(name)
        if not self.has(name):
            return None
        if type(value) is int and least <= value < 2**63:
            return value
        self.error(f"`{name}` must be a whole number of at least {least}, and it is {shown(value)}", name)
        return None

    def boolean(self, name: str) -> bool:
        """True or false; false if it was not written."""
        value = self.parameters.values.get(name, False)
        if type(value) is bool:
            return value
        self.error(f"`{name}` must be true or false, and it is {shown(value)}", name)
        return False


def shown(value: Any) -> str:
    """A value in a message."""
    if type(value) in _WORDS:
        return _WORDS[type(value)](value)
    return f"of the type {type_name(value)}"


def _listed(known: Sequence[str]) -> str:
    return f"it has {', '.join(f'`{name}`' for name in known)}" if known else "it has none"
