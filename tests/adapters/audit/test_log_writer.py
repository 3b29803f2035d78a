"""PutLogEvents over HTTP: an answer of 200 is not enough."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from chalicelib.audit.aws.log_writer import CloudWatchAuditLog
from chalicelib.audit.domain.hash_chain import GENESIS, Link, chain
from chalicelib.audit.services.deliver import AuditDelivery, RowChange
from chalicelib.core.domain.errors import AuditUnavailable
from tests.adapters.audit.desk import event_text
from tests.fakes.audit import FakeDeadLetters, FakeLedger
from tests.fakes.core import NOW, Clock
from tests.serving import serving
from tests.wording import naming

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Answer = tuple[int, dict[str, Any]]
REJECTIONS = [
    {"tooOldLogEventEndIndex": 1},
    {"tooNewLogEventStartIndex": 0},
    {"expiredLogEventEndIndex": 2},
]


@contextmanager
def cloudwatch(answer: Callable[[str, dict[str, Any]], Answer]) -> Iterator[CloudWatchAuditLog]:
    """A log group behind real HTTP whose answers the test decides."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, document = answer(self.headers["x-amz-target"].split(".")[-1], asked)
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/x-amz-json-1.1")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Stay quiet."""

    with serving(HTTPServer(("127.0.0.1", 0), Handler)) as server:
        session = botocore.session.get_session()
        session.set_credentials("testing", "testing")
        endpoint = f"http://127.0.0.1:{server.server_port}"
        client: Any = session.create_client("logs", "us-east-1", endpoint_url=endpoint)
        try:
            yield CloudWatchAuditLog(client, "/audit")
        finally:
            client.close()


def links(count: int = 2) -> tuple[Link, ...]:
    return chain([json.loads(event_text(number)) for number in range(count)], GENESIS, NOW)


@pytest.mark.parametrize("rejected", REJECTIONS)
def test_200_with_rejected_events_is_a_failure(rejected: dict[str, int]) -> None:
    with (
        cloudwatch(lambda _operation, _asked: (200, {"rejectedLogEventsInfo": rejected})) as log,
        pytest.raises(AuditUnavailable, match=naming(*rejected)),
    ):
        log.put(links())


def test_rejected_events_come_again_until_they_are_taken() -> None:
    answers: list[Answer] = [(200, {"rejectedLogEventsInfo": REJECTIONS[0]}), (200, {"nextSequenceToken": "1"})]
    with cloudwatch(lambda _operation, _asked: answers.pop(0)) as log:
        service = AuditDelivery(
            ledger=FakeLedger(),
            log=log,
            dead_letters=FakeDeadLetters(),
            clock=Clock(),
            pause=lambda _attempt: None,
        )
        assert service.take([RowChange("1", event_text(1))]).resume_at == "1"
        assert service.take([RowChange("1", event_text(1))]).resume_at is None
    assert answers == []


def test_an_answer_without_rejections_is_a_success_and_holds_the_lines_in_order() -> None:
    seen: list[dict[str, Any]] = []

    def answer(_operation: str, asked: dict[str, Any]) -> Answer:
        seen.append(asked)
        return 200, {"nextSequenceToken": "1"}

    with cloudwatch(answer) as log:
        log.put(links(3))
    assert [json.loads(event["message"])["seq"] for event in seen[0]["logEvents"]] == [1, 2, 3]
    times = [event["timestamp"] for event in seen[0]["logEvents"]]
    assert times == [times[0], times[0] + 1, times[0] + 2]
    assert seen[0]["logStreamName"] == "2026-11-23"


def test_an_error_is_a_failure_that_names_awss_code_only() -> None:
    refused = (
        400,
        {"__type": "AccessDeniedException", "message": "User: arn:aws:sts::1:assumed-role/x is not allowed"},
    )
    with (
        cloudwatch(lambda _operation, _asked: refused) as log,
        pytest.raises(AuditUnavailable, match="AccessDeniedException") as failure,
    ):
        log.put(links())
    assert "arn:" not in failure.value.detail


def test_lines_on_both_sides_of_midnight_go_to_two_streams_and_a_missing_stream_is_made() -> None:
    late = chain(
        [json.loads(event_text(number)) for number in range(2)],
        GENESIS,
        NOW.replace(hour=23, minute=59, second=59, microsecond=999000),
    )
    made: list[str] = []
    put: list[str] = []

    def answer(operation: str, asked: dict[str, Any]) -> Answer:
        day = asked["logStreamName"]
        if operation == "CreateLogStream":
            made.append(day)
            return (200, {}) if day == "2026-11-23" else (400, {"__type": "ResourceAlreadyExistsException"})
        put.append(day)
        missing = put.count(day) == 1
        return (400, {"__type": "ResourceNotFoundException"}) if missing else (200, {})

    with cloudwatch(answer) as log:
        log.put(late)
    assert made == ["2026-11-23", "2026-11-24"]
    assert put == ["2026-11-23", "2026-11-23", "2026-11-24", "2026-11-24"]
