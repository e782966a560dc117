"""`script`: a script as a step of a chain."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from pipelines.errors import ConfigurationError
from pipelines.language import Script as CompiledScript
from pipelines.language import compile_script
from pipelines.language.dialect import DEFAULT_DIALECT
from pipelines.language.script_operator import ScriptOperator
from pipelines.operator import operators
from pipelines.options import Options

__all__ = ["Script"]

_MAX_FILE_BYTES = 1024 * 1024


class ScriptOptions(Options):
    """Which script."""

    script: str | None = Field(default=None, description="The text of the script.")
    file: Path | None = Field(default=None, description="The file that holds it, instead.")
    args: dict[str, Any] = Field(default_factory=dict, description="What the script reads as `args`.")
    modules: Path | None = Field(default=None, description="A directory in which `use` looks for modules.")
    dialect: Literal["0.9", "0.11"] = Field(
        default=DEFAULT_DIALECT,  # type: ignore[arg-type] # one of them
        description="The version of the language.",
    )

    @model_validator(mode="after")
    def _one_text(self) -> ScriptOptions:
        if (self.script is None) == (self.file is None):
            raise ValueError("needs either `script`, the text, or `file`, the file that holds it")
        return self


@operators.register
class Script(ScriptOperator):
    """The text is compiled when the operator is made. What the script emits to a port of its own leaves by that port of
    the pipeline. A pipeline that is nothing but a script is better written with the key `script` or `script_file`:
    what is wrong with a text is then shown at its own lines.
    """

    name = "script"
    summary = "Runs a script on each event."
    example = """
[pipelines.label]
operators = [
    { type = "script", script = "let event.seen = true; event" },
    { type = "bucket", class = "level", rate = 100 },
]
"""

    options: ScriptOptions
    Options = ScriptOptions

    def __init__(self, options: ScriptOptions) -> None:
        super().__init__(_compiled(options), options.args, options=options)


def _compiled(options: ScriptOptions) -> CompiledScript:
    text, name = options.script or "", "script"
    if options.file is not None:
        text, name = _read(options.file), str(options.file)
    return compile_script(text, name, [options.modules] if options.modules else [], options.dialect)


def _read(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            data = stream.read(_MAX_FILE_BYTES + 1)
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError(
            f"the script {str(file)!r} cannot be read: {reason}",
            ("file",),
            "write its path from the deployment's file",
        ) from None
    if len(data) > _MAX_FILE_BYTES:
        raise ConfigurationError(
            f"the script {str(file)!r} is larger than 1 MiB", ("file",), "check its path"
        )
    return text.replace("\r\n", "\n")
