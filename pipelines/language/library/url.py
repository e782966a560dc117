"""``url``: percent encoding, by RFC 3986, section 2.1."""

from __future__ import annotations

from urllib.parse import quote_from_bytes, unquote_to_bytes

from pipelines.language.faults import Fault
from pipelines.language.library.bounds import bound_string
from pipelines.language.library.function import function
from pipelines.language.limits import Limits

_UNRESERVED = str.maketrans({mark: f"%{ord(mark):02X}" for mark in "-._~"})


@function(
    "url::encode(text: string) -> string",
    takes_limits=True,
    example=('url::encode("a b/ü")', '"a%20b%2F%C3%BC"'),
)
def encode(limits: Limits, text: str) -> str:
    """The text with everything but ASCII letters and digits as `%` and two hexadecimal digits for each byte."""
    quoted = quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="")
    return bound_string(quoted.translate(_UNRESERVED), limits)


@function("url::decode(text: string) -> string", example=('url::decode("a%20b%2F%C3%BC")', '"a b/ü"'))
def decode(text: str) -> str:
    """The text with all that is percent encoded as it was; a `%` without two hexadecimal digits stays."""
    try:
        return unquote_to_bytes(text.encode("utf-8", "surrogatepass")).decode()
    except UnicodeDecodeError as error:
        raise Fault(f"the decoded text is not UTF-8 from byte {error.start} on") from None
