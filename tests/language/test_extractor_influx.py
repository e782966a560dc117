"""``influx``: lines of InfluxDB's protocol."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.language.extractors.extractor import make_extractor
from pipelines.language.values import MISSING
from tests.language.extracting import INGEST_NS, OCCASION, extract


def point(
    measurement: str, tags: dict[str, str], fields: dict[str, object], timestamp: int = INGEST_NS
) -> object:
    return {"measurement": measurement, "tags": tags, "fields": fields, "timestamp": timestamp}


@pytest.mark.parametrize(
    ("line", "record"),
    [
        ("cpu idle=92.5 17", point("cpu", {}, {"idle": 92.5}, 17)),
        ("cpu idle=92.5", point("cpu", {}, {"idle": 92.5})),
        (
            "cpu,host=a,zone=b idle=1,busy=2",
            point("cpu", {"host": "a", "zone": "b"}, {"idle": 1.0, "busy": 2.0}),
        ),
        ("\n cpu a=1 \r\n", point("cpu", {}, {"a": 1.0})),
        ("cpu a=1  17", point("cpu", {}, {"a": 1.0}, 17)),
        ("cpu a=1i,b=-1i,c=18446744073709551615i", point("cpu", {}, {"a": 1, "b": -1, "c": 2**64 - 1})),
        ("cpu a=t,b=T,c=true,d=True,e=TRUE", point("cpu", {}, dict.fromkeys("abcde", True))),
        ("cpu a=f,b=F,c=false,d=False,e=FALSE", point("cpu", {}, dict.fromkeys("abcde", False))),
        ('cpu s="a, b=\\"c\\" \\\\ \\d"', point("cpu", {}, {"s": 'a, b="c" \\ \\d'})),
        ('cpu s=""', point("cpu", {}, {"s": ""})),
        ("c\\ p\\,u,h\\=o=a\\ b f\\ =1", point("c p,u", {"h=o": "a b"}, {"f ": 1.0})),
        ("c\\pu a=1", point("c\\pu", {}, {"a": 1.0})),
        ("größe a=1e3", point("größe", {}, {"a": 1000.0})),
        ("cpu,h= a=1", point("cpu", {"h": ""}, {"a": 1.0})),
        ("cpu a=1 18446744073709551615", point("cpu", {}, {"a": 1.0}, 2**64 - 1)),
    ],
)
def test_a_line_gives_a_point(line: str, record: object) -> None:
    found = extract("influx", "", line)
    assert found == record
    assert [type(value) for value in found["fields"].values()] == [
        type(value) for value in record["fields"].values()  # type: ignore[index]
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line",
    ["cpu", "cpu ", ",h=a b=1", "cpu,h b=1", "cpu,=a b=1", "cpu,h=a", "cpu a", "cpu a=", "cpu =1", "cpu a=1,",
     "cpu a=1,b", "cpu a=x", "cpu a=1u", "cpu a=nan", "cpu a=1e999", "cpu a=1_0", "cpu a=tRue", 'cpu a="b',
     'cpu a="b"c', 'cpu a=b"c"', "cpu a=1 x", "cpu a=1 1.5", "cpu a=1 -1", "cpu a=1 18446744073709551616",
     "cpu a=1 1 1", "cpu a=9223372036854775808i7", "cpu a=18446744073709551616i", "cpu a=-9223372036854775809i",
     "cpu a=i", "cpu a=1\nmem b=2", "cpu a=٣"],
)  # fmt: skip
def test_anything_else_does_not_match(line: str) -> None:
    assert extract("influx", "", line) is MISSING


@pytest.mark.parametrize("line", ["", "  \n", "# a comment", "  #"])
def test_an_empty_line_and_a_comment_match_only_where_no_result_is_wanted(line: str) -> None:
    extractor = make_extractor("influx", "")
    assert extractor.matches(line) is True
    assert extractor.extract(line, OCCASION) is MISSING


WORDS = st.text(st.characters(exclude_characters="\n\r"), min_size=1, max_size=8).filter(
    lambda word: "\\" not in word
)


def escape(word: str) -> str:
    for character in ",= ":
        word = word.replace(character, f"\\{character}")
    return word


@settings(deadline=None)
@given(
    WORDS, st.dictionaries(WORDS, WORDS, max_size=3), st.dictionaries(WORDS, st.text(max_size=8), min_size=1)
)
def test_a_line_that_was_escaped_is_read_again(
    measurement: str, tags: dict[str, str], fields: dict[str, str]
) -> None:
    head = ",".join(
        [f"m{escape(measurement)}", *(f"{escape(key)}={escape(value)}" for key, value in tags.items())]
    )
    texts = {key: value.replace("\\", "\\\\").replace('"', '\\"') for key, value in fields.items()}
    body = ",".join(f'{escape(key)}="{value}"' for key, value in texts.items())
    assert extract("influx", "", f"{head} {body} 5") == point(f"m{measurement}", tags, dict(fields), 5)
