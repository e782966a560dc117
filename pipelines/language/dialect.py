"""`Dialect`: what differs between the two versions of the language, one flag a difference."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.errors import ConfigurationError

__all__ = ["DEFAULT_DIALECT", "DIALECTS", "Dialect", "find_dialect"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """The switches. What is not listed is the same in both, in its sane form."""

    name: str
    hash_interpolation: bool
    """Strings: ``#{expr}`` and plain braces, instead of ``{expr}`` and braces doubled or escaped."""
    number_separators: bool
    """``1_000``, and a ``-`` directly before a digit belongs to the number."""
    lone_bang: bool
    """``!x`` can be written."""
    binaries: bool
    """``<< … >>``."""
    target_extractors: bool
    """``case ~ name|…|``, ``case x = ~ …|…|``, ``case x = _``, in the immutable match as well."""
    strict_patterns: bool
    """Record patterns match records only; an array pattern needs a hit for each of its elements, ``_`` included."""
    eager_windows: bool
    """A size window emits with the event that fills it; interval windows close on ticks; results have no metadata."""
    group_limits: bool
    """Windows take ``max_groups`` and ``emit_empty_windows``."""
    constants_in_select: bool
    """``select`` sees constants; in a windowed one ``event`` and ``$`` belong into aggregates and ``group by``."""

    ordered_records: bool
    """``for`` goes through the event's records in the order of their fields, not in that of a hash table."""


_OLD = Dialect("0.9", *[False] * 10)
_NEW = Dialect("0.11", *[True] * 10)

DIALECTS = {dialect.name: dialect for dialect in (_OLD, _NEW)}
"""By name."""

DEFAULT_DIALECT = _NEW.name
"""What a deployment has if it says nothing."""


def find_dialect(name: str) -> Dialect:
    """The dialect of that name. Raises `ConfigurationError` for an unknown one."""
    if name not in DIALECTS:
        raise ConfigurationError(
            f"there is no dialect {name!r} of the language", ("dialect",), f"known: {', '.join(DIALECTS)}"
        )
    return DIALECTS[name]
