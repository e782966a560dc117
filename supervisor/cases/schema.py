"""What stands in a ``*.test.toml``: pydantic models that check it, explain it and give editors their JSON Schema."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from pipelines.expression import ExpressionOption
from pipelines.options import Duration, Options

__all__ = [
    "CaseTable",
    "ExpectTable",
    "FailureTable",
    "InputTable",
    "StepTable",
    "TestFile",
    "case_file_schema",
]

_PLACE = "a component, or one of its ports: `parse`, `parse/err`; with its flow in front: `main/parse`, `main#2/parse`."


class InputTable(Options):
    """``[[cases.input]]``: what comes in somewhere. Exactly one key besides ``at`` and ``meta`` says what."""

    at: str = Field(description=f"Where: {_PLACE}")
    events: list[Any] | None = Field(default=None, description="Values, which need no decoding.")
    json_: str | None = Field(
        default=None,
        alias="json",
        description="Values as JSON, one a line: JSON has null, which TOML has not.",
    )
    text: str | None = Field(default=None, description="Bytes for an onramp, as text.")
    lines: list[str] | None = Field(
        default=None,
        description="Bytes for an onramp: lines of a stream, or one datagram, request or frame each.",
    )
    bytes_base64: str | None = Field(default=None, description="Bytes for an onramp, in base64.")
    file: Path | None = Field(default=None, description="Bytes for an onramp: what this file holds.")
    meta: dict[str, Any] | None = Field(default=None, description="Metadata of each event of it.")

    @model_validator(mode="after")
    def _one_content(self) -> InputTable:
        _one_of(self, ("events", "json", "text", "lines", "bytes_base64", "file"), required=True)
        return self


class ExpectTable(Options):
    """``[[cases.expect]]``: what must have come out somewhere since the last look there."""

    at: str = Field(description=f"Where: {_PLACE} An offramp alone means what it has written.")
    events: list[Any] | None = Field(
        default=None,
        description="The events, in order. A table matches one with more fields; see also `exact`.",
    )
    json_: str | None = Field(default=None, alias="json", description="The events as JSON, one a line.")
    text: str | None = Field(
        default=None, description="The bytes that an offramp has written, as text, to the letter."
    )
    lines: list[str] | None = Field(
        default=None, description="The bytes that an offramp has written, as lines, to the letter."
    )
    count: int | None = Field(default=None, ge=0, description="How many events.")
    where: ExpressionOption | None = Field(
        default=None,
        description="What is true of each event; with `others`, of `count` events, or of one at least.",
    )
    exact: bool = Field(default=False, description="Events have these fields and no more.")
    any_order: bool = Field(default=False, description="The order of the events does not matter.")
    others: bool = Field(default=False, description="There may be other events, too.")

    @model_validator(mode="after")
    def _something(self) -> ExpectTable:
        _one_of(self, ("events", "json", "text", "lines"), required=False)
        if not any(_given(self, key) for key in ("events", "json", "text", "lines", "count", "where")):
            raise ValueError(
                "nothing says what is expected; give `events`, `json`, `lines`, `text`, `count` or `where`"
            )
        return self


class FailureTable(Options):
    """One way in which a stubbed connector fails: it loses its connection, unless ``reject`` or ``crash`` says else."""

    times: Annotated[int, Field(ge=1)] | Literal["always"] | None = Field(
        default=None,
        description='How often, or "always". Left out: once, but `reject` always.',
    )
    error: str = Field(default="connection lost", description="What the error says.")
    on: Literal["write", "read", "open"] | None = Field(
        default=None, description="When: `write` for offramps and `read` for onramps if left out."
    )
    reject: ExpressionOption | None = Field(
        default=None, description="An offramp refuses the events for which this is true, for good."
    )
    crash: ExpressionOption | None = Field(
        default=None, description="An offramp crashes over a batch with an event for which this is true."
    )

    @model_validator(mode="after")
    def _one_way(self) -> FailureTable:
        _one_of(self, ("reject", "crash"), required=False)
        if self.on == "open" and (self.reject is not None or self.crash is not None):
            raise ValueError(
                "an event is neither rejected nor crashed over when a connection is opened; leave `on` out"
            )
        return self


Failures = dict[str, list[FailureTable]]


class StepTable(Options):
    """``[[cases.steps]]``: failures begin, input comes, time passes, and there is a look at what came out."""

    failures: Failures = Field(
        default_factory=dict, description="How connectors fail from now on, by their names."
    )
    input: list[InputTable] = Field(default_factory=list, description="What comes in.")
    advance: Duration | None = Field(default=None, gt=0, description="How much time passes.")
    expect: list[ExpectTable] = Field(default_factory=list, description="What has come out by then.")

    @model_validator(mode="after")
    def _something(self) -> StepTable:
        if not (self.failures or self.input or self.advance or self.expect):
            raise ValueError("the step is empty; give it `input`, `advance`, `expect` or `failures`")
        return self


class CaseTable(Options):
    """``[[cases]]``: failures and input, then steps, then the end of all input, then a look at what came out."""

    name: str = Field(min_length=1, max_length=200, description="What it shows, as a sentence.")
    now: datetime = Field(
        default=datetime(2026, 1, 1, tzinfo=UTC), description="What the clock says when the case begins."
    )
    failures: Failures = Field(default_factory=dict, description="How connectors fail, by their names.")
    input: list[InputTable] = Field(default_factory=list, description="What comes in first.")
    steps: list[StepTable] = Field(default_factory=list, description="What happens then, in order.")
    expect: list[ExpectTable] = Field(
        default_factory=list, description="What has come out when the input has ended and all has arrived."
    )
    dead_letters: int | None = Field(
        default=None, ge=0, description="How many events nobody could process. Left out: none."
    )
    timeout: Duration = Field(
        default="10s", validate_default=True, gt=0, description="How much real time the case may take."
    )

    @field_validator("now")
    @classmethod
    def _with_zone(cls, now: datetime) -> datetime:
        return now if now.tzinfo is not None else now.replace(tzinfo=UTC)

    @model_validator(mode="after")
    def _expects_something(self) -> CaseTable:
        if not self.expect and self.dead_letters is None and not any(step.expect for step in self.steps):
            raise ValueError("the case expects nothing, so it could not fail; give it an `expect`")
        return self


class TestFile(Options):
    """A whole ``*.test.toml``."""

    __test__ = False  # for pytest, which takes classes of this name for its own

    deployment: Path = Field(
        default=Path("config.toml"), description="The deployment's file, relative to this one."
    )
    cases: list[CaseTable] = Field(min_length=1, description="The cases.")


def case_file_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of whole files, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **TestFile.model_json_schema(by_alias=True),
        "title": "Tests of an Aftershock deployment",
    }


def _given(table: BaseModel, key: str) -> bool:
    return getattr(table, f"{key}_" if key == "json" else key) is not None


def _one_of(table: BaseModel, keys: tuple[str, ...], *, required: bool) -> None:
    given = [f"`{key}`" for key in keys if _given(table, key)]
    if len(given) > 1:
        raise ValueError(f"{' and '.join(given)} are given; keep one of them")
    if required and not given:
        raise ValueError(f"nothing says what; give one of {', '.join(f'`{key}`' for key in keys)}")
