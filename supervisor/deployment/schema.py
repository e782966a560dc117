"""What a deployment's TOML file may say: the common keys of each table.

The options of a connector, codec, processor or operator are declared by itself (`Component.Options`); they stand
next to the common keys of their table, which is why no connector may declare an option of such a name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from pipelines.options import Duration, Options, Size
from pipelines.retry import BackoffOptions
from ramps.give_up import GiveUpOptions
from supervisor.deployment.api_table import ApiOption
from supervisor.deployment.otlp_table import OtlpOption

__all__ = [
    "LANGUAGE_KEYS",
    "MAX_EXECUTORS",
    "PIPELINE_KINDS",
    "SECTIONS",
    "FlowTable",
    "LimitsTable",
    "LogSettings",
    "OfframpTable",
    "OnrampTable",
    "PartReference",
    "PipelineTable",
    "RestartPolicy",
    "SupervisorTable",
    "part_reference",
]

SECTIONS = ("supervisor", "onramps", "pipelines", "offramps", "flows")
"""The tables at the top of a file."""

LANGUAGE_KEYS = ("script", "script_file", "query", "query_file")
"""The keys that make a pipeline of a text in one of the languages."""

PIPELINE_KINDS = ("python", "operators", *LANGUAGE_KEYS)
"""Of these a pipeline has exactly one."""

MAX_EXECUTORS = 256
"""Each is a Python process of some tens of megabytes; more than one for each core gains nothing."""


def _count_or_auto(value: object) -> object:
    if isinstance(value, str) and value != "auto":
        raise ValueError('must be a whole number or "auto"')
    return value


class RestartPolicy(Options):
    """How the components of a flow are restarted. OTP's terms, OTP's meaning."""

    strategy: Literal["one_for_one", "one_for_all", "rest_for_one"] = Field(
        default="one_for_one",
        description="What is restarted with a failed component: nothing else, all of its flow, or all upstream of it.",
    )
    max_restarts: int = Field(
        default=5,
        ge=0,
        le=1_000_000,
        description="More restarts than this within `within`, and the flow is started anew as a whole; that is "
        "done twice within twelve times the period before the command gives up.",
    )
    within: Duration = Field(
        default="10s", validate_default=True, description="The period in which `max_restarts` counts."
    )
    backoff: BackoffOptions = Field(
        default_factory=BackoffOptions,
        description="The wait before a restart, growing while failures repeat.",
    )

    @field_validator("within")
    @classmethod
    def _some_time(cls, within: float) -> float:
        if within <= 0:
            raise ValueError('must be longer than nothing; write for instance "10s"')
        return within


class LogSettings(Options):
    """What the command logs, and how."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least severe messages that are shown."
    )
    format: Literal["console", "json"] = Field(
        default="console",
        description="`console` for people, `json` (one object a line) for machines.",
    )


class SupervisorTable(Options):
    """``[supervisor]``: what holds for the whole deployment."""

    executors: Annotated[int, Field(ge=1, le=MAX_EXECUTORS)] | Literal["auto"] = Field(
        default=1,
        description="Worker processes; one uses one core. `auto`: as many as there are cores for this process. "
        "With 1 everything runs in the command's own process.",
    )
    pin: bool = Field(
        default=False,
        description="Keep each of several executors on a core of its own, as far as there are cores.",
    )
    heartbeat_timeout: Duration = Field(
        default="10s",
        validate_default=True,
        description="An executor that is not heard of for so long is killed and started anew.",
    )
    json_: Literal["auto", "ujson", "orjson"] = Field(
        default="auto",
        alias="json",
        description="The library that reads and writes JSON, for codecs that do not name one. `auto`: orjson where it "
        "is installed (the extra `fast`), else ujson.",
    )
    api: ApiOption = Field(
        default=None,
        description="Where the HTTP API and the dashboard listen, or a table with more; without it there is none.",
    )
    otlp: OtlpOption = Field(
        default=None,
        description="The collector that all metrics are pushed to by OpenTelemetry's protocol over HTTP, or a table "
        "with more; without it none. It takes the extra `otlp`.",
    )
    dead_letters: Path | None = Field(
        default=None,
        description="A file (SQLite) that keeps what nobody could process: errors that leave by an `err` port without "
        "a reader, and events that crashed a component again and again. `supervisor dead-letters` reads it.",
    )
    dead_letters_max: int = Field(
        default=1_000_000,
        ge=1,
        description="How many dead letters a file may hold. What comes beyond has failed: the sources of at-least-once "
        "flows send it again, that of others is lost; an error is logged.",
    )
    dead_letters_max_size: Size = Field(
        default="1GiB",
        validate_default=True,
        ge=1,
        description="How many bytes of events a file of dead letters may hold.",
    )
    drain_timeout: Duration = Field(
        default="10s",
        validate_default=True,
        description="How long an orderly stop waits for the events that are under way.",
    )
    logs: LogSettings = Field(default_factory=LogSettings, description="What the command logs, and how.")
    restart: RestartPolicy = Field(
        default_factory=RestartPolicy,
        description="How components are restarted, unless their flow says otherwise.",
    )

    _executors_in_words = field_validator("executors", mode="before")(_count_or_auto)

    @field_validator("heartbeat_timeout")
    @classmethod
    def _time_for_a_beat(cls, heartbeat_timeout: float) -> float:
        if heartbeat_timeout < 0.1:
            raise ValueError('must be at least 100 ms; write for instance "10s"')
        return heartbeat_timeout


class PartReference(Options):
    """A codec or processor by name, with its options as they stand in the file."""

    name: str
    options: dict[str, Any]


def part_reference(value: object) -> PartReference:
    """What stands for a codec or processor: a name or a table. Raises ``ValueError`` with the remedy."""
    if isinstance(value, str):
        return PartReference(name=value, options={})
    if isinstance(value, dict):
        if not isinstance(value.get("name"), str):
            raise ValueError('needs a name; write "NAME", or { name = "NAME", … } with its options')  # noqa: TRY004 pydantic
        return PartReference(
            name=value["name"], options={key: item for key, item in value.items() if key != "name"}
        )
    if isinstance(value, PartReference):
        return value
    raise ValueError('must be "NAME", or { name = "NAME", … } with its options')


Part = Annotated[
    PartReference,
    BeforeValidator(part_reference),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object"}], "examples": ["json"]}),
]


class _Supervised(Options):
    """Keys of everything that runs as an actor."""

    shutdown_timeout: Duration = Field(
        default="5s",
        validate_default=True,
        description="How long an orderly stop waits for this component before it is killed.",
    )


class _Receiving(_Supervised):
    """Keys of everything that has a mailbox for events."""

    mailbox_events: int = Field(
        default=1024,
        ge=1,
        le=10_000_000,
        description="Events that may wait in the mailbox; then senders wait.",
    )
    mailbox_bytes: Size = Field(
        default="64MiB",
        validate_default=True,
        description="Bytes that may wait in the mailbox; then senders wait.",
    )
    poison_after: int = Field(
        default=3,
        ge=1,
        le=1000,
        description="A message that crashed the component this often goes to dead letters.",
    )

    @field_validator("mailbox_bytes")
    @classmethod
    def _some_room(cls, mailbox_bytes: int) -> int:
        if mailbox_bytes < 1:
            raise ValueError('must be at least one byte; write for instance "64MiB"')
        return mailbox_bytes


class OnrampTable(_Supervised):
    """``[onramps.NAME]``: what every onramp takes besides its own options."""

    type: str = Field(description="Which onramp it is: `supervisor list onramps` names them.")
    codec: Part | None = Field(
        default=None, description="How a frame becomes a value: a name, or a table of `name` and options."
    )
    preprocessors: list[Part] | None = Field(
        default=None,
        description="How the bytes become frames: names, or tables of `name` and options, in order.",
    )
    batch_max: int = Field(
        default=128,
        ge=1,
        le=65_536,
        description="Events that travel together at most; nothing waits for more.",
    )
    restart: Literal["permanent", "transient", "temporary"] = Field(
        default="transient", description="Restart it always, only when it failed, or never."
    )
    retry: BackoffOptions = Field(
        default_factory=BackoffOptions,
        description="The wait before it connects again, growing while that fails.",
    )


class OfframpTable(_Receiving):
    """``[offramps.NAME]``: what every offramp takes besides its own options."""

    type: str = Field(description="Which offramp it is: `supervisor list offramps` names them.")
    codec: Part | None = Field(
        default=None, description="How a value becomes bytes: a name, or a table of `name` and options."
    )
    postprocessors: list[Part] | None = Field(
        default=None,
        description="What is done to the bytes: names, or tables of `name` and options, in order.",
    )
    restart: Literal["permanent", "transient", "temporary"] = Field(
        default="permanent", description="Restart it always, only when it failed, or never."
    )
    retry: BackoffOptions = Field(
        default_factory=BackoffOptions,
        description="The wait before it connects again, growing while that fails.",
    )
    stall_after: Duration | None = Field(
        default=None,
        gt=0,
        description="No progress for so long, with events in hand or waiting, is a crash of the offramp, unless it "
        "waits for its connection. Must be longer than the longest write.",
    )
    give_up: GiveUpOptions = Field(
        default_factory=GiveUpOptions,
        description="When a batch whose tries fail again and again leaves by `err` instead; by default never.",
    )


class LimitsTable(Options):
    """``[pipelines.NAME.limits]``: what a script or a query may use at most (`pipelines.language.limits.Limits`)."""

    string: int = Field(
        default=16 * 1024 * 1024, ge=1, description="Characters of a text that one operation makes."
    )
    array: int = Field(default=1_000_000, ge=1, description="Elements of an array that one operation makes.")
    record: int = Field(default=1_000_000, ge=1, description="Fields of a record that one operation makes.")
    steps: int = Field(
        default=10_000_000,
        ge=1,
        description="Turns of loops and calls of functions for one event.",
    )
    recursion: int = Field(
        default=1024,
        ge=1,
        le=10_000,
        description="How often a function may call itself, and how deep calls may be nested.",
    )
    groups: int = Field(
        default=100_000, ge=1, description="Groups that one window of one `select` remembers."
    )


class PipelineTable(_Receiving):
    """``[pipelines.NAME]``: exactly one of `PIPELINE_KINDS` says what it does."""

    python: str | None = Field(
        default=None,
        description='A Python function or class as "module:name"; modules beside the file are found.',
    )
    options: dict[str, Any] | None = Field(
        default=None, description="Keyword arguments for the class that `python` names."
    )
    operators: list[dict[str, Any]] | None = Field(
        default=None,
        description="A chain of operators: tables of `type` and the operator's options, in order.",
    )
    script: str | None = Field(
        default=None, description="The text of a script, which is run on each event; best in three quotes."
    )
    script_file: Path | None = Field(default=None, description="The file of a script.")
    query: str | None = Field(
        default=None, description="The text of a query: selects, windows and operators; best in three quotes."
    )
    query_file: Path | None = Field(default=None, description="The file of a query.")
    module_path: list[Path] | None = Field(
        default=None, description="Directories for the modules that a script or query uses, in order."
    )
    dialect: Literal["0.9", "0.11"] | None = Field(
        default=None,
        description='The version of the language of a script or query, `"0.11"` if left out.',
    )
    args: dict[str, Any] | None = Field(default=None, description="What a script reads as `args`.")
    limits: LimitsTable | None = Field(default=None, description="What a script or query may use at most.")
    max_message_time: Duration | None = Field(
        default=None,
        description="A batch that takes longer is a crash of the pipeline. Without it there is no limit.",
    )
    stall_after: Duration | None = Field(
        default="30s",
        validate_default=True,
        description="No progress for so long while events wait is a crash of the pipeline.",
    )
    restart: Literal["permanent", "transient", "temporary"] = Field(
        default="permanent", description="Restart it always, only when it failed, or never."
    )

    @field_validator("max_message_time", "stall_after")
    @classmethod
    def _some_time(cls, seconds: float | None) -> float | None:
        if seconds is not None and seconds <= 0:
            raise ValueError('must be longer than nothing; write for instance "30s"')
        return seconds

    @property
    def pipeline_kind(self) -> str:
        """Which of `PIPELINE_KINDS` is given."""
        return next(key for key in PIPELINE_KINDS if getattr(self, key) is not None)

    @model_validator(mode="after")
    def _one_kind(self) -> PipelineTable:
        given = [key for key in PIPELINE_KINDS if getattr(self, key) is not None]
        if not given:
            kinds = " or ".join(f"`{key}`" for key in PIPELINE_KINDS)
            raise ValueError(f"nothing says what it does; give one of {kinds}")
        if len(given) > 1:
            kinds = " and ".join(f"`{key}`" for key in given)
            raise ValueError(f"{kinds} are given, and each says what it does; keep one of them")
        if self.options is not None and self.python is None:
            raise ValueError(
                "`options` are for a `python` class; an operator's options stand in its own table"
            )
        for key, fitting in _KEYS_OF_KINDS.items():
            if getattr(self, key) is not None and given[0] not in fitting:
                wanted = "a script" if key == "args" else "a script or a query"
                raise ValueError(f"`{key}` is for {wanted}; a pipeline with `{given[0]}` has no use for it")
        return self


_KEYS_OF_KINDS = {
    "args": ("script", "script_file"),
    "module_path": LANGUAGE_KEYS,
    "dialect": LANGUAGE_KEYS,
    "limits": LANGUAGE_KEYS,
}


class DeadLetterOfframp(Options):
    """``dead_letters = { offramp = "NAME" }``."""

    offramp: str = Field(description="An offramp of the file: what fails is sent to it as error events.")


class FlowTable(Options):
    """``[flows.NAME]``: which components are linked to each other, and how many copies of them there are."""

    links: list[str] = Field(
        min_length=1,
        description='Chains such as "in -> parse -> out" or "parse/err -> errors", ports behind a slash.',
    )
    instances: Annotated[int, Field(ge=1, le=4096)] | Literal["auto"] = Field(
        default=1, description="Copies of the flow's components. `auto`: as many as there are executors."
    )
    shared: list[str] = Field(
        default_factory=list, description="Components of which there is one for all copies of the flow."
    )
    guarantee: Literal["best-effort", "at-least-once"] = Field(
        default="best-effort",
        description="`at-least-once`: what an onramp has read is confirmed to its source only when every event of it "
        "was written, dropped on purpose, or stored as a dead letter; the check refuses what cannot keep that.",
    )
    dead_letters: Path | DeadLetterOfframp | None = Field(
        default=None,
        description="Where what this flow cannot process goes: a file of its own, as in [supervisor], or with "
        '{ offramp = "NAME" } an offramp, which is then linked to every `err` port without a reader.',
    )
    when_closed: Literal["wait", "drop"] = Field(
        default="wait",
        description="What becomes of events for an offramp whose connection is lost and whose mailbox is full. `wait`: "
        "they are held back, and with them those for all other offramps of their source. `drop`: they are dropped "
        "and counted, as long as another of these offramps is not closed; not with at-least-once.",
    )
    restart: RestartPolicy | None = Field(
        default=None,
        description="How this flow's components are restarted; what it leaves out, [supervisor] says.",
    )

    _instances_in_words = field_validator("instances", mode="before")(_count_or_auto)
