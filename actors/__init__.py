"""Actors on gevent greenlets: mailboxes with back-pressure, hand-off scheduling, supervision-ready crashes.

Usable alone: it knows nothing of events, files or deployments, and changes nothing in the program that uses it.
"""

from actors.actor import Actor
from actors.clock import Cancellable, Clock, HubClock
from actors.dead_letters import DeadLetters
from actors.errors import (
    ActorError,
    ActorStopped,
    AskTimeout,
    DeliveryError,
    HotLoop,
    MailboxClosed,
    MailboxFull,
    Misuse,
    NameTaken,
    Stalled,
    StartFailed,
)
from actors.hub_monitor import BlockedHub, HubMonitor
from actors.mailbox import Lane, Mailbox, MailboxLimits, MailboxStatistics
from actors.messages import (
    ActorStatistics,
    Crashed,
    DeadLetter,
    ExitKind,
    ExitReason,
    Failure,
    State,
    Terminated,
)
from actors.preemption import Preemption
from actors.ref import ActorRef
from actors.scheduler import Scheduler
from actors.system import ActorSystem

__all__ = [
    # the four that most programs need
    "Actor", "ActorRef", "ActorSystem", "Lane",
    # what actors hear, and what people see
    "ActorStatistics", "Crashed", "DeadLetter", "DeadLetters", "ExitKind", "ExitReason", "Failure", "State",
    "Terminated",
    # the parts, usable alone
    "Cancellable", "Clock", "HubClock", "Mailbox", "MailboxLimits", "MailboxStatistics", "Scheduler",
    # what a whole program may switch on
    "BlockedHub", "HubMonitor", "Preemption",
    # errors
    "ActorError", "ActorStopped", "AskTimeout", "DeliveryError", "HotLoop", "MailboxClosed", "MailboxFull", "Misuse",
    "NameTaken", "Stalled", "StartFailed",
]  # fmt: skip
