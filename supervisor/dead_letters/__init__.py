"""The store of dead letters: a file that keeps what nobody could process, until somebody looks at it."""

from supervisor.dead_letters.store import BadStore, Choice, DeadLetterStore, Letter, StoredLetter

__all__ = ["BadStore", "Choice", "DeadLetterStore", "Letter", "StoredLetter"]
