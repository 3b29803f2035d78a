"""The doors of sessions, revocation and audit on moto: forms of answers, and what is refused at the door."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.access.aws.catalogue import role_to_row
from chalicelib.core.aws import rows
from chalicelib.core.aws.clients import client
from chalicelib.core.domain.callers import Caller
from chalicelib.core.domain.sealed_text import sealed
from chalicelib.core.wiring import cursor_key
from chalicelib.sessions.aws import table
from chalicelib.sessions.aws.session_log import session_to_row
from tests.adapters.audit.desk import AuditDesk, desk, event_text, record
from tests.adapters.conftest import ACCOUNT, make_user
from tests.fakes.core import EC2
from tests.fakes.sessions import session

if TYPE_CHECKING:
    from chalicelib.core.domain.sessions import Session

__all__ = ["desk"]

NOW = datetime.now(UTC)


def made_up(text: bytes) -> str:
    """A cursor that the list did not give out."""
    return base64.urlsafe_b64encode(text).decode()


def seal(cursor: str, who: dict[str, str], path: str = "/v1/sessions") -> str:
    """A cursor as this list would give it to this caller."""
    return sealed(cursor, cursor_key(), f"{path} [] {who['userArn']} {who['user']}")


@pytest.fixture
def axel(account: None) -> dict[str, str]:
    """An auditor."""
    return make_user("axel", "auditors")


@pytest.fixture
def alices(alice: dict[str, str]) -> Session:
    """A session of alice, in the table as its role is."""
    client("dynamodb").put_item(TableName="broker", Item=rows.to_item(role_to_row(EC2)))
    who = Caller("user", "alice", alice["userArn"], ACCOUNT, alice["user"])
    made = session(1, who, issued_at=NOW - timedelta(minutes=10), reason="look")
    client("dynamodb").put_item(TableName="broker", Item=rows.to_item(session_to_row(made)))
    return made


def test_a_session_is_shown_with_what_remains_of_it(call, alice, alices) -> None:
    status, document, headers = call("GET", f"/v1/sessions/{alices.id}", alice)
    assert status == 200
    assert headers["Cache-Control"] == "no-store"
    assert (document["id"], document["state"], document["caller"], document["reason"]) == (
        alices.id,
        "active",
        "alice",
        "look",
    )
    left = (alices.expires_at - datetime.now(UTC)).total_seconds()
    assert left <= document["remaining_seconds"] + 1 <= left + 30
    assert document["revoked_at"] is None


def test_lists_page_with_the_last_id_as_cursor(call, alice, axel, alices) -> None:
    status, document, _ = call("GET", "/v1/sessions", axel, query={"limit": "1", "state": "active"})
    cursor = document["next_cursor"]
    assert (status, [one["id"] for one in document["sessions"]], cursor) == (200, [alices.id], seal(alices.id, axel))
    following = call("GET", "/v1/sessions", axel, query={"limit": "1", "state": "active", "cursor": cursor})[1]
    assert following == {"sessions": [], "next_cursor": None}
    assert call("GET", "/v1/sessions", alice)[1]["sessions"][0]["id"] == alices.id


def test_times_and_cursors_at_the_ends_of_the_calendar_are_only_bounds(call, axel, alices) -> None:
    for query in (
        {"cursor": seal("7" + "z" * 25, axel)},
        {"since": "0001-01-01T00:00:00Z", "until": "9999-12-31T23:59:59Z"},
        {"until": "9999-12-31T23:59:59Z", "cursor": seal("7" + "z" * 25, axel)},
    ):
        status, document, _ = call("GET", "/v1/sessions", axel, query=query)
        assert (status, [one["id"] for one in document["sessions"]]) == (200, [alices.id])
    for empty in (
        {"until": "0001-01-01T00:00:00Z"},
        {"cursor": seal("0" * 26, axel)},
        {"since": "9999-12-31T23:59:59Z"},
    ):
        assert call("GET", "/v1/sessions", axel, query=empty)[1] == {"sessions": [], "next_cursor": None}


def test_a_role_one_may_not_read_is_listed_as_one_that_is_not_there(call, alice, axel, alices, monkeypatch) -> None:
    monkeypatch.setattr(table, "READ_AT_MOST", 1)
    carol = make_user("carol")
    for name in (alices.role, "absent"):
        for query in ({"role": name}, {"role": name, "caller": "alice"}):
            status, document, _ = call("GET", "/v1/sessions", carol, query=query)
            assert (status, document) == (200, {"sessions": [], "next_cursor": None})
    for who in (alice, axel):
        _, document, _ = call("GET", "/v1/sessions", who, query={"role": alices.role})
        assert [one["id"] for one in document["sessions"]] == [alices.id]


def test_living_sessions_are_counted(call, axel, alices) -> None:
    assert call("GET", "/v1/sessions/active", axel)[1] == {"active": 1}
    assert call("GET", "/v1/sessions/active", axel, query={"role": "other"})[1] == {"active": 0}


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("/v1/sessions", {"state": "sleeping"}, "state"),
        ("/v1/sessions", {"since": "yesterday"}, "since"),
        ("/v1/sessions", {"until": "2026-11-23T12:00:00"}, "until"),
        ("/v1/sessions", {"since": "0001-01-01T00:00:00+14:00"}, "since"),
        ("/v1/sessions", {"until": "9999-12-31T23:59:59-14:00"}, "until"),
        ("/v1/sessions", {"caller": "a'b"}, "caller"),
        ("/v1/sessions", {"cursor": "x"}, "cursor"),
        ("/v1/sessions", {"limit": "101"}, "limit"),
        ("/v1/sessions", {"review": "done"}, "review"),
        ("/v1/sessions", {"review": "open", "role": "prod"}, "role"),
        ("/v1/sessions", {"colour": "red"}, "colour"),
        ("/v1/sessions/active", {"state": "active"}, "state"),
        ("/v1/audit", {"type": "rumour"}, "type"),
        ("/v1/audit", {"session": "x"}, "session"),
        ("/v1/audit", {"caller": 'x" || true'}, "caller"),
        ("/v1/audit", {"cursor": "x"}, "cursor"),
        ("/v1/audit", {"cursor": made_up(b"[" * 3000)}, "cursor"),
        ("/v1/audit", {"cursor": made_up(b"[" * 5000)}, "cursor"),
        ("/v1/audit", {"cursor": made_up(b"[1000000000000000000000000, null]")}, "cursor"),
        ("/v1/audit", {"cursor": made_up(b"[-1, null]")}, "cursor"),
    ],
)
@pytest.mark.usefixtures("desk")
def test_a_query_that_does_not_fit_is_refused_by_field(call, axel, path: str, query, field: str) -> None:
    status, document, _ = call("GET", path, axel, query=query)
    assert (status, document["code"], list(document["fields"])) == (400, "invalid_request", [field])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reason": "x"},
        {"session": "0" * 26, "caller": "alice"},
        {"role": "a", "caller": "b"},
        {"session": "short"},
        {"role": "a b"},
        {"caller": "a", "reason": "x" * 1001},
        {"everybody": True},
    ],
)
def test_a_revocation_that_does_not_fit_is_refused(call, axel, monkeypatch, body: dict[str, str]) -> None:
    monkeypatch.setenv("BROKER_PROVISION_FUNCTION", "provision")
    status, document, _ = call("POST", "/v1/revocations", axel, body)
    assert (status, document["code"]) == (400, "invalid_request")


def test_who_may_not_revoke_is_refused_and_it_is_on_record(call, axel, alices, rows, monkeypatch) -> None:
    monkeypatch.setenv("BROKER_PROVISION_FUNCTION", "provision")
    for method, path, body in (
        ("DELETE", f"/v1/sessions/{alices.id}", None),
        ("POST", "/v1/revocations", {"session": alices.id}),
        ("POST", "/v1/revocations", {"caller": "alice"}),
    ):
        status, document, _ = call(method, path, axel, body)
        assert (status, document["code"]) == (403, "not_allowed")
    assert len(rows("EVENT#")) == 3


def test_a_revocation_of_nothing_is_not_found(call, axel, monkeypatch) -> None:
    monkeypatch.setenv("BROKER_PROVISION_FUNCTION", "provision")
    assert call("DELETE", f"/v1/sessions/{'0' * 26}", axel, query={"reason": "x"})[0] == 404
    assert call("DELETE", "/v1/sessions/x", axel, query={"reason": "x" * 1001})[0] == 400


def test_the_audit_log_is_read_with_its_chain(call, desk: AuditDesk, axel) -> None:
    desk.deliver([record(number, event_text(number)) for number in range(3)])
    status, document, _ = call("GET", "/v1/audit", axel, query={"limit": "2", "since": "2020-01-01T00:00:00Z"})
    assert (status, [line["seq"] for line in document["events"]]) == (200, [1, 2])
    more = call("GET", "/v1/audit", axel, query={"since": "2020-01-01T00:00:00Z", "cursor": document["next_cursor"]})[1]
    assert ([line["seq"] for line in more["events"]], more["next_cursor"]) == ([3], None)
    head = call("GET", "/v1/audit/head", axel)[1]
    assert (head["seq"], head["hash"], head["retention_days"]) == (3, more["events"][0]["hash"], 400)


@pytest.mark.usefixtures("desk")
def test_the_audit_log_is_not_for_everybody(call, alice, rows) -> None:
    assert call("GET", "/v1/audit", alice)[0] == 403
    assert call("GET", "/v1/audit/head", alice)[0] == 403
    assert len(rows("EVENT#")) == 2


def cursor_of(call, who: dict[str, str], path: str = "/v1/sessions") -> str:
    cursor: str = call("GET", path, who, query={"limit": "1"})[1]["next_cursor"]
    return cursor


def refused_cursor(call, who: dict[str, str], cursor: str, path: str = "/v1/sessions") -> bool:
    status, document, _ = call("GET", path, who, query={"cursor": cursor})
    return (status, list(document.get("fields", ()))) == (400, ["cursor"])


def test_a_cursor_shows_nothing_of_the_session_in_it(call, axel, alices) -> None:
    raw = base64.urlsafe_b64decode(cursor_of(call, axel))
    assert alices.id.encode() not in raw
    assert alices.id not in cursor_of(call, axel)


def test_a_cursor_opens_only_for_its_caller_and_its_list(call, alice, axel, alices) -> None:
    cursor = cursor_of(call, axel)
    assert refused_cursor(call, alice, cursor)
    assert refused_cursor(call, axel, cursor, "/v1/requests")
    assert not refused_cursor(call, axel, cursor)


def test_a_cursor_of_a_deleted_namesake_is_refused(call, axel, alices) -> None:
    assert not refused_cursor(call, axel, seal(alices.id, axel))
    assert refused_cursor(call, axel, seal(alices.id, {**axel, "user": "AIDAAXELBEFORE"}))


def test_no_changed_or_made_up_cursor_is_taken(call, axel, alices) -> None:
    raw = base64.urlsafe_b64decode(cursor_of(call, axel))
    for place in range(0, len(raw), 3):
        changed = bytes([*raw[:place], raw[place] ^ 1, *raw[place + 1 :]])
        assert refused_cursor(call, axel, made_up(changed))
    for forged in (
        alices.id,
        made_up(alices.id.encode()),
        made_up(b"\0" * 16),
        made_up(b"\0" * 42),
        "A" * 9000,
        "\N{SNOWMAN}",
    ):
        assert refused_cursor(call, axel, forged)


def test_every_container_seals_with_the_same_key(call, axel, alices) -> None:
    cursor = cursor_of(call, axel)
    cursor_key.cache_clear()
    assert not refused_cursor(call, axel, cursor)
