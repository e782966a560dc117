"""Durations and sizes as users write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.options import format_duration, format_size, parse_address, parse_duration, parse_size

pytestmark = pytest.mark.timeout(20)


@pytest.mark.parametrize(
    ("text", "seconds"), [("250ms", 0.25), ("1h30m", 5400.0), (" 5 s ", 5.0), ("2d", 172_800.0), ("0s", 0.0)]
)
def test_a_duration_is_read_by_its_units(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["9" * 400 + "d", "9" * 300 + "s", "101d" * 400])
def test_a_duration_that_would_overflow_a_timer_is_refused(text):
    with pytest.raises(ValueError, match="longer than a hundred years; write a shorter duration") as refused:
        parse_duration(text)

    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("text", ["9" * 400 + "MB", "9999999999GiB"])
def test_a_size_that_no_machine_has_is_refused(text):
    with pytest.raises(ValueError, match="more than any machine holds; write a smaller size"):
        parse_size(text)


@pytest.mark.parametrize("port", ["65536", "99999", "9" * 5000])
def test_a_port_that_there_is_not_is_refused_as_such(port):
    with pytest.raises(ValueError, match="has no port that there is; write one from 0 to 65535"):
        parse_address(f"127.0.0.1:{port}")


@pytest.mark.parametrize(("port", "number"), [("0", 0), ("65535", 65535), ("0" * 5000 + "80", 80)])
def test_every_port_that_there_is_is_read(port, number):
    assert parse_address(f"[::1]:{port}") == ("::1", number)


@pytest.mark.parametrize("parse", [parse_duration, parse_size, parse_address])
@pytest.mark.parametrize(("value", "shown"), [(True, "true"), (["x"], r'\["x"\]'), (5, "5")])
def test_a_refused_value_is_shown_as_the_file_has_it(parse, value, shown):
    with pytest.raises(ValueError, match=f"^{shown} is not an? "):
        parse(value)


@given(st.text() | st.from_regex(r"[0-9.]{1,20}[a-zA-Zµ]{1,3}"))
def test_any_text_is_a_quantity_or_a_refusal_with_its_remedy(text):
    for parse in (parse_duration, parse_size):
        try:
            quantity = parse(text)
        except ValueError as refused:
            remedy = str(refused).partition("; ")[2]
        else:
            remedy = "write a" if quantity >= 0 else "negative"
        assert remedy.startswith("write a")


@given(st.integers(0, 10**12))
def test_what_is_written_out_reads_back_as_the_same(number):
    assert parse_size(format_size(number)) == number
    assert parse_duration(format_duration(number / 1000)) == pytest.approx(number / 1000, rel=1e-11)
