"""What stands in the cells of the tables that are generated."""

from __future__ import annotations

__all__ = ["cell"]


def cell(text: str) -> str:
    """A text as Markdown has it in a table: on one line, its bars escaped."""
    return text.replace("|", r"\|").replace("\n", " ")
