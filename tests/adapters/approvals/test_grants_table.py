"""One contract for the stores of requests and grants: the fake and the table on moto."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from chalicelib.approvals.aws.grants_table import TableGrants
from chalicelib.approvals.aws.requests_table import TableRequests
from chalicelib.approvals.domain.filings import FiledMeanwhile, Filings
from chalicelib.approvals.domain.grants import GrantEnded, ended, granted
from chalicelib.approvals.domain.requests import Decision, Request, answer_by, decided
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.errors import AuditUnavailable, Conflict
from chalicelib.core.domain.events import AuditEvent, Origin
from chalicelib.core.domain.ids import new_id
from chalicelib.core.domain.sessions import Session
from chalicelib.sessions.aws.reviews_table import TableReviews
from chalicelib.sessions.aws.session_writer import TableBoundSessionLog
from tests.adapters.conftest import REGION
from tests.fakes.approvals import FakeGrants, FakeRequests
from tests.fakes.sessions import FakeSessions

if TYPE_CHECKING:
    from chalicelib.approvals.domain.grants import Grant

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ARN = "arn:aws:iam::123456789012:user/alice"
ALICE = Caller("user", "alice", ARN, "123456789012", "AIDAALICE")


@dataclass
class Stores:
    requests: Any
    grants: Any
    sessions: Any


@pytest.fixture(params=["fake", "table"])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "fake":
        grants = FakeGrants()
        return Stores(FakeRequests(grants), grants, FakeSessions(grants))
    request.getfixturevalue("account")
    client = boto3.client("dynamodb", REGION)
    log = TableBoundSessionLog(client, "broker", lambda _attempt: None)
    return Stores(TableRequests(client, "broker"), TableGrants(client, "broker"), log)


def event(number: int, kind: str = "request") -> AuditEvent:
    return AuditEvent(new_id(NOW, number.to_bytes(10, "big")), kind, NOW, Origin(ALICE))


def filed(stores: Stores, number: int = 1, once: str = "") -> Request:
    request = Request(
        id=new_id(NOW, number.to_bytes(10, "big")),
        caller="alice",
        caller_id="AIDAALICE",
        caller_arn=ARN,
        role="prod",
        duration_seconds=7200,
        approvals=1,
        policy="one-agrees",
        filed_at=NOW,
        answer_by=answer_by(NOW, None, timedelta(hours=2)),
        reason="deploy",
    )
    stored: Request = stores.requests.file([(request, event(number))], once, counted(stores, request))
    return stored


def counted(stores: Stores, request: Request) -> Filings:
    read: Filings = stores.requests.filings("AIDAALICE")
    return read.adding([request.id], read.ids, NOW)


def approved(stores: Stores, number: int = 1) -> Grant:
    request = decided(filed(stores, number), Decision("approve", "bob", "AIDABOB", NOW, "go"))
    stores.requests.save(request, event(100 + number, "decide"), granted(request))
    return granted(request)


def session(grant: Grant | None, number: int = 1) -> Session:
    return Session(
        id=new_id(NOW, (1000 + number).to_bytes(10, "big")),
        caller="alice",
        caller_id="AIDAALICE",
        caller_arn=ARN,
        role="prod",
        role_arn="arn:aws:iam::123456789012:role/access-broker/prod",
        session_name="alice-1",
        source_identity="alice",
        issued_at=NOW,
        expires_at=NOW + timedelta(hours=1),
        grant=grant.id if grant else "",
    )


def test_what_was_filed_comes_back_as_it_was(stores: Stores) -> None:
    request = filed(stores)
    assert stores.requests.get(request.id) == request
    assert [one.id for one in stores.requests.pending()] == [request.id]
    assert stores.requests.get("0" * 26) is None


def test_two_requests_cannot_be_filed_on_one_reading_of_the_count(stores: Stores) -> None:
    first = filed(stores)
    second = replace(first, id=new_id(NOW, (2).to_bytes(10, "big")))
    stale = Filings("AIDAALICE").adding([second.id], (), NOW)
    with pytest.raises(FiledMeanwhile):
        stores.requests.file([(second, event(2))], "", stale)
    assert stores.requests.get(second.id) is None
    assert stores.requests.filings("AIDAALICE") == Filings("AIDAALICE", (first.id,), 1)
    stores.requests.file([(second, event(2))], "", counted(stores, second))
    assert stores.requests.filings("AIDAALICE") == Filings("AIDAALICE", (first.id, second.id), 2)


def test_of_two_next_versions_one_is_written(stores: Stores) -> None:
    request = filed(stores)
    yes = decided(request, Decision("approve", "bob", "AIDABOB", NOW))
    no = decided(request, Decision("deny", "eve", "AIDAEVE", NOW))
    stores.requests.save(no, event(2, "decide"))
    with pytest.raises(Conflict):
        stores.requests.save(yes, event(3, "decide"), granted(yes))
    assert stores.requests.get(request.id) == no
    assert stores.grants.held("AIDAALICE", "prod", NOW) == []


def test_a_key_of_filing_answers_what_was_filed_first(stores: Stores) -> None:
    first = filed(stores, 1, "key")
    assert filed(stores, 2, "key") == first


def test_a_grant_is_there_in_the_moment_of_the_approval(stores: Stores) -> None:
    grant = approved(stores)
    assert stores.grants.held("AIDAALICE", "prod", NOW) == [grant]
    assert stores.grants.held("AIDANEW", "prod", NOW) == []
    assert stores.grants.held("AIDAALICE", "other", NOW) == []
    assert [one.id for one in stores.grants.recent("alice", NOW)] == [grant.id]
    assert [one.id for one in stores.grants.open()] == [grant.id]


def test_a_grant_ends_once(stores: Stores) -> None:
    grant = approved(stores)
    stores.grants.end(ended(grant, "alice", NOW), event(4, "end"))
    with pytest.raises(Conflict):
        stores.grants.end(ended(grant, "heidi", NOW), event(5, "end"))
    [over] = stores.grants.held("AIDAALICE", "prod", NOW)
    assert (over.ended_by, over.covers(NOW)) == ("alice", False)
    assert list(stores.grants.open()) == []


def test_a_grant_takes_note_of_its_sessions_until_it_ends(stores: Stores) -> None:
    grant = approved(stores)
    for number in (1, 2):
        stores.sessions.record(session(grant, number), event(10 + number, "issue"))
    [noted] = stores.grants.held("AIDAALICE", "prod", NOW)
    assert noted.sessions == {session(grant, 1).id, session(grant, 2).id}
    stores.grants.end(ended(grant, "alice", NOW), event(6, "end"))
    with pytest.raises(GrantEnded):
        stores.sessions.record(session(grant, 3), event(13, "issue"))


def test_a_session_under_no_grant_of_the_caller_is_not_written(stores: Stores) -> None:
    grant = approved(stores)
    foreign = replace(session(grant), caller_id="AIDANEW")
    with pytest.raises(GrantEnded):
        stores.sessions.record(foreign, event(20, "issue"))


def test_a_broken_glass_session_that_never_came_to_be_closes_its_review_in_the_same_write(account: None) -> None:
    client, written = boto3.client("dynamodb", REGION), []
    log = TableBoundSessionLog(client, "broker", lambda _attempt: None)
    never = replace(session(None), break_glass=True)
    log.record(never, event(30, "issue"))
    assert list(TableReviews(client, "broker").waiting()) == [never.id]
    client.meta.events.register("before-call.dynamodb", lambda model, **_: written.append(model.name))
    log.mark_failed(never, event(31, "issue_failed"))
    assert written == ["TransactWriteItems"]
    assert list(TableReviews(client, "broker").waiting()) == []
    [row] = [one for one in client.scan(TableName="broker")["Items"] if one["sk"]["S"] == "SESSION"]
    assert row["failed"] == {"BOOL": True}


def test_filing_with_a_key_that_dynamodb_throttles_is_no_conflict() -> None:
    stores = Stores(TableRequests(Throttling(), "broker"), None, None)  # type: ignore[arg-type]
    with pytest.raises(AuditUnavailable, match="ThrottlingError"):
        filed(stores, 1, "key")


class Throttling:
    """DynamoDB's client of a table that is asked too much."""

    def get_item(self, **_: Any) -> dict[str, Any]:
        return {}

    def transact_write_items(self, **_: Any) -> None:
        answer: Any = {
            "Error": {"Code": "TransactionCanceledException"},
            "CancellationReasons": [{"Code": "None"}, {"Code": "ThrottlingError"}],
        }
        raise ClientError(answer, "TransactWriteItems")
