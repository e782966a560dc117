"""Registries: families of parts (operators, onramps, codecs, …) by the name that a TOML file uses.

A family's own members live one a file in one package, and register themselves with the decorator::

    @operators.register
    class Filter(Operator):
        name = "filter"
        summary = "Keeps the events for which an expression is true."

Other distributions add members through an entry point in the family's group (``aftershock.operators``,
``aftershock.onramps``, …) that names the class; its ``name`` is what counts, not the entry point's.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from importlib.metadata import entry_points
from typing import Any, ClassVar, Generic, TypeVar

from pipelines.errors import ConfigurationError, UnknownComponent
from pipelines.options import Options

__all__ = ["Component", "Registry"]


class Component:
    """What every part has that a TOML file can name: a name, one line about it, its options, an example."""

    name: ClassVar[str]
    """The name in a TOML file, in lower case with hyphens."""

    summary: ClassVar[str]
    """One sentence for ``supervisor list``: what it is for."""

    example: ClassVar[str] = ""
    """A TOML fragment that works, shown by ``supervisor explain`` and checked by a test."""

    Options: ClassVar[type[Options]] = Options
    """The declaration of its options."""

    def __init__(self, options: Any = None) -> None:
        self.options = self.Options() if options is None else options


ComponentType = TypeVar("ComponentType", bound=Component)


class Registry(Generic[ComponentType]):
    """The members of one family by name.

    ``family`` is the word for one member in messages ("onramp"); ``group`` the entry-point group; ``package`` the
    package whose modules hold our own members, imported at the first look-up.
    """

    def __init__(self, family: str, group: str, package: str) -> None:
        self.family = family
        self.group = group
        self._package = package
        self._members: dict[str, type[ComponentType]] = {}
        self._loaded = False
        self.broken: dict[str, ConfigurationError] = {}
        """Members of other distributions that could not be loaded, by the names of their entry points."""

    def register(self, member: type[ComponentType]) -> type[ComponentType]:
        """Class decorator: add a member under its ``name``. Raises `ConfigurationError` if the name is taken."""
        taken = self._members.get(member.name)
        if taken is not None and taken is not member:
            raise ConfigurationError(
                f"two {self.family}s are called {member.name!r}: {taken.__module__}.{taken.__qualname__} and "
                f"{member.__module__}.{member.__qualname__}",
                hint="uninstall one of the two distributions, or rename its component",
            )
        self._members[member.name] = member
        return member

    def get(self, name: str) -> type[ComponentType]:
        """The member called ``name``. Raises `UnknownComponent` with suggestions, and `ConfigurationError` for one of
        another distribution that cannot be loaded.
        """
        self._load()
        try:
            return self._members[name]
        except KeyError:
            if name in self.broken:
                raise self.broken[name] from None
            known = self.names()
            raise UnknownComponent(
                self.family, name, difflib.get_close_matches(name, known, n=3), known
            ) from None

    def names(self) -> list[str]:
        """All names, sorted."""
        self._load()
        return sorted(self._members)

    def members(self) -> list[type[ComponentType]]:
        """All members, sorted by name."""
        return [self._members[name] for name in self.names()]

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{self._package}.{module.name}")
        for entry_point in entry_points(group=self.group):
            # A part that nobody names must not keep the others from working.
            try:
                self.register(entry_point.load())
            except Exception as error:
                self.broken[entry_point.name] = ConfigurationError(
                    f"the {self.family} {entry_point.name!r} of another distribution cannot be loaded: {error}",
                    hint=f"mend or uninstall the distribution that declares {entry_point.value!r}",
                )
