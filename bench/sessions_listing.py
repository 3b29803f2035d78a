"""Listing one caller's last 20 sessions with 1,000 and with 100,000 rows in the table.

Two tables on one embedded DynamoDB, over HTTP, read by the product's own
adapter. Calls alternate between the tables, so that what disturbs the machine
disturbs both alike. Run as `python -m bench.sessions_listing`.
"""

from __future__ import annotations

import json
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session

from bench.noise import figure, ratio
from chalicelib.core.aws import rows
from chalicelib.core.aws.clients import ISSUING
from chalicelib.core.domain.ids import new_id
from chalicelib.core.domain.sessions import Session, SessionFilter
from chalicelib.sessions.aws.session_log import session_to_row
from chalicelib.sessions.aws.table import TableSessions
from localaws import emulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.noise import Figure

SMALL, LARGE = 1_000, 100_000
CALLERS_OWN = 100
"""Rows of the caller whose sessions are listed; other callers have the rest."""

SHOWN = 20
ROUNDS, CALLS = 11, 30
"""A round is so many calls in turns; its median is one measure."""

BATCH = 25
REGION = "us-east-1"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RESOURCES = Path(__file__).resolve().parent.parent / ".chalice" / "resources.json"


def measure() -> dict[str, Figure]:
    """The ratio of the medians and the medians themselves, for bench/results.json."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        embedded = emulator.start(emulator.free_port(), place / "aws", place / "aws.log", ends_with_us=True)
        try:
            return _measure(_client(embedded.endpoint_url))
        finally:
            emulator.end(embedded)


def _measure(dynamodb: Any) -> dict[str, Figure]:
    tables = {size: _filled(dynamodb, size) for size in (SMALL, LARGE)}
    rounds = [_round(tables) for _ in range(ROUNDS)]
    small, large = ([medians[size] for medians in rounds] for size in (SMALL, LARGE))
    return {
        "sessions_100000_over_1000": ratio(large, small),
        "sessions_listing_1000_ms": figure(small),
        "sessions_listing_100000_ms": figure(large),
    }


def _round(tables: dict[int, TableSessions]) -> dict[int, float]:
    """The median of some calls for each table, in turns."""
    times: dict[int, list[float]] = {size: [] for size in tables}
    for _ in range(CALLS):
        for size, table in tables.items():
            times[size].append(_timed(table))
    return {size: figure(taken).value for size, taken in times.items()}


def _timed(table: TableSessions) -> float:
    began = time.perf_counter()
    page = table.page(SessionFilter(caller="alice"), NOW, SHOWN, None, lambda _session: True)
    elapsed = time.perf_counter() - began
    if len(page.items) != SHOWN:
        raise RuntimeError(f"expected {SHOWN} sessions, found {len(page.items)}")
    return 1000 * elapsed


def _filled(dynamodb: Any, size: int) -> TableSessions:
    name = f"sessions-{size}"
    properties = json.loads(RESOURCES.read_text())["Resources"]["Table"]["Properties"]
    wanted = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
    dynamodb.create_table(TableName=name, **{key: properties[key] for key in wanted})
    batch: list[dict[str, Any]] = []
    for session in _sessions(size):
        batch.append({"PutRequest": {"Item": rows.to_item(session_to_row(session))}})
        if len(batch) == BATCH:
            dynamodb.batch_write_item(RequestItems={name: batch})
            batch = []
    return TableSessions(dynamodb, name)


def _sessions(size: int) -> Iterator[Session]:
    """Alice's sessions spread evenly among those of all callers."""
    for number in range(size):
        mine = number % (size // CALLERS_OWN) == 0
        yield _session(number, "alice" if mine else f"person-{number % 977}", NOW - timedelta(seconds=10 * number))


def _session(number: int, caller: str, issued_at: datetime) -> Session:
    session_id = new_id(issued_at, number.to_bytes(10, "big"))
    return Session(
        id=session_id,
        caller=caller,
        caller_id=f"AIDA{caller}",
        caller_arn=f"arn:aws:iam::123456789012:user/{caller}",
        role=f"role-{number % 50}",
        role_arn=f"arn:aws:iam::123456789012:role/access-broker/role-{number % 50}",
        session_name=f"{caller}-{session_id}",
        source_identity=caller,
        issued_at=issued_at,
        expires_at=issued_at + timedelta(hours=1),
    )


def _client(endpoint_url: str) -> Any:
    session = botocore.session.get_session()
    session.set_credentials("test", "test")
    return session.create_client("dynamodb", REGION, endpoint_url=endpoint_url, config=ISSUING)


if __name__ == "__main__":
    print(json.dumps({name: one.value for name, one in measure().items()}, indent=2))
