"""Use an extractor as a pattern of a script does, and check on the way that its two methods agree."""

from dataclasses import dataclass
from typing import Any

import pytest

from pipelines.language.extractors.extractor import BadExtractor, make_extractor
from pipelines.language.values import MISSING

INGEST_NS = 1_700_000_000_123_456_789


@dataclass
class Occasion:
    ingest_ns: int = INGEST_NS
    origin: str = ""


OCCASION = Occasion()


def extract(name: str, text: str, string: str) -> Any:
    extractor = make_extractor(name, text)
    value = extractor.extract(string, OCCASION)
    assert extractor.matches(string) is (value is not MISSING)
    return value


def refusal(name: str, text: str) -> str:
    with pytest.raises(BadExtractor) as raised:
        make_extractor(name, text)
    return str(raised.value)
