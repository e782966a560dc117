"""`Json`: RFC 8259, by ujson or orjson, under one contract."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

import pipelines.options
from ramps.codec import SKIP, Codec, codecs
from ramps.errors import BadData, DecodeError
from ramps.formats.json_engines import choose_engine
from ramps.formats.json_text import parse_exactly

__all__ = ["Json"]

# Texts that are proved harmless together. A larger group would be doubted too often, because the brackets of all
# its texts count together; a smaller one pays the proof's fixed cost too often.
_GROUP = 8


@codecs.register
class Json(Codec):
    """One JSON text a frame, by RFC 8259; compact UTF-8 on the way out.

    Whatever the engine: integers from -2**63 to 2**64 - 1, and none beyond; no NaN, no Infinity, no float that
    overflows; UTF-8 without lone surrogates, escaped or not; of duplicate keys the last wins; nothing but white
    space behind the value. Keys are ``str``, tuples are written as arrays, subclasses of ``str``, ``int``, ``list``
    and ``dict`` as what they extend, and ``bytes`` are refused. (orjson also writes ``Enum`` and ``UUID``, which are
    not values of events.)
    """

    name = "json"
    summary = "One JSON value per frame (RFC 8259)."
    example = 'codec = { name = "json", engine = "auto" }'
    content_types = ("application/json",)
    raw_passthrough = True

    class Options(pipelines.options.Options):
        """Options of `Json`."""

        engine: Literal["auto", "ujson", "orjson"] = Field(
            "auto",
            description="the library that does the work; auto: orjson where it is installed, else ujson",
        )
        max_depth: int = Field(
            128, ge=1, le=250, description="levels of nesting beyond which a value is refused"
        )

    options: Options

    def __init__(self, options: Options | None = None) -> None:
        super().__init__(options)
        self.engine = choose_engine(self.options.engine)
        self._max_depth = self.options.max_depth

    def decode(self, frame: bytes) -> Any:
        """The value of one JSON text. Raises `DecodeError`."""
        try:
            value = self.engine.loads(frame)
        except ValueError:
            # The slow way words the error, and reads subclasses of bytes, which orjson does not.
            return parse_exactly(frame, self._max_depth)
        return (
            value
            if self.engine.reads_exactly(frame, self._max_depth)
            else parse_exactly(frame, self._max_depth)
        )

    def encode(self, value: Any) -> bytes:
        """Compact JSON. Raises `EncodeError`."""
        return self.engine.dumps_many([value], self._max_depth)[0]

    def decode_many(self, frames: list[bytes]) -> tuple[list[Any], list[tuple[int, BadData]]]:
        """One value a frame, and the errors; doubts are settled for a group of frames at once."""
        try:
            values = list(map(self.engine.loads, frames))
        except ValueError:
            return super().decode_many(frames)
        reads_exactly, max_depth = self.engine.reads_exactly, self._max_depth
        errors: list[tuple[int, BadData]] = []
        for start in range(0, len(frames), _GROUP):
            group = frames[start : start + _GROUP]
            if reads_exactly(b",".join(group), max_depth):
                continue
            for index, frame in enumerate(group, start):
                if not reads_exactly(frame, max_depth):
                    try:
                        values[index] = parse_exactly(frame, max_depth)
                    except DecodeError as error:
                        values[index] = SKIP
                        errors.append((index, error))
        return values, errors

    def encode_many(self, values: list[Any]) -> tuple[list[bytes | None], list[tuple[int, BadData]]]:
        """One text a value, and the errors."""
        try:
            texts: list[bytes | None] = []
            for start in range(0, len(values), _GROUP):
                texts.extend(self.engine.dumps_many(values[start : start + _GROUP], self._max_depth))
        except BadData:
            return super().encode_many(values)
        return texts, []
