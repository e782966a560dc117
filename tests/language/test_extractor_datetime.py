"""``datetime``: what formats mean is tested with them; here is what the extractor makes of it."""

import pytest

from pipelines.language.values import MISSING
from tests.language.extracting import extract, refusal


@pytest.mark.parametrize(
    ("text", "string", "ns"),
    [
        ("%Y-%m-%d %H:%M", "1970-01-02 00:00", 86_400_000_000_000),
        ("%d.%m.%Y %T%.f", "02.01.1970 00:00:00.000000001", 86_400_000_000_001),
        ("%+", "1970-01-01T01:00:00+02:00", 2**64 - 3_600_000_000_000),
        ("%Y-%m-%d", "1970-01-02", MISSING),
        ("%F %R %z", "1970-01-02 00:00", MISSING),
        ("%F %R", "today", MISSING),
        ("%F %R", "1970-01-02 00:00 ", MISSING),
    ],
)
def test_a_time_in_the_format_gives_nanoseconds_since_1970(text: str, string: str, ns: object) -> None:
    assert extract("datetime", text, string) == ns


def test_a_bad_format_is_refused() -> None:
    assert "`%Q` at character 4" in refusal("datetime", "%F %Q")
