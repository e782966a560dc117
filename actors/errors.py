"""The error tree of `actors`, sorted by what the caller does next.

::

    ActorError                     root
    ├── DeliveryError              this message did not arrive; the sender decides
    │   ├── ActorStopped           nobody will ever take it: the actor is gone
    │   ├── MailboxFull            no room in the time given, or waiting would be for ever
    │   └── MailboxClosed          the mailbox was closed (under an `ActorRef` this becomes a dead letter)
    ├── AskTimeout                 no answer in time; also a `TimeoutError`
    ├── StartFailed                `on_start` raised; ``__cause__`` is what it raised
    ├── NameTaken                  choose another name
    ├── Stalled                    recorded as the cause when an actor was killed for lack of progress
    └── Misuse                     the program is wrong: two takers, a restart of a running actor, a wrong thread

    HotLoop (a BaseException)      raised inside a handler that computed for longer than ``max_message_time``
"""

from __future__ import annotations

__all__ = [
    "ActorError",
    "ActorStopped",
    "AskTimeout",
    "DeliveryError",
    "HotLoop",
    "MailboxClosed",
    "MailboxFull",
    "Misuse",
    "NameTaken",
    "Stalled",
    "StartFailed",
]


class ActorError(Exception):
    """Root of the errors that the kernel raises on purpose."""


class DeliveryError(ActorError):
    """A message did not arrive."""


class ActorStopped(DeliveryError):
    """The actor has ended, so nobody will take or answer the message."""


class MailboxFull(DeliveryError):
    """The flow lane had no room within the time given, or the sender must not wait for it."""


class MailboxClosed(DeliveryError):
    """The mailbox takes nothing any more."""


class AskTimeout(ActorError, TimeoutError):
    """The actor did not answer in time. It may still process the message."""


class StartFailed(ActorError):
    """The actor's `on_start` raised; ``__cause__`` holds what."""


class NameTaken(ActorError):
    """Another living actor of this system has the name."""


class Stalled(ActorError):
    """An actor made no progress while its input waited."""


class Misuse(ActorError):
    """The calling program broke a rule of the kernel; waiting or retrying will not help."""


class HotLoop(BaseException):
    """Raised in the middle of a handler that used more CPU time than ``max_message_time`` for one message.

    Not an ``Exception``, so that a handler's own ``except Exception`` does not swallow it. It is a crash.
    """
