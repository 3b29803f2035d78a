"""The restore on moto, whose point-in-time restore copies the table as it is: the moment itself is AWS's to keep."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from chalicelib.audit.aws.ledger import TableLedger
from chalicelib.audit.aws.log_writer import CloudWatchAuditLog
from chalicelib.audit.domain.hash_chain import chain, read
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.events import AuditEvent, Origin, to_json
from chalicelib.core.domain.ids import new_id
from lambda_package.failures import PackagingFailed
from lambda_package.restoring import log
from lambda_package.restoring.__main__ import _paused as paused
from lambda_package.restoring.drill import Restore, Stage
from tests.adapters.conftest import REGION, RESOURCES, _create_table

if TYPE_CHECKING:
    from collections.abc import Callable

WHO = Caller("user", "root-admin", "arn:aws:iam::123456789012:user/root-admin", "123456789012", "AIDA1")
PROD = Stage("access-broker-prod", "broker", "ledger", "/prod/audit")
DRILL = Stage("access-broker-drill", "drill", "drill-ledger", "/drill/audit")
NOW = datetime.now(UTC).replace(microsecond=0)
LINES = 4


def ids(at: datetime, made: list[int] = [0]) -> str:  # noqa: B006  a counter
    made[0] += 1
    return new_id(at, made[0].to_bytes(10, "big"))


def events(count: int, at: datetime) -> list[dict[str, Any]]:
    return [read(to_json(AuditEvent(ids(at), "issue", at, Origin(WHO), role="ec2-full"))) for _ in range(count)]


def record(stage: Stage, made: list[dict[str, Any]], at: datetime) -> None:
    """Chain the events as the audit function does."""
    ledger = TableLedger(boto3.client("dynamodb", REGION), stage.ledger)
    head = ledger.head()
    links = chain(made, head, at)
    ledger.append(head, links)
    CloudWatchAuditLog(boto3.client("logs", REGION), stage.log_group).put(links)
    ledger.mark_delivered(links)


@pytest.fixture
def prod(account: None) -> Callable[..., Any]:
    """A stage with rows and a log, and a new empty one."""
    dynamodb, logs = boto3.client("dynamodb", REGION), boto3.client("logs", REGION)
    for resource, name in (("Table", DRILL.table), ("Ledger", DRILL.ledger)):
        _create_table(RESOURCES[resource]["Properties"], name)
    for name in (PROD.table, PROD.ledger):
        on: Any = {"PointInTimeRecoveryEnabled": True}
        dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=on)
    for stage in (PROD, DRILL):
        logs.create_log_group(logGroupName=stage.log_group)
    for number in range(30):
        row = {"pk": {"S": f"SESSION#{number}"}, "sk": {"S": "SESSION"}, "event": {"S": "{}"}}
        dynamodb.put_item(TableName=PROD.table, Item=row)
    record(PROD, events(LINES, NOW - timedelta(hours=2)), NOW - timedelta(hours=2))
    return boto3.client("dynamodb", REGION).scan


def restore() -> Restore:
    return Restore(
        client=lambda name: boto3.client(name, REGION),
        source=PROD,
        target=DRILL,
        who=WHO,
        clock=lambda: NOW,
        new_id=ids,
    )


def drilled() -> list[dict[str, Any]]:
    return [json.loads(link.line) for link in log.read(boto3.client("logs", REGION), DRILL.log_group)]


def test_rows_and_lines_are_in_the_new_stage_and_the_chain_goes_on_from_its_anchor(prod) -> None:
    done = restore().run(None)
    rows = prod(TableName=DRILL.table)["Items"]
    assert len([row for row in rows if "SESSION#" in row["pk"]["S"]]) == 30
    assert not [row for row in rows if "event" in row]
    assert (done.lines, done.too_old, done.anchored_at) == (LINES, 0, LINES + 1)
    *copied, anchor = drilled()
    assert [one["type"] for one in copied] == ["issue"] * LINES
    assert (anchor["type"], anchor["previous"]) == ("reanchor", copied[-1]["hash"])
    assert anchor["detail"] == {
        "from": "access-broker-prod",
        "ledger_ended": LINES,
        "log_ended": LINES,
        "restored_to": "latest",
    }
    assert anchor["caller"]["name"] == "root-admin"


def test_the_audit_function_goes_on_after_the_anchor(prod) -> None:
    restore().run(None)
    record(DRILL, events(1, NOW), NOW)
    lines = log.read(boto3.client("logs", REGION), DRILL.log_group)
    log.verify(lines)
    assert [link.seq for link in lines] == list(range(1, LINES + 3))


def test_what_the_log_has_beyond_the_backup_is_kept_and_told(prod) -> None:
    """The log outlives the table: the head moves to where the log ends, not to where the backup did."""
    dynamodb = boto3.client("dynamodb", REGION)
    head: Any = {"pk": {"S": "CHAIN"}, "sk": {"S": "HEAD"}}
    before = dynamodb.get_item(TableName=PROD.ledger, Key=head)["Item"]
    record(PROD, events(2, NOW - timedelta(hours=1)), NOW - timedelta(hours=1))
    dynamodb.put_item(TableName=PROD.ledger, Item=before)  # the backup is older than the log
    done = restore().run(NOW - timedelta(hours=2))
    assert (done.ledger_ended, done.anchored_at) == (LINES, LINES + 3)
    assert drilled()[-1]["detail"]["log_ended"] == LINES + 2


def test_lines_that_cloudwatch_takes_no_more_are_not_copied(prod) -> None:
    """PutLogEvents rejects events older than 14 days."""
    logs = boto3.client("logs", REGION)
    lines = log.read(logs, PROD.log_group)
    assert log.copy(logs, lines, DRILL.log_group, NOW + timedelta(days=14)) == []
    assert log.copy(logs, lines, DRILL.log_group, NOW + timedelta(days=13)) == lines


def test_foreign_lines_are_left_behind(prod) -> None:
    logs = boto3.client("logs", REGION)
    stamp = round((NOW - timedelta(hours=1)).timestamp() * 1000)
    logs.create_log_stream(logGroupName=PROD.log_group, logStreamName="foreign")
    given: Any = [{"timestamp": stamp, "message": "hello"}]
    logs.put_log_events(logGroupName=PROD.log_group, logStreamName="foreign", logEvents=given)
    assert restore().run(None).lines == LINES


def test_a_broken_chain_is_not_restored_and_the_new_stage_stays_empty(prod) -> None:
    logs = boto3.client("logs", REGION)
    kept = log.read(logs, PROD.log_group)
    logs.delete_log_group(logGroupName=PROD.log_group)
    logs.create_log_group(logGroupName=PROD.log_group)
    CloudWatchAuditLog(logs, PROD.log_group).put([kept[0], *kept[2:]])
    with pytest.raises(PackagingFailed, match="breaks after event 1"):
        restore().run(None)
    assert prod(TableName=DRILL.table)["Items"] == []


def test_a_stage_that_has_a_log_is_not_written_over(prod) -> None:
    record(DRILL, events(1, NOW), NOW)
    with pytest.raises(PackagingFailed, match="log of its own"):
        restore().run(None)


def test_functions_that_write_events_are_paused_and_get_back_what_they_had() -> None:
    told: list[tuple[str, str, Any]] = []

    def say(word: str) -> Callable[..., None]:
        return lambda **given: told.append((word, given["FunctionName"], given.get("ReservedConcurrentExecutions")))

    audit = {"ReservedConcurrentExecutions": 5}
    functions = SimpleNamespace(
        get_function_concurrency=lambda FunctionName: audit if FunctionName == "s-audit" else {},  # noqa: N803
        put_function_concurrency=say("put"),
        delete_function_concurrency=say("delete"),
    )
    with pytest.raises(PackagingFailed), paused(functions, "s"):
        raise PackagingFailed("no")
    assert told[:3] == [("put", f"s-{name}", 0) for name in ("audit", "cleanup", "expire")]
    assert told[3:] == [("put", "s-audit", 5), ("delete", "s-cleanup", None), ("delete", "s-expire", None)]
