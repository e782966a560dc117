"""The store of dead letters: a file that keeps what nobody could process, until somebody looks at it."""

from supervisor.dead_letters.store import BadStore, DeadLetterStore, Letter, StoredLetter

__all__ = ["BadStore", "DeadLetterStore", "Letter", "StoredLetter"]
