"""Another distribution brings an onramp, a codec and an operator; a TOML file uses them by name."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

MODULE = """
from typing import ClassVar
from pydantic import Field
from pipelines.operator import Kind, Operator
from pipelines.options import Options
from ramps.codec import Codec
from ramps.errors import DecodeError, EndOfInput
from ramps.onramp import Onramp


class CountdownOptions(Options):
    start: int = Field(default=3, ge=1, description="Where to begin.")


class Countdown(Onramp):
    name: ClassVar[str] = "countdown"
    summary: ClassVar[str] = "Counts down to one."
    example: ClassVar[str] = '[onramps.in]\\ntype = "countdown"\\n'
    Options = CountdownOptions

    def open(self): pass

    def read(self, intake):
        stream = intake.stream("countdown", framed=True)
        for n in range(self.options.start, 0, -1):
            stream.feed(b"<%d>" % n)
        raise EndOfInput("zero")

    def close(self): pass


class Angle(Codec):
    name: ClassVar[str] = "angle"
    summary: ClassVar[str] = "Text between angle brackets."
    example: ClassVar[str] = '[onramps.in]\\ntype = "stdin"\\ncodec = "angle"\\n'

    def decode(self, data):
        if not (data.startswith(b"<") and data.endswith(b">")):
            raise DecodeError("no brackets")
        return data[1:-1].decode()

    def encode(self, value):
        return b"<" + str(value).encode() + b">"
"""

OPERATOR = """

class Shout(Operator):
    name = "shout"
    summary = "Adds an exclamation mark."
    example = '[pipelines.loud]\\noperators = [{ type = "shout" }]\\n'
    kind = Kind.BATCH

    def on_batch(self, batch, port):
        return [("out", batch.like([value + "!" for value in batch.values]))]
"""

ENTRY_POINTS = """
[aftershock.onramps]
countdown = strangers:Countdown
[aftershock.codecs]
angle = strangers:Angle
[aftershock.operators]
shout = strangers:Shout
"""

CONFIG = """
[onramps.in]
type = "countdown"
start = 5
codec = "angle"
[pipelines.loud]
operators = [{ type = "shout" }]
[offramps.out]
type = "stdout"
codec = "angle"
[flows.main]
links = ["in -> loud -> out"]
"""


def install(directory: Path) -> dict[str, str]:
    """A distribution in a directory of its own; the environment in which it is found."""
    site = directory / "site"
    metadata = site / "strangers-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: strangers\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
    (site / "strangers.py").write_text(MODULE + OPERATOR)
    return {"PYTHONPATH": os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)}


def test_a_deployment_uses_the_onramp_the_codec_and_the_operator_of_another_distribution(
    supervisor: Callable[..., Any], write: Callable[[str, str], Path], directory: Path
) -> None:
    write("config.toml", CONFIG)
    run = supervisor("run", env=install(directory))
    assert run.wait() == 0, run.errors
    assert run.out == ["<5!>", "<4!>", "<3!>", "<2!>", "<1!>"]


def test_their_options_are_checked_and_explained_like_ours(
    supervisor: Callable[..., Any], write: Callable[[str, str], Path], directory: Path
) -> None:
    write("config.toml", CONFIG.replace("start = 5", "start = 0"))
    environment = install(directory)
    check = supervisor("check", env=environment)
    assert check.wait() == 3
    assert "config.toml:4:9: error" in check.errors + "\n".join(check.out)
    explain = supervisor("explain", "countdown", env=environment)
    assert explain.wait() == 0
    assert "Where to begin." in "\n".join(explain.out)
