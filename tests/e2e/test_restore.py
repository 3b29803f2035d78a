"""The restore drill on the embedded AWS, between two stages that have tables and a log and no functions."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.audit.aws.ledger import TableLedger
from chalicelib.audit.aws.log_writer import CloudWatchAuditLog
from chalicelib.audit.domain.hash_chain import chain, read
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.events import AuditEvent, Origin, to_json
from chalicelib.core.domain.ids import new_id
from lambda_package.restoring import log
from lambda_package.restoring.drill import Restore, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localaws.broker import Broker

RESOURCES = json.loads(Path(".chalice/resources.json").read_text())["Resources"]
WHO = Caller("user", "admin", "arn:aws:iam::000000000000:user/admin", "000000000000", "AIDA1")
FROM, TO = (
    Stage(name, name, f"{name}-ledger", f"/{name}/audit")
    for name in ("access-broker-restore-from", "access-broker-restore-to")
)
DESCRIBED = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
EVENTS, ROWS = 5, 60


def ids(at: datetime) -> str:
    return new_id(at, secrets.token_bytes(10))


@pytest.fixture
def client(broker: Broker) -> Iterator[Callable[[Any], Any]]:
    """The administrator's clients; both stages are there, empty, and gone afterwards."""
    session: Any = broker.session_for("admin")
    dynamodb, logs = session.client("dynamodb"), session.client("logs")
    for stage in (FROM, TO):
        for resource, name in (("Table", stage.table), ("Ledger", stage.ledger)):
            properties = RESOURCES[resource]["Properties"]
            given = {key: properties[key] for key in DESCRIBED if key in properties}
            dynamodb.create_table(TableName=name, **given)
        logs.create_log_group(logGroupName=stage.log_group)
    yield session.client
    for stage in (FROM, TO):
        dynamodb.delete_table(TableName=stage.table)
        dynamodb.delete_table(TableName=stage.ledger)
        logs.delete_log_group(logGroupName=stage.log_group)


def test_the_drill_restores_anchors_and_verifies(client: Callable[[Any], Any]) -> None:
    at = datetime.now(UTC) - timedelta(hours=1)
    ledger = TableLedger(client("dynamodb"), FROM.ledger)
    made = [read(to_json(AuditEvent(ids(at), "issue", at, Origin(WHO), role="ec2-full"))) for _ in range(EVENTS)]
    links = chain(made, ledger.head(), at)
    ledger.append(ledger.head(), links)
    CloudWatchAuditLog(client("logs"), FROM.log_group).put(links)
    ledger.mark_delivered(links)
    for number in range(ROWS):
        row = {"pk": {"S": f"SESSION#{number}"}, "sk": {"S": "SESSION"}, "event": {"S": "{}"}}
        client("dynamodb").put_item(TableName=FROM.table, Item=row)

    told: list[str] = []
    restore = Restore(
        client=client, source=FROM, target=TO, who=WHO, clock=lambda: datetime.now(UTC), new_id=ids, say=told.append
    )
    done = restore.run(None)

    assert (done.lines, done.ledger_ended, done.anchored_at) == (EVENTS, EVENTS, EVENTS + 1)
    assert client("dynamodb").scan(TableName=TO.table, Select="COUNT")["Count"] == ROWS
    lines = log.read(client("logs"), TO.log_group)
    log.verify(lines)
    assert json.loads(lines[-1].line)["type"] == "reanchor"
    assert not [name for name in client("dynamodb").list_tables()["TableNames"] if "-restored-" in name]
    print("\n" + "\n".join([*told, str(done)]))  # noqa: T201
