"""Patterns: what stands in them is resolved, and extractors are compiled."""

from __future__ import annotations

import pipelines.language.extractors  # noqa: F401 - fills the table of extractors
from pipelines.language import tree
from pipelines.language.analysis.cautions import caution_hidden, caution_record_pattern
from pipelines.language.analysis.frame import Frame, visit
from pipelines.language.extractors.extractor import BadExtractor, make_extractor

__all__ = ["visit_pattern"]


def visit_pattern(frame: Frame, pattern: tree.Pattern) -> None:
    """Resolve a pattern. The variable of an assigning one becomes visible, but not within the pattern itself."""
    if isinstance(pattern, tree.ExpressionPattern):
        written = pattern.expression
        if isinstance(written, tree.Path) and len(written.root.names) == 1 and not written.segments:
            frame.matched.add(written.root.names[0])
        pattern.expression = visit(frame, written)
    elif isinstance(pattern, tree.ExtractorPattern):
        _extractor(frame, pattern)
    elif isinstance(pattern, tree.AssignPattern):
        visit_pattern(frame, pattern.pattern)
        caution_hidden(frame, pattern.name, pattern.span)
        pattern.slot = frame.shadow(pattern.name)
    elif isinstance(pattern, tree.RecordPattern):
        _record(frame, pattern)
    elif isinstance(pattern, tree.ArrayPattern | tree.TuplePattern):
        for element in pattern.elements:
            visit_pattern(frame, element)


def _record(frame: Frame, pattern: tree.RecordPattern) -> None:
    for field in pattern.fields:
        if isinstance(field, tree.PatternField):
            visit_pattern(frame, field.pattern)
        elif isinstance(field, tree.CompareField):
            field.expression = visit(frame, field.expression)
    caution_record_pattern(frame, pattern)


def _extractor(frame: Frame, pattern: tree.ExtractorPattern) -> None:
    try:
        pattern.extractor = make_extractor(pattern.name, pattern.text)
    except BadExtractor as problem:
        frame.error(f"this extractor cannot be used: {problem}", pattern.span, code="bad-extractor")
