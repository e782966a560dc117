"""Onramps in front of the intake that the engine uses: framing, codec and answers together."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actors.clock import HubClock
from pipelines.batch import Batch
from ramps.codec import codecs
from ramps.errors import IntakeFull
from ramps.intake import StreamIntake
from ramps.onramp import Onramp
from ramps.onramps.file import FileOnramp
from ramps.onramps.http import HttpOnramp
from ramps.preprocessor import preprocessors
from ramps.testing.onramp_runner import OnrampRunner


class Downstream:
    """Collects what the intake sends; can be full."""

    def __init__(self) -> None:
        self.events: dict[str, list[Any]] = {"out": [], "err": []}
        self.metas: list[Any] = []
        self.full = False

    def send(self, port: str, batch: Batch, timeout: float | None) -> None:
        if self.full and timeout is not None:
            raise IntakeFull("full")
        self.events[port] += batch.values
        self.metas += batch.metas or []

    def intake_of(self, onramp: Onramp) -> StreamIntake:
        return StreamIntake(
            f"onramp:{onramp.name}",
            make_codec=codecs.get(onramp.default_codec),
            make_preprocessors=[preprocessors.get(name) for name in onramp.default_preprocessors],
            send=self.send,
            clock=HubClock(),
        )


@pytest.fixture
def downstream() -> Downstream:
    return Downstream()


@pytest.fixture
def post(downstream: Downstream, dial: Any, make_client: Any) -> Any:
    onramp = HttpOnramp(HttpOnramp.Options(address="127.0.0.1:0", metadata=True))
    with OnrampRunner(onramp, downstream.intake_of(onramp)):
        client = make_client(dial(onramp.address))
        yield client.post
        client.close()


def test_curl_with_a_document_adds_one_event(post: Callable[..., Any], downstream: Downstream) -> None:
    assert post(b'{"a":1}', "Content-Type: application/x-www-form-urlencoded").document == {"accepted": 1}
    assert downstream.events == {"out": [{"a": 1}], "err": []}
    assert downstream.metas[0]["request"]["method"] == "POST"


def test_a_document_may_span_lines(post: Callable[..., Any], downstream: Downstream) -> None:
    document = {"a": [1, 2], "b": {"c": None}}
    body = json.dumps(document, indent=4).encode()
    assert post(body, "Content-Type: application/json").status == 202
    assert downstream.events["out"] == [document]


def test_lines_of_json_are_an_event_each(post: Callable[..., Any], downstream: Downstream) -> None:
    response = post(b'{"a":1}\n\n{"a":2}\n{"a":3}', "Content-Type: application/x-ndjson")
    assert response.document == {"accepted": 3}
    assert downstream.events["out"] == [{"a": 1}, {"a": 2}, {"a": 3}]


def test_a_bad_line_is_told_and_the_good_ones_are_kept(
    post: Callable[..., Any], downstream: Downstream
) -> None:
    response = post(b'{"a":1}\n{"a":\n{"a":3}', "Content-Type: application/x-ndjson")
    assert response.status == 400
    assert (response.document["accepted"], response.document["rejected"]) == (2, 1)
    assert len(response.document["errors"]) == 1
    assert downstream.events["out"] == [{"a": 1}, {"a": 3}]
    assert len(downstream.events["err"]) == 1


def test_a_body_that_was_refused_for_want_of_room_can_be_sent_again(
    post: Callable[..., Any], downstream: Downstream
) -> None:
    downstream.full = True
    assert post(b"[1]").status == 503
    downstream.full = False
    assert post(b"[1]").status == 202
    assert downstream.events["out"] == [[1]]


def test_a_file_of_lines_becomes_its_events_also_without_a_last_newline(
    tmp_path: Path, downstream: Downstream
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'{"a":1}\n{"a":2}')
    onramp = FileOnramp(FileOnramp.Options(path=path))
    with OnrampRunner(onramp, downstream.intake_of(onramp)) as runner:
        runner.wait_for_end()
    assert downstream.events == {"out": [{"a": 1}, {"a": 2}], "err": []}
