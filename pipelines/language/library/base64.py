"""``base64``: binaries as text, by the standard alphabet of RFC 4648, section 4."""

from __future__ import annotations

from base64 import b64decode, b64encode

from pipelines.language.faults import Fault
from pipelines.language.library.bounds import bound_string
from pipelines.language.library.function import function
from pipelines.language.limits import Limits


@function(
    "base64::encode(binary: binary) -> string",
    folds=True,
    takes_limits=True,
    dialect="0.11",
    example=('base64::encode(<< "snot"/binary >>)', '"c25vdA=="'),
)
def encode(limits: Limits, binary: bytes) -> str:
    """The base64 text of a binary."""
    return bound_string(b64encode(binary).decode("ascii"), limits)


@function(
    "base64::decode(text: string) -> binary",
    folds=True,
    dialect="0.11",
    example=('string::from_utf8_lossy(base64::decode("c25vdA=="))', '"snot"'),
)
def decode(text: str) -> bytes:
    """The binary that a base64 text stands for. Its padding must be there."""
    try:
        binary = b64decode(text, validate=True)
    except ValueError:
        raise Fault("the text is not base64") from None
    # The decoder of Python drops what it finds behind the last whole byte.
    if b64encode(binary).decode("ascii") != text:
        raise Fault("the text is not base64: there are bits behind its last byte")
    return binary
