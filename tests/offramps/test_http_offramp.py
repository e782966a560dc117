from __future__ import annotations

import gc
import time
from email.utils import formatdate
from typing import Any

import gevent
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.batch import Batch
from ramps.errors import CannotOpen, ConnectionLost, Rejected
from ramps.offramp import Outgoing
from ramps.offramps.http import HttpOfframp
from ramps.testing.offramp_battery import outgoing_of


@pytest.fixture
def make(request: pytest.FixtureRequest) -> Any:
    """An open offramp with these options, closed after the test."""

    def make(url: str, **options: Any) -> HttpOfframp:
        offramp = HttpOfframp(HttpOfframp.Options.model_validate({"url": url, "timeout": "5s", **options}))
        request.addfinalizer(offramp.close)
        offramp.open()
        return offramp

    return make


def test_a_batch_as_lines_is_one_request_with_a_line_per_event(make: Any, http_receiver: Any) -> None:
    make(http_receiver.url, batch="lines").write(outgoing_of(b"1", b"2"))
    (environ, body) = http_receiver.requests[0]
    assert body == b"1\n2\n"
    assert environ["CONTENT_TYPE"] == "application/x-ndjson"
    assert environ["QUERY_STRING"] == "key=1"
    assert environ["HTTP_HOST"] == str(http_receiver.address)


def test_lines_that_a_postprocessor_has_ended_are_not_ended_twice(make: Any, http_receiver: Any) -> None:
    make(http_receiver.url, batch="lines").write(outgoing_of(b"1", b"2", terminator=b"\n"))
    assert http_receiver.bodies == [b"1\n2\n"]


def test_a_batch_as_an_array_is_one_request_with_a_json_array(make: Any, http_receiver: Any) -> None:
    make(http_receiver.url, batch="array").write(outgoing_of(b"1", b'{"a":2}'))
    assert http_receiver.bodies == [b'[1,{"a":2}]']
    assert http_receiver.requests[0][0]["CONTENT_TYPE"] == "application/json"


def test_connections_are_kept_and_used_again(make: Any, http_receiver: Any) -> None:
    offramp = make(http_receiver.url, max_in_flight=1)
    offramp.write(outgoing_of(*[b"x"] * 20))
    assert len(http_receiver.requests) == 20
    assert http_receiver.connections == 1


def test_a_server_that_ended_an_idle_connection_is_no_failure(make: Any, http_receiver: Any) -> None:
    offramp = make(http_receiver.url)
    http_receiver.stop()
    http_receiver.start()
    offramp.write(outgoing_of(b"1"))
    assert http_receiver.bodies == [b"1"]


def test_as_many_requests_run_at_a_time_as_the_options_allow(make: Any, http_receiver: Any) -> None:
    offramp = make(http_receiver.url, max_in_flight=3)
    http_receiver.gate.clear()
    writer = gevent.spawn(offramp.write, outgoing_of(*[b"%d" % number for number in range(10)]))
    with gevent.Timeout(5.0):
        while http_receiver.most_at_once < 3:
            http_receiver._changed.clear()
            http_receiver._changed.wait()
    http_receiver.gate.set()
    writer.get(timeout=5.0)
    assert http_receiver.most_at_once == 3
    assert sorted(http_receiver.bodies) == [b"%d" % number for number in range(10)]


@pytest.mark.parametrize("mode", ["lines", "array"])
def test_a_batch_can_be_several_requests_of_so_many_events(make: Any, http_receiver: Any, mode: str) -> None:
    make(http_receiver.url, batch=mode, events_per_request=2).write(
        outgoing_of(*[b"%d" % n for n in range(5)])
    )
    lines, arrays = [b"0\n1\n", b"2\n3\n", b"4\n"], [b"[0,1]", b"[2,3]", b"[4]"]
    assert http_receiver.bodies == (lines if mode == "lines" else arrays)


def test_of_several_requests_only_those_that_failed_are_sent_again_and_refusals_are_exact(
    make: Any, http_receiver: Any
) -> None:
    offramp = make(http_receiver.url, batch="lines", events_per_request=2)
    batch = outgoing_of(*[b"%d" % number for number in range(6)])
    http_receiver.answers = [("400 Bad", {}), ("503 Later", {})]
    with pytest.raises(ConnectionLost):
        offramp.write(batch)
    assert (batch.pending, sorted(batch.refusals), batch.taken) == ([2, 3, 4, 5], [0, 1], set())
    with pytest.raises(Rejected) as caught:
        offramp.write(batch)
    assert caught.value.indices == [0, 1]
    assert http_receiver.bodies == [b"0\n1\n", b"2\n3\n", b"2\n3\n", b"4\n5\n"]


def test_an_answer_that_says_later_keeps_all_others_from_being_begun(make: Any, http_receiver: Any) -> None:
    offramp = make(http_receiver.url, max_in_flight=2)
    http_receiver.answers = [("429 Slow down", {"Retry-After": "7"})] * 2
    with pytest.raises(ConnectionLost) as caught:
        offramp.write(outgoing_of(*[b"x"] * 10))
    assert caught.value.retry_after_seconds == 7
    assert len(http_receiver.requests) == 2


def test_by_itself_it_finds_out_how_many_requests_to_send_at_a_time(make: Any, http_receiver: Any) -> None:
    offramp = make(http_receiver.url, max_in_flight="auto", max_in_flight_limit=4)
    offramp.write(outgoing_of(*[b"%d" % number for number in range(64)]))
    http_receiver.gate.clear()
    writer = gevent.spawn(offramp.write, outgoing_of(*[b"%d" % number for number in range(64)]))
    with gevent.Timeout(5.0):
        while http_receiver.most_at_once < 2:
            http_receiver._changed.clear()
            http_receiver._changed.wait()
    http_receiver.gate.set()
    writer.get(timeout=5.0)
    assert len(http_receiver.requests) == 128
    assert http_receiver.most_at_once <= 4


def test_a_killed_write_leaves_no_request_running(make: Any, http_receiver: Any) -> None:
    offramp = make(http_receiver.url, max_in_flight=3)
    http_receiver.gate.clear()
    writer = gevent.spawn(offramp.write, outgoing_of(b"1", b"2", b"3"))
    with gevent.Timeout(5.0):
        while http_receiver.most_at_once < 3:
            http_receiver._changed.clear()
            http_receiver._changed.wait()
    writer.kill(timeout=5.0)
    assert writer.dead
    workers = [g for g in gc.get_objects() if type(g) is gevent.Greenlet and "work" in repr(g)]
    assert all(worker.dead for worker in workers)


@pytest.mark.parametrize("status", ["500 Oops", "503 Later", "429 Slow down", "408 Timeout", "425 Too early"])
def test_answers_that_say_later_lose_the_connection(make: Any, http_receiver: Any, status: str) -> None:
    http_receiver.answers = [(status, {})]
    with pytest.raises(ConnectionLost, match=status[:3]):
        make(http_receiver.url, batch="lines").write(outgoing_of(b"1"))


@pytest.mark.parametrize("status", ["400 Bad", "401 Who", "404 Where", "413 Too much"])
def test_other_client_errors_refuse_the_event_for_good(make: Any, http_receiver: Any, status: str) -> None:
    http_receiver.answer_for = {b"bad": status}
    with pytest.raises(Rejected, match=status[:3]) as caught:
        make(http_receiver.url).write(outgoing_of(b"1", b"bad", b"3"))
    assert caught.value.indices == [1]
    assert sorted(http_receiver.bodies) == [b"1", b"3", b"bad"]


def test_a_refused_request_for_a_whole_batch_refuses_all_its_events(make: Any, http_receiver: Any) -> None:
    http_receiver.answers = [("400 Bad", {})]
    with pytest.raises(Rejected) as caught:
        make(http_receiver.url, batch="array").write(outgoing_of(b"1", b"2"))
    assert caught.value.indices == [0, 1]


def test_what_the_server_says_is_shown_without_control_characters(make: Any, http_receiver: Any) -> None:
    http_receiver.answers = [("400 Bad", {})]
    with pytest.raises(Rejected, match=r"/events: 400 the answer$"):
        make(http_receiver.url, batch="array").write(outgoing_of(b"1"))


def test_a_redirect_is_refused_and_not_followed(make: Any, http_receiver: Any) -> None:
    http_receiver.answers = [("307 Elsewhere", {"Location": http_receiver.url + "&elsewhere"})]
    with pytest.raises(Rejected, match="redirects are not followed"):
        make(http_receiver.url, batch="lines").write(outgoing_of(b"1"))
    assert len(http_receiver.requests) == 1


@pytest.mark.parametrize(
    ("text", "seconds"), [("7", 7.0), ("0", 0.0), ("86400", 300.0), ("-1", None), ("soon", None), ("", None)]
)
def test_retry_after_is_handed_on_within_its_limit(
    make: Any, http_receiver: Any, text: str, seconds: float | None
) -> None:
    http_receiver.answers = [("503 Later", {"Retry-After": text})]
    with pytest.raises(ConnectionLost) as caught:
        make(http_receiver.url, batch="lines").write(outgoing_of(b"1"))
    assert caught.value.retry_after_seconds == seconds


def test_retry_after_may_be_a_date(make: Any, http_receiver: Any) -> None:
    http_receiver.answers = [("503 Later", {"Retry-After": formatdate(time.time() + 60, usegmt=True)})]
    with pytest.raises(ConnectionLost) as caught:
        make(http_receiver.url, batch="lines").write(outgoing_of(b"1"))
    assert caught.value.retry_after_seconds == pytest.approx(60, abs=3)


def test_events_that_the_server_took_are_not_sent_again_when_the_batch_is_retried(
    make: Any, http_receiver: Any
) -> None:
    offramp = make(http_receiver.url, max_in_flight=1)
    batch = outgoing_of(b"1", b"2", b"3")
    http_receiver.answers = [("200 OK", {}), ("503 Later", {})]
    with pytest.raises(ConnectionLost):
        offramp.write(batch)
    offramp.close()
    offramp.open()
    offramp.write(batch)
    assert http_receiver.bodies == [b"1", b"2", b"2", b"3"]


def test_a_refusal_before_a_failure_is_told_after_the_retry(make: Any, http_receiver: Any) -> None:
    offramp = make(http_receiver.url, max_in_flight=1)
    batch = outgoing_of(b"1", b"2")
    http_receiver.answers = [("400 Bad", {}), ("503 Later", {})]
    with pytest.raises(ConnectionLost):
        offramp.write(batch)
    with pytest.raises(Rejected) as caught:
        offramp.write(batch)
    assert caught.value.indices == [0]
    assert http_receiver.bodies == [b"1", b"2", b"2"]


def test_the_next_batch_is_sent_from_its_first_event(make: Any, http_receiver: Any) -> None:
    offramp = make(http_receiver.url, max_in_flight=1)
    http_receiver.answers = [("200 OK", {}), ("503 Later", {})]
    with pytest.raises(ConnectionLost):
        offramp.write(outgoing_of(b"1", b"2"))
    offramp.write(outgoing_of(b"3", b"4"))
    assert http_receiver.bodies == [b"1", b"2", b"3", b"4"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["200 OK", "503 Later", "400 Bad"]), max_size=12), st.integers(0, 5))
def test_whatever_the_server_answers_each_event_is_taken_or_refused_exactly_once(
    make: Any, http_receiver: Any, statuses: list[str], count: int
) -> None:
    http_receiver.requests.clear()
    http_receiver.answers = [(status, {}) for status in statuses]
    offramp = make(http_receiver.url, max_in_flight=1)
    batch = outgoing_of(*[b"%d" % number for number in range(count)])
    answers = iter([*statuses, *["200 OK"] * (count + 1)])
    refused: list[int] | None = []
    for _ in range(len(statuses) + 1):
        try:
            offramp.write(batch)
        except ConnectionLost:
            continue
        except Rejected as error:
            refused = error.indices
        break
    offramp.close()
    ends = {
        body: status for body, status in zip(http_receiver.bodies, answers, strict=False) if status[0] != "5"
    }
    assert sorted(ends) == [b"%d" % number for number in range(count)]
    assert refused == [number for number in range(count) if ends[b"%d" % number] == "400 Bad"]


def test_the_token_and_secret_headers_are_sent_but_never_shown(
    make: Any, http_receiver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_TOKEN", "s3cret")
    offramp = make(
        http_receiver.url,
        batch="lines",
        token={"env": "TEST_TOKEN"},
        headers={"X-Key": {"env": "TEST_TOKEN"}},
    )
    offramp.write(outgoing_of(b"1"))
    environ = http_receiver.requests[0][0]
    assert environ["HTTP_AUTHORIZATION"] == "Bearer s3cret"
    assert environ["HTTP_X_KEY"] == "s3cret"
    assert "s3cret" not in repr(offramp.options)


def test_a_secret_that_is_not_there_cannot_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_TOKEN", raising=False)
    options = {"url": "http://127.0.0.1:1/", "token": {"env": "TEST_TOKEN"}}
    with pytest.raises(CannotOpen, match="TEST_TOKEN is not set"):
        HttpOfframp(HttpOfframp.Options.model_validate(options)).check()


def test_a_secret_that_would_split_the_request_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TEST_TOKEN", "s3cret\r\nX-Evil: 1")
    options = {"url": "http://127.0.0.1:1/", "headers": {"X-Key": {"env": "TEST_TOKEN"}}}
    with pytest.raises(CannotOpen, match="X-Key") as caught:
        HttpOfframp(HttpOfframp.Options.model_validate(options)).check()
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "a b", "", "x:y"])
def test_headers_that_would_change_the_framing_are_refused(name: str) -> None:
    with pytest.raises(CannotOpen, match="cannot be set"):
        HttpOfframp(HttpOfframp.Options(url="http://127.0.0.1:1/", headers={name: "1"})).check()


def test_a_configured_content_type_replaces_the_default(make: Any, http_receiver: Any) -> None:
    make(http_receiver.url, headers={"content-type": "text/plain"}).write(outgoing_of(b"1"))
    assert http_receiver.requests[0][0]["CONTENT_TYPE"] == "text/plain"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x/",
        "http://",
        "x",
        "http://u:p@x/",
        "http://x/a b",
        "http://x:0/",
        "http://x:99999/",
        "http://x/\n",
    ],
)
def test_a_url_that_cannot_be_sent_to_is_refused_by_the_options(url: str) -> None:
    with pytest.raises(ValidationError):
        HttpOfframp.Options(url=url)


def test_tls_without_https_is_refused() -> None:
    with pytest.raises(CannotOpen, match="https"):
        HttpOfframp(HttpOfframp.Options.model_validate({"url": "http://x/", "tls": {}})).check()


def test_https_trusts_the_configured_authority(make: Any, https_receiver: Any, certificates: Any) -> None:
    make(https_receiver.url, tls={"ca": certificates.cert}).write(outgoing_of(b"1", b"2"))
    assert sorted(https_receiver.bodies) == [b"1", b"2"]


def test_https_with_an_unknown_authority_says_what_to_configure(make: Any, https_receiver: Any) -> None:
    with pytest.raises(ConnectionLost, match=r"not trusted.*tls\.ca"):
        make(https_receiver.url)


def test_a_server_that_never_answers_loses_the_connection_in_time(make: Any, http_receiver: Any) -> None:
    offramp = make(http_receiver.url, batch="lines", timeout="50ms")
    http_receiver.gate.clear()
    with pytest.raises(ConnectionLost, match=r"no answer within 0\.05 s"):
        offramp.write(outgoing_of(b"1"))


def test_interim_answers_are_not_taken_for_the_answer(make: Any, canned_server: Any) -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"
    answer = interim + b"HTTP/1.1 204 No Content\r\n\r\n"
    make(canned_server(answer), batch="lines").write(outgoing_of(b"1"))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 100 + b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 999999 x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x" * 70000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_an_answer_that_is_not_http_loses_the_connection(
    make: Any, canned_server: Any, answer: bytes
) -> None:
    with pytest.raises(ConnectionLost):
        make(canned_server(answer), batch="lines").write(outgoing_of(b"1"))


@pytest.mark.parametrize(
    "head",
    [b"", b"Content-Length: 10000000\r\n", b"Transfer-Encoding: chunked\r\n", b"Content-Length: -5\r\n"],
)
def test_no_more_of_an_answer_is_read_than_the_limit(make: Any, canned_server: Any, head: bytes) -> None:
    body = b"-1\r\n" if b"chunked" in head else b""
    answer = b"HTTP/1.1 400 Bad\r\n" + head + b"\r\n" + body + b"x" * 1_000_000
    with pytest.raises(Rejected) as caught:
        make(canned_server(answer), batch="lines", max_response="1KiB").write(outgoing_of(b"1"))
    assert len(str(caught.value)) < 400


def test_packets_of_one_event_are_one_body(make: Any, http_receiver: Any) -> None:
    make(http_receiver.url).write(Outgoing([[b"a", b"b"]], Batch([0], ingest_ns=0)))
    assert http_receiver.bodies == [b"ab"]


def test_a_write_that_returned_is_the_confirmation() -> None:
    assert HttpOfframp.confirms == "write"
