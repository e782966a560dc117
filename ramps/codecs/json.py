"""`Json`: RFC 8259, by ujson or orjson, under one contract."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

import pipelines.options
from ramps.codec import SKIP, Codec, codecs
from ramps.errors import BadData, DecodeError
from ramps.formats.json_engines import MAX_DEPTH, choose_engine, load_lines
from ramps.formats.json_text import parse_exactly
from ramps.joined_payloads import JoinedPayloads

__all__ = ["Json"]

_STRICT_DEPTH = 128

# Texts that are proved harmless together. A larger group would be doubted too often, because the brackets of all
# its texts count together; a smaller one pays the proof's fixed cost too often.
_GROUP = 8


@codecs.register
class Json(Codec):
    """One JSON text a frame, by RFC 8259; compact UTF-8 on the way out.

    With strict = true both engines do the same: integers from -2**63 to 2**64 - 1, and none beyond; no NaN, no
    Infinity, no float that overflows; at most 128 levels; no control characters in texts; keys are ``str``. Without it
    the engine does what it does by itself, which is up to twice as fast:

    * orjson reads integers beyond 64 bits as floating-point numbers, and writes NaN and Infinity as null;
    * ujson reads and writes integers of any length, and also reads NaN, Infinity, numbers such as 01, 1. or a bare
      minus (as 0), and control characters in texts; it refuses to write NaN; it makes text of keys that are none, and
      writes ``Decimal`` and what an object's own ``__json__`` or ``toDict`` says.

    An event that nobody changes goes out with the bytes that it came with, unless the codec on the way out is strict.

    Always: UTF-8 without lone surrogates, escaped or not; of duplicate keys the last wins; nothing but white space
    behind the value; tuples are written as arrays, subclasses of ``str``, ``int``, ``list`` and ``dict`` as what they
    extend; ``bytes`` are refused. (orjson also writes ``Enum`` and ``UUID``, which are not values of events.)
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
            description="the library that does the work; auto: what `[supervisor] json` says, else orjson where it is "
            "installed, else ujson",
        )
        strict: bool = Field(
            False,
            description="refuse all that RFC 8259 does not allow, integers beyond 64 bits, and deep nesting, also "
            "where the engine does not mind",
        )
        max_depth: int | None = Field(
            None,
            ge=1,
            le=MAX_DEPTH,
            description="levels of nesting beyond which a value is refused; to give it means strict as well, whose own "
            "limit is 128; without either 250 levels go both ways, and reading ends at 1024",
        )

    options: Options

    def __init__(self, options: Options | None = None) -> None:
        super().__init__(options)
        self.engine = choose_engine(self.options.engine)
        self._strict = self.options.strict or self.options.max_depth is not None
        # What another codec has read, laxly perhaps, must be looked at.
        self.raw_passthrough = not self._strict
        self._max_depth = (self.options.max_depth or _STRICT_DEPTH) if self._strict else MAX_DEPTH

    def decode(self, frame: bytes) -> Any:
        """The value of one JSON text. Raises `DecodeError`."""
        try:
            value = self.engine.loads(frame)
        except ValueError:
            # The slow way words the error, and reads subclasses of bytes, which orjson does not.
            return parse_exactly(frame, self._max_depth)
        return value if self._is_harmless(frame) else parse_exactly(frame, self._max_depth)

    def encode(self, value: Any) -> bytes:
        """Compact JSON. Raises `EncodeError`."""
        return self.engine.dumps_many([value], self._max_depth, strict=self._strict)[0]

    def decode_many(self, frames: list[bytes]) -> tuple[list[Any], list[tuple[int, BadData]]]:
        """One value a frame, and the errors; doubts are settled for a group of frames at once."""
        try:
            values = list(map(self.engine.loads, frames))
        except ValueError:
            return super().decode_many(frames)
        errors: list[tuple[int, BadData]] = []
        for start in range(0, len(frames), _GROUP):
            group = frames[start : start + _GROUP]
            if self._is_harmless(b",".join(group)):
                continue
            for index, frame in enumerate(group, start):
                if not self._is_harmless(frame):
                    try:
                        values[index] = parse_exactly(frame, self._max_depth)
                    except DecodeError as error:
                        values[index] = SKIP
                        errors.append((index, error))
        return values, errors

    def decode_lines(self, text: bytes) -> list[Any] | None:
        """All lines by one call of the engine, as one array; ``None`` if anything about it is unusual."""
        if self._strict:
            return None
        values = load_lines(self.engine, text)
        return values if values is not None and self._is_harmless(text) else None

    def encode_joined(self, values: list[Any]) -> JoinedPayloads | None:
        """All texts by one call of the engine."""
        return None if self._strict or not values else self.engine.dumps_joined(values)

    def encode_many(self, values: list[Any]) -> tuple[list[bytes | None], list[tuple[int, BadData]]]:
        """One text a value, and the errors."""
        group = _GROUP if self._strict else len(values)
        try:
            texts: list[bytes | None] = []
            for start in range(0, len(values), group or 1):
                texts += self.engine.dumps_many(
                    values[start : start + group], self._max_depth, strict=self._strict
                )
        except BadData:
            return super().encode_many(values)
        return texts, []

    def _is_harmless(self, text: bytes) -> bool:
        if self._strict:
            return self.engine.reads_exactly(text, self._max_depth)
        return self.engine.reads_text(text)
