"""What could not be processed: to be looked at, sent again, and forgotten."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from gevent.lock import RLock
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from actors.native_thread import call_in_thread
from supervisor.api.problems import Problem
from supervisor.api.routing import Call, Route
from supervisor.api.service import Service
from supervisor.dead_letters import BadStore, Choice, Letter
from supervisor.dead_letters.archive import Archive, LetterHead, UnknownLetter, head_of
from supervisor.dead_letters.store import LetterSummary
from supervisor.deployment.replay import Replayed

__all__ = ["routes"]

_MAX_SHOWN_BYTES = 64 * 1024
# What may be in memory at a time, and travel to an executor in one message.
_MAX_REPLAYED_BYTES = 16 * 1024 * 1024

Id = Annotated[str, Field(min_length=1, max_length=300)]


class _Page(BaseModel):
    model_config = ConfigDict(extra="forbid")

    flow: str | None = Field(default=None, max_length=300, description="Only of this flow.")
    component: str | None = Field(
        default=None, max_length=500, description="Only of components with this in their names."
    )
    limit: int = Field(default=100, ge=1, le=1000, description="At most so many.")
    after: Id | None = Field(
        default=None, description="Only those that follow the one with this id. Without it, the latest."
    )


class LetterDocument(BaseModel):
    """Everything that is known of a dead letter. What is longer than 64 KiB is cut."""

    head: LetterHead
    original: str = Field(description="The bytes to send again, as text.")
    value: Any = Field(description="The event.")
    details: Any = Field(description="What left by `err`, or the event itself.")
    truncated: bool = Field(
        description="Whether `original` is cut, and `value` and `details` are null, as they are too large."
    )


class ReplayRequest(BaseModel):
    """Dead letters to be sent again."""

    model_config = ConfigDict(extra="forbid")

    ids: list[Id] = Field(min_length=1, max_length=1000)
    timeout: float = Field(default=10.0, gt=0, le=300, description="Seconds to wait for their delivery.")


class ReplayResult(BaseModel):
    """What became of them."""

    delivered: list[str] = Field(
        description="Written, dropped on purpose, or given up once more as a new letter. They are forgotten."
    )
    kept: dict[str, str] = Field(description="Those that are still dead letters, and why.")


def routes(service: Service) -> Iterator[Route]:
    """Those for dead letters."""
    replaying = RLock()

    def letters(call: Call) -> list[LetterHead]:
        page: _Page = call.query
        choice = Choice(flow=page.flow, component=page.component)
        with _problems():
            return call_in_thread(Archive(service.running.plan).heads, choice, page.limit, page.after)

    def letter(call: Call) -> LetterDocument:
        with _problems():
            found = call_in_thread(Archive(service.running.plan).letter, call.path["id"])
        return _document(call.path["id"], found)

    def replay(call: Call) -> ReplayResult:
        order: ReplayRequest = call.body
        if service.running.state != "running":
            raise Problem(409, "not-running", f"the deployment is {service.running.state}")
        # Two at a time would send what both name twice.
        with replaying, _problems():
            return _replayed(service, order)

    def delete(call: Call) -> None:
        with _problems():
            if not call_in_thread(Archive(service.running.plan).remove, [call.path["id"]]):
                raise UnknownLetter(f"there is no dead letter {call.path['id']!r}")

    tag = "Dead letters"
    yield Route("GET", "/api/v1/dead-letters", letters, "Dead letters, newest last.", tag, query=_Page,
                answer=list[LetterHead], problems=(404, 503),
                description="Those in the files that `dead_letters` names in the deployment.")  # fmt: skip
    yield Route("GET", "/api/v1/dead-letters/<id>", letter, "One dead letter, with its event.", tag,
                answer=LetterDocument, problems=(404, 503))  # fmt: skip
    yield Route("POST", "/api/v1/dead-letters/replay", replay,
                "Put dead letters back into the components that gave them up.", tag, body=ReplayRequest,
                answer=ReplayResult, problems=(404, 409, 503), writes=True,
                description="Each is forgotten when it is delivered, and not before: it may arrive twice, but it is "
                "not lost.")  # fmt: skip
    yield Route("DELETE", "/api/v1/dead-letters/<id>", delete, "Forget a dead letter.", tag, problems=(404, 503),
                writes=True)  # fmt: skip


@contextmanager
def _problems() -> Iterator[None]:
    try:
        yield
    except UnknownLetter as error:
        raise Problem(404, "unknown-letter", f"{error}; /api/v1/dead-letters lists them") from None
    except BadStore as error:
        raise Problem(503, "store-unavailable", str(error)) from None


def _replayed(service: Service, order: ReplayRequest) -> ReplayResult:
    archive = Archive(service.running.plan)
    clock = service.running.system.clock
    deadline = clock.now() + order.timeout
    result = ReplayResult(delivered=[], kept={})
    ids = list(dict.fromkeys(order.ids))
    while ids:
        # The rest of the time for all of them: who is slow is so for all.
        chunk, reasons = call_in_thread(_take, archive, ids)
        told = service.running.replay(chunk, max(0.1, deadline - clock.now())) if chunk else {}
        delivered = [letter.id for letter in chunk if told.get(letter.id) == ""]
        result.kept |= reasons | {
            letter.id: told.get(
                letter.id, f"there is no component {letter.component} now, or it did not answer"
            )
            for letter in chunk
            if told.get(letter.id) != ""
        }
        if delivered:
            try:
                call_in_thread(archive.remove, delivered)
            except BadStore as error:
                result.kept |= dict.fromkeys(delivered, f"it is delivered, but could not be removed: {error}")
                continue
        result.delivered += delivered
    return result


def _take(archive: Archive, ids: list[str]) -> tuple[list[Replayed], dict[str, str]]:
    """The next letters off the list, as many as fit into memory, and why others cannot be had."""
    chunk: list[Replayed] = []
    reasons: dict[str, str] = {}
    room = _MAX_REPLAYED_BYTES
    while ids and room > 0:
        id = ids.pop(0)
        try:
            letter = archive.letter(id)
        except UnknownLetter as error:
            reasons[id] = str(error)
            continue
        if letter.size > _MAX_REPLAYED_BYTES:
            reasons[id] = "it is too large; `supervisor dead-letters replay` sends it"
            continue
        room -= letter.size
        chunk.append(Replayed(id, letter.component, letter.origin, letter.original, letter.details))
    return chunk, reasons


def _document(id: str, letter: Letter) -> LetterDocument:
    key, _, number = id.rpartition(":")
    head = head_of(key, LetterSummary.of(int(number), letter))
    details, fits = _details(letter.details)
    is_error = isinstance(details, dict) and "error" in details and "event" in details
    return LetterDocument(
        head=head,
        original=letter.original[:_MAX_SHOWN_BYTES].decode(errors="backslashreplace"),
        value=details["event"] if is_error else details,
        details=details,
        truncated=not fits or len(letter.original) > _MAX_SHOWN_BYTES,
    )


def _details(text: str) -> tuple[Any, bool]:
    if len(text) <= _MAX_SHOWN_BYTES:
        try:
            # JSON knows no NaN; nor may it be nested deeper than whoever reads it can.
            details = json.loads(text, parse_constant=str)
            to_json(details)
        except (ValueError, RecursionError):
            pass
        else:
            return details, True
    return None, False
