"""The audit function from stream record to log line, on moto."""

import json
import random
from pathlib import Path

import boto3
import jsonschema
import pytest

from chalicelib.audit.handlers.function import changes
from chalicelib.core.config import ConfigurationError
from chalicelib.core.domain.events import TYPES
from tests.adapters.audit.desk import GROUP, AuditDesk, desk, event_text, record
from tests.adapters.conftest import REGION

__all__ = ["desk"]

SCHEMA = json.loads(Path("docs/audit-event.schema.json").read_text())


def metrics(printed: str) -> dict[str, float]:
    """What the embedded metric format says: sums by name."""
    found: dict[str, float] = {}
    for document in (json.loads(line) for line in printed.splitlines() if '"_aws"' in line):
        for metric in document["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
            found[metric["Name"]] = found.get(metric["Name"], 0) + sum(document[metric["Name"]])
    return found


def test_what_the_api_did_is_in_the_log_by_way_of_the_tables_own_stream(desk, call, alice) -> None:
    boto3.resource("dynamodb", REGION).Table("broker").put_item(
        Item={
            "pk": "ROLE",
            "sk": "ec2-full",
            "arn": "arn:aws:iam::123456789012:role/access-broker/ec2-full",
            "tags": {"access-broker:audience": "engineers"},
        }
    )
    session = call("POST", "/v1/credentials", alice, {"role": "ec2-full", "reason": "look"})[1]["session"]
    call("POST", "/v1/credentials", alice, {"role": "nothing"})
    assert desk.deliver(desk.stream()) == {"batchItemFailures": []}
    issued, refused = desk.lines()
    assert (issued["type"], issued["id"], issued["session"], issued["reason"]) == (
        "issue",
        session["id"],
        session["id"],
        "look",
    )
    assert (refused["type"], refused["detail"]["code"]) == ("refuse", "not_found")
    for line in (issued, refused):
        jsonschema.validate(line, SCHEMA)


def test_twice_out_of_order_and_with_poison_every_good_event_is_once_in_the_log(
    desk: AuditDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    records = [record(number, event_text(number)) for number in range(10)]
    records.insert(5, record(99, "{poison"))
    twice = [*records, *records]
    random.Random(7).shuffle(twice)  # noqa: S311  a fixed disorder
    for start in range(0, len(twice), 6):
        assert desk.deliver(twice[start : start + 6]) == {"batchItemFailures": []}
    assert sorted(line["id"] for line in desk.lines()) == sorted(json.loads(event_text(one))["id"] for one in range(10))
    assert {letter["text"] for letter in desk.dead_letters()} == {"{poison"}
    counted = metrics(capsys.readouterr().out)
    assert counted["AuditDeadLetters"] >= 1
    assert counted["Issues"] == 10


@pytest.mark.parametrize("detail", ['"' + "é" * 100_000 + '"', "[" * 20_000 + "]" * 20_000], ids=["long", "deep"])
def test_an_event_that_no_line_can_hold_does_not_stop_those_behind_it(desk: AuditDesk, detail: str) -> None:
    poison = event_text(2).replace('"detail":{}', f'"detail":{detail}')
    assert len(poison) < 400_000
    records = [record(1, event_text(1)), record(2, poison), record(3, event_text(3))]
    assert desk.deliver(records) == {"batchItemFailures": []}
    assert [line["id"] for line in desk.lines()] == [json.loads(event_text(one))["id"] for one in (1, 3)]
    [letter] = desk.dead_letters()
    assert (letter["sequence"], letter["text"][:200]) == ("2", poison[:200])


def test_refusals_are_counted_by_code(desk: AuditDesk, capsys: pytest.CaptureFixture[str]) -> None:
    event = {**json.loads(event_text(1, "refuse")), "detail": {"code": "reason_required", "why": "…"}}
    desk.deliver([record(1, json.dumps(event))])
    printed = capsys.readouterr().out
    assert '"code": "reason_required"' in printed or '"code":"reason_required"' in printed
    assert metrics(printed)["RefusalsByCode"] == 1


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_the_delay_is_that_of_events_written_as_they_happened(
    desk: AuditDesk, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    assert desk.deliver([record(1, event_text(1, kind))]) == {"batchItemFailures": []}
    told_later = kind in {"expire", "bypass", "unrecorded", "direct_use"}
    assert ("AuditDelay" in metrics(capsys.readouterr().out)) is not told_later


def test_when_the_log_group_is_gone_lambda_is_told_to_redeliver(desk: AuditDesk) -> None:
    desk.logs.delete_log_group(logGroupName=GROUP)
    records = [record(number, event_text(number)) for number in range(3)]
    assert desk.deliver(records) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    desk.logs.create_log_group(logGroupName=GROUP)
    assert desk.deliver(records) == {"batchItemFailures": []}
    assert [line["seq"] for line in desk.lines()] == [1, 2, 3]


def test_only_writes_that_made_an_event_count() -> None:
    one, other = event_text(1), event_text(2)
    unchanged = record(2, one, one, "MODIFY")
    expired = {"eventName": "REMOVE", "dynamodb": {"SequenceNumber": "4", "OldImage": {"event": {"S": one}}}}
    without = record(5, "")
    changed = record(3, other, one, "MODIFY")
    found = changes([record(1, one), unchanged, changed, expired, without])
    assert [change.sequence for change in found] == ["1", "3"]


def test_an_event_that_is_not_even_text_is_kept_for_a_person(desk: AuditDesk) -> None:
    number = {"eventName": "INSERT", "dynamodb": {"SequenceNumber": "1", "NewImage": {"event": {"N": "5"}}}}
    assert desk.deliver([number]) == {"batchItemFailures": []}
    assert desk.dead_letters()[0]["sequence"] == "1"


def test_when_the_schedule_calls_the_living_sessions_are_counted(
    desk: AuditDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    from chalicelib.audit.handlers.function import audit  # noqa: PLC0415  needs the environment of the fixture

    assert audit({"source": "aws.events"}, None) == {"expired": 0, "active": 0}
    assert metrics(capsys.readouterr().out)["ActiveSessions"] == 0
    assert desk.lines() == []


@pytest.mark.parametrize("variable", ["BROKER_LEDGER_TABLE", "BROKER_AUDIT_LOG_GROUP", "BROKER_DEAD_LETTER_QUEUE_URL"])
def test_a_function_without_one_of_its_settings_says_which(
    desk: AuditDesk, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.delenv(variable)
    with pytest.raises(ConfigurationError, match=variable):
        desk.deliver([record(1, event_text(1))])
