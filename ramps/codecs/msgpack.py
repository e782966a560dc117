"""`Msgpack`: MessagePack, within what events can hold."""

from __future__ import annotations

from typing import Any, NoReturn

import msgpack
from pydantic import Field

import pipelines.options
from ramps.codec import Codec, codecs
from ramps.errors import DecodeError, EncodeError
from ramps.formats.codec_values import find_fault, is_plain

__all__ = ["Msgpack"]

# The largest of the three forms of a timestamp (ext type -1) is the only one that can go beyond 64 bits.
_LONG_TIMESTAMP = b"\xc7\x0c\xff"
_TIMESTAMP_AS_NS = 2


def _refuse_extension(code: int, data: bytes) -> NoReturn:
    raise DecodeError(f"an extension of type {code} ({len(data)} bytes) has no meaning here")


@codecs.register
class Msgpack(Codec):
    """One MessagePack object a frame (https://github.com/msgpack/msgpack/blob/master/spec.md).

    ``bin`` is ``bytes``, a timestamp is an ``int`` in nanoseconds since 1970 (and is written as an integer), other
    extensions are refused, as are keys that are not text. NaN and infinities are carried. No length in a header is
    believed beyond the length of the frame.
    """

    name = "msgpack"
    summary = "One MessagePack object per frame."
    example = 'codec = "msgpack"'
    content_types = ("application/msgpack", "application/x-msgpack", "application/vnd.msgpack")

    class Options(pipelines.options.Options):
        """Options of `Msgpack`."""

        max_depth: int = Field(
            128, ge=1, le=500, description="levels of nesting beyond which a value is refused"
        )

    options: Options

    def decode(self, frame: bytes) -> Any:
        """The object in the frame. Raises `DecodeError`, also for bytes behind the object."""
        try:
            # The lengths of strings, arrays and maps are limited to the frame's own by the library.
            value = msgpack.unpackb(
                frame, raw=False, strict_map_key=True, timestamp=_TIMESTAMP_AS_NS, ext_hook=_refuse_extension
            )
        except msgpack.ExtraData as error:
            raise DecodeError(f"not one MessagePack object: {len(error.extra)} bytes follow it") from None
        except msgpack.StackError:
            raise DecodeError(f"the object is nested deeper than {self.options.max_depth} levels") from None
        except (ValueError, OverflowError) as error:
            reason = str(error) or type(error).__name__
            raise DecodeError(f"not MessagePack ({len(frame)} bytes): {reason}") from None
        max_depth = self.options.max_depth
        if _LONG_TIMESTAMP in frame or not is_plain([value], max_depth, with_bytes=True):
            fault = find_fault(value, max_depth, with_bytes=True, with_nan=True)
            if fault is not None:
                raise DecodeError(f"the object is no event: {fault}")
        return value

    def encode(self, value: Any) -> bytes:
        """The object's bytes. Raises `EncodeError`."""
        max_depth = self.options.max_depth
        if not is_plain([value], max_depth, with_bytes=True):
            self._refuse_fault(value)
        try:
            return bytes(msgpack.packb(value))
        except (TypeError, ValueError, OverflowError) as error:
            self._refuse_fault(value)
            raise EncodeError(f"not MessagePack: {error}") from None

    def _refuse_fault(self, value: Any) -> None:
        fault = find_fault(value, self.options.max_depth, with_bytes=True, with_nan=True)
        if fault is not None:
            raise EncodeError(f"not MessagePack: {fault}")
