"""The patterns that ``grok`` knows by name: the names of Logstash's standard set, with expressions of our own.

The fields that a pattern of a whole line fills have the names that Logstash gives them, because dashboards know them.
All of it is within what RE2 understands.
"""

from __future__ import annotations

from typing import Final

from pipelines.language.extractors.grok_patterns.basics import BASICS
from pipelines.language.extractors.grok_patterns.services import SERVICES
from pipelines.language.extractors.grok_patterns.systems import SYSTEMS

__all__ = ["PATTERNS"]

PATTERNS: Final[dict[str, str]] = {**BASICS, **SYSTEMS, **SERVICES}
"""By name. Expressions refer to others as ``%{NAME}`` and ``%{NAME:field}``."""
