"""`Fault`: what run-time helpers and library functions raise. The generated code knows where it happened.

A helper does not know its place in the script. It raises a `Fault`; the function that was generated from the script
catches it, finds the node by the position of the instruction, and raises `ScriptError` with a diagnostic there. The
analysis does the same when it folds constants, and makes a compile error of it.
"""

from __future__ import annotations

__all__ = ["BadType", "Fault"]


class Fault(Exception):
    """Something that a script did cannot be done. ``message`` is a sentence for the script's author, without a place;
    ``hint`` says what to do; ``code`` is the diagnostic's.
    """

    def __init__(self, message: str, hint: str = "", code: str = "failed") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code


class BadType(Fault):
    """A function of the library got an argument of a type that it does not take."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint, "bad-type")
